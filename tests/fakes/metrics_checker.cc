#include "tests/fakes/metrics_checker.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

namespace fakes {
namespace {

bool is_name_char(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         (!first && c >= '0' && c <= '9');
}

class Reader {
 public:
  Reader(std::string_view page, bool openmetrics) : page_(page), openmetrics_(openmetrics) {}

  MetricsPage read() {
    bool ended = false;
    while (at_ < page_.size()) {
      const auto end = page_.find('\n', at_);
      if (end == std::string_view::npos) {
        problem("the last line has no line feed");
        break;
      }
      line_ = page_.substr(at_, end - at_);
      at_ = end + 1;
      ++number_;
      if (ended) problem("text after # EOF");
      if (line_ == "# EOF") {
        ended = true;
      } else {
        read_line();
      }
    }
    if (openmetrics_ && !ended) problem("# EOF is missing");
    if (!openmetrics_ && ended) problem("# EOF has no place in this format");
    check_histograms();
    return std::move(result_);
  }

 private:
  void problem(std::string_view what) {
    result_.problems.push_back(fmt::format("line {}: {}: {}", number_, what, line_));
  }

  void read_line() {
    if (line_.empty()) return problem("an empty line");
    if (line_.find('\r') != std::string_view::npos) return problem("a carriage return");
    if (line_.starts_with("# ")) return read_head();
    read_sample();
  }

  void read_head() {
    const std::string_view rest = line_.substr(2);
    const auto blank = rest.find(' ');
    const auto second = blank == std::string_view::npos ? blank : rest.find(' ', blank + 1);
    if (second == std::string_view::npos) return problem("a head line without a value");
    const std::string_view keyword = rest.substr(0, blank);
    const std::string name(rest.substr(blank + 1, second - blank - 1));
    const std::string value(rest.substr(second + 1));
    if (name != family_) {
      if (!seen_.insert(name).second) problem("the family comes in two pieces");
      family_ = name;
      has_sample_ = false;
    } else if (has_sample_) {
      problem("a head line after samples of its family");
    }
    if (!heads_.insert(fmt::format("{} {}", keyword, name)).second) problem("a second head line");
    if (keyword == "TYPE") return read_type(name, value);
    if (keyword == "UNIT") return read_unit(name, value);
    if (keyword != "HELP") problem("an unknown keyword");
    if (value.empty()) problem("an empty help text");
  }

  void read_type(const std::string& name, const std::string& type) {
    static const std::set<std::string> kText = {"counter", "gauge", "histogram", "summary",
                                                "untyped"};
    static const std::set<std::string> kOpen = {"counter", "gauge", "histogram", "summary",
                                                "unknown", "info",  "stateset"};
    if (!(openmetrics_ ? kOpen : kText).contains(type)) problem("an unknown type");
    const bool total = name.ends_with("_total");
    if (total && (openmetrics_ || type != "counter")) problem("_total in a family's name");
    if (!openmetrics_ && !total && type == "counter") problem("a counter without _total");
    if (openmetrics_ && name.ends_with("_info")) problem("_info in a family's name");
    result_.types[name] = type;
  }

  void read_unit(const std::string& name, const std::string& unit) {
    if (!openmetrics_) problem("UNIT has no place in this format");
    if (!name.ends_with("_" + unit)) problem("the unit does not end the family's name");
    result_.units[name] = unit;
  }

  void read_sample() {
    MetricsPage::Sample sample;
    std::size_t at = 0;
    while (at < line_.size() && is_name_char(line_[at], at == 0)) ++at;
    sample.name = line_.substr(0, at);
    if (sample.name.empty()) return problem("no metric name");
    if (at < line_.size() && line_[at] == '{' && !read_labels(at, sample)) return;
    if (at >= line_.size() || line_[at] != ' ') return problem("no blank before the value");
    const std::string_view value = line_.substr(at + 1);
    if (!read_number(value, sample.value)) return problem("not a number");
    check_family(sample);
    check_duplicate(sample);
    has_sample_ = true;
    result_.samples.push_back(std::move(sample));
  }

  static bool read_number(std::string_view text, double& value) {
    if (text == "NaN") value = std::numeric_limits<double>::quiet_NaN();
    if (text == "+Inf") value = std::numeric_limits<double>::infinity();
    if (text == "-Inf") value = -std::numeric_limits<double>::infinity();
    if (text == "NaN" || text == "+Inf" || text == "-Inf") return true;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  }

  bool read_labels(std::size_t& at, MetricsPage::Sample& sample) {
    ++at;
    while (at < line_.size()) {
      const std::size_t begin = at;
      while (at < line_.size() && is_name_char(line_[at], at == begin)) ++at;
      const std::string name(line_.substr(begin, at - begin));
      if (name.empty() || line_.substr(at, 2) != "=\"") return problem("a bad label"), false;
      at += 2;
      auto value = read_value(at);
      if (!value) return problem("a label value without end"), false;
      if (!sample.labels.emplace(name, *value).second) problem("a label given twice");
      if (at < line_.size() && line_[at] == '}') return ++at, true;
      if (at >= line_.size() || line_[at] != ',') return problem("no comma after a label"), false;
      ++at;
    }
    return problem("labels without end"), false;
  }

  std::optional<std::string> read_value(std::size_t& at) {
    std::string value;
    for (; at < line_.size(); ++at) {
      if (line_[at] == '"') return ++at, value;
      if (line_[at] != '\\') {
        value += line_[at];
        continue;
      }
      const char c = ++at < line_.size() ? line_[at] : '\0';
      if (c != 'n' && c != '\\' && c != '"') problem("an unknown escape");
      value += c == 'n' ? '\n' : c;
    }
    return std::nullopt;
  }

  void check_family(const MetricsPage::Sample& sample) {
    const auto type = result_.types.find(family_);
    if (type == result_.types.end()) return problem("a sample before the TYPE of its family");
    if (!heads_.contains("HELP " + family_)) problem("a family without HELP");
    std::set<std::string> allowed = {family_};
    if (type->second == "histogram") {
      allowed = {family_ + "_bucket", family_ + "_sum", family_ + "_count"};
    } else if (type->second == "counter" && openmetrics_) {
      allowed = {family_ + "_total"};
    } else if (type->second == "info") {
      allowed = {family_ + "_info"};
      if (sample.value != 1) problem("an info that is not 1");
    }
    if (!allowed.contains(sample.name)) problem("a sample outside its family");
    if (type->second == "counter" && !(sample.value >= 0)) problem("a negative counter");
    const bool bucket = sample.name.ends_with("_bucket") && type->second == "histogram";
    if (bucket != sample.labels.contains("le")) problem("le belongs to buckets");
  }

  void check_duplicate(const MetricsPage::Sample& sample) {
    std::string key = sample.name;
    for (const auto& [name, value] : sample.labels) key += fmt::format("\x01{}\x02{}", name, value);
    if (!series_.insert(key).second) problem("a duplicate series");
  }

  // A histogram is all series that differ in `le` alone.
  void check_histograms() {
    for (const auto& [name, type] : result_.types) {
      if (type != "histogram") continue;
      std::map<std::map<std::string, std::string>, double> last, infinite, counts;
      for (const auto& sample : result_.samples) {
        if (sample.name == name + "_count") counts[sample.labels] = sample.value;
        if (sample.name != name + "_bucket") continue;
        auto labels = sample.labels;
        const auto bound = labels.extract("le");
        if (sample.value < last[labels]) problem("buckets that shrink");
        last[labels] = sample.value;
        if (bound && bound.mapped() == "+Inf") infinite[labels] = sample.value;
      }
      if (infinite != counts) problem("+Inf is not _count");
    }
  }

  std::string_view page_, line_;
  bool openmetrics_;
  std::size_t at_ = 0, number_ = 0;
  std::string family_;
  bool has_sample_ = false;
  std::set<std::string> seen_, heads_, series_;
  MetricsPage result_;
};

}  // namespace

double MetricsPage::value(std::string_view name,
                          const std::map<std::string, std::string>& labels) const {
  double found = std::numeric_limits<double>::quiet_NaN();
  int hits = 0;
  for (const Sample& sample : samples) {
    if (sample.name != name) continue;
    bool matches = true;
    for (const auto& [label, text] : labels) {
      const auto at = sample.labels.find(label);
      matches = matches && at != sample.labels.end() && at->second == text;
    }
    if (!matches) continue;
    found = sample.value;
    ++hits;
  }
  return hits == 1 ? found : std::numeric_limits<double>::quiet_NaN();
}

std::size_t MetricsPage::count(std::string_view name) const {
  std::size_t result = 0;
  for (const Sample& sample : samples) result += sample.name == name ? 1 : 0;
  return result;
}

MetricsPage check_metrics_page(std::string_view page, bool openmetrics) {
  return Reader(page, openmetrics).read();
}

}  // namespace fakes

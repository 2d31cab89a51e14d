// The functions Prometheus adds to templates, and the methods of times and durations.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "rules/template/functions.h"
#include "rules/template/go_text.h"
#include "rules/template/humanize.h"
#include "rules/template/regex.h"
#include "rules/template/utf8.h"

namespace rules::templates {
namespace {

constexpr int kDeepestFields = 30;

Answer failed(std::string why) { return std::unexpected(std::move(why)); }

template <class T>
Answer answer(const std::expected<T, std::string>& value) {
  return value ? Answer(*value) : failed(value.error());
}

std::expected<double, std::string> parsed(const std::string& text) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const char* end = digits.end();
  const bool sign = digits.starts_with('-');
  const auto read = std::from_chars(digits.begin(), end, value);
  if (read.ec == std::errc::result_out_of_range && read.ptr == end) {
    return std::unexpected("strconv.ParseFloat: parsing " + quoted(text) + ": value out of range");
  }
  if (sign || read.ec != std::errc() || read.ptr != end) {
    return std::unexpected("strconv.ParseFloat: parsing " + quoted(text) + ": invalid syntax");
  }
  return negative ? -value : value;
}

// Humanizing takes numbers of all kinds, and texts that are numbers.
std::expected<double, std::string> as_number(const Value& value) {
  if (const auto* number = value.get<double>()) return *number;
  if (const auto* whole = value.get<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* text = value.get<std::string>()) return parsed(*text);
  if (const auto* duration = value.get<Duration>()) {
    return static_cast<double>(duration->nanoseconds) / 1e9;
  }
  return std::unexpected("can't convert " + value.type() + " to float");
}

template <std::string (*write)(double)>
Answer humanized(const Call& call) {
  const auto number = as_number(call.values[0]);
  return number ? Answer(write(*number)) : failed(number.error());
}

Answer humanized_timestamp(const Call& call) {
  const auto number = as_number(call.values[0]);
  return number ? answer(humanize_timestamp(*number)) : failed(number.error());
}

Answer to_time(const Call& call) {
  const auto number = as_number(call.values[0]);
  if (!number) return failed(number.error());
  const auto all = nanoseconds(*number, "timestamp");
  if (!all) return failed(all.error());
  constexpr std::int64_t kMillisecond = 1'000'000;
  return Time{*all / kMillisecond * kMillisecond};
}

Answer to_duration(const Call& call) {
  const auto number = as_number(call.values[0]);
  if (!number) return failed(number.error());
  const auto all = nanoseconds(*number, "duration");
  return all ? Answer(Duration{*all}) : failed(all.error());
}

const Fields& sample(const Call& call, std::size_t i) { return *call.values[i].get<Fields>(); }

std::string label_of(const Value& sample, std::string_view name) {
  const auto* labels = sample.get<Fields>()->fields.find("Labels")->second.get<Fields>();
  const auto found = labels->fields.find(name);
  return found == labels->fields.end() ? "" : *found->second.get<std::string>();
}

Answer query(const Call& call) {
  if (!call.environment.query) return failed("there is nothing to query here");
  const auto results = call.environment.query(call.text(0));
  if (!results) return failed(results.error());
  List list;
  list.reserve(results->size());
  for (const QueryResult& result : *results) {
    list.push_back(sample_value(result.labels, result.value));
  }
  return list;
}

Answer first(const Call& call) {
  const List& list = *call.values[0].get<List>();
  return list.empty() ? failed("first() called on vector with no elements") : Answer(list[0]);
}

Answer sort_by_label(const Call& call) {
  struct Keyed {
    std::string key;
    std::size_t place;
  };
  const List& list = *call.values[1].get<List>();
  std::vector<Keyed> keys;
  for (const Value& one : list) keys.push_back({label_of(one, call.text(0)), keys.size()});
  std::sort(keys.begin(), keys.end(), [](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key : a.place < b.place;
  });
  List sorted;
  for (const Keyed& keyed : keys) sorted.push_back(list[keyed.place]);
  return sorted;
}

Answer args(const Call& call) {
  Fields fields;
  fields.type = "map[string]interface {}";
  for (std::size_t i = 0; i < call.values.size(); ++i) {
    const auto* inner = call.values[i].get<Fields>();
    if (inner != nullptr) fields.depth = std::max(fields.depth, inner->depth + 1);
    fields.fields.emplace(fmt::format("arg{}", i), call.values[i]);
  }
  if (fields.depth > kDeepestFields) return failed("arguments nested too deep");
  return fields;
}

std::string link(const std::string& expression, int tab) {
  return fmt::format("/graph?g0.expr={}&g0.tab={}", query_escape(expression), tab);
}

// The path of a URL: from the first slash behind the host to the query.
std::string path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t begin = scheme == std::string_view::npos ? 0 : url.find('/');
  if (begin == std::string_view::npos) return "";
  url.remove_prefix(begin);
  return std::string(url.substr(0, url.find_first_of("?#")));
}

constexpr Function kFunctions[] = {
    {"args", "a", 0, true, args},
    {"externalURL", "", 0, false,
     [](const Call& call) -> Answer { return call.environment.external_url; }},
    {"first", "l", 1, false, first},
    {"graphLink", "s", 1, false, [](const Call& call) -> Answer { return link(call.text(0), 0); }},
    {"humanize", "a", 1, false, humanized<humanize>},
    {"humanize1024", "a", 1, false, humanized<humanize1024>},
    {"humanizeDuration", "a", 1, false, humanized<humanize_duration>},
    {"humanizePercentage", "a", 1, false, humanized<humanize_percentage>},
    {"humanizeTimestamp", "a", 1, false, humanized_timestamp},
    {"label", "sr", 2, false,
     [](const Call& call) -> Answer { return label_of(call.values[1], call.text(0)); }},
    {"match", "ss", 2, false,
     [](const Call& call) { return answer(regex_match(call.text(0), call.text(1))); }},
    {"now", "", 0, false, [](const Call& call) -> Answer { return call.environment.now; }},
    {"parseDuration", "s", 1, false,
     [](const Call& call) { return answer(parse_duration(call.text(0))); }},
    {"pathPrefix", "", 0, false,
     [](const Call& call) -> Answer { return path_of(call.environment.external_url); }},
    {"query", "s", 1, false, query},
    {"reReplaceAll", "sss", 3, false,
     [](const Call& call) {
       return answer(regex_replace(call.text(0), call.text(1), call.text(2)));
     }},
    {"safeHtml", "s", 1, false, [](const Call& call) -> Answer { return call.values[0]; }},
    {"sortByLabel", "sl", 2, false, sort_by_label},
    {"stripDomain", "s", 1, false,
     [](const Call& call) -> Answer { return strip_domain(call.text(0)); }},
    {"stripPort", "s", 1, false,
     [](const Call& call) -> Answer { return strip_port(call.text(0)); }},
    {"strvalue", "r", 1, false,
     [](const Call& call) -> Answer { return label_of(call.values[0], "__value__"); }},
    {"tableLink", "s", 1, false, [](const Call& call) -> Answer { return link(call.text(0), 1); }},
    {"title", "s", 1, false, [](const Call& call) -> Answer { return to_title(call.text(0)); }},
    {"toDuration", "a", 1, false, to_duration},
    {"toLower", "s", 1, false, [](const Call& call) -> Answer { return to_lower(call.text(0)); }},
    {"toTime", "a", 1, false, to_time},
    {"toUpper", "s", 1, false, [](const Call& call) -> Answer { return to_upper(call.text(0)); }},
    {"urlQueryEscape", "s", 1, false,
     [](const Call& call) -> Answer { return query_escape(call.text(0)); }},
    {"value", "r", 1, false,
     [](const Call& call) -> Answer { return sample(call, 0).fields.find("Value")->second; }},
};

}  // namespace

std::span<const Function> alert_functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
  for (const auto table : {go_functions(), alert_functions()}) {
    for (const Function& function : table) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

}  // namespace rules::templates

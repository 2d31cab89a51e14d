// Step by step on a map, as Prometheus' model/relabel does: a label without a value is no label.
#include "exporter/alerts/relabel.h"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <array>
#include <map>
#include <string>

#include "probes/dialog.h"
#include "rules/promql/quote.h"
#include "rules/template/utf8.h"

namespace exporter {
namespace {

using Action = Relabel::Action;
using LabelMap = std::map<std::string, std::string, std::less<>>;

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

void set(LabelMap& labels, const std::string& name, std::string value) {
  if (value.empty()) {
    labels.erase(name);
  } else {
    labels[name] = std::move(value);
  }
}

std::string_view get(const LabelMap& labels, std::string_view name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string_view() : found->second;
}

// The last eight bytes of the MD5, as Prometheus has always done, so that shards agree.
std::uint64_t hash_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::uint64_t hash = 0;
  for (std::size_t i = 8; i < 16; ++i) hash = hash << 8 | digest[i];
  return hash;
}

}  // namespace

class Relabeller::Step {
 public:
  explicit Step(const Relabel& relabel)
      : relabel_(relabel), regex_("^(?s:" + relabel.regex + ")$", options()) {}

  // False drops the set.
  bool apply(LabelMap& labels) const {
    const std::string value = joined(labels);
    switch (relabel_.action) {
      case Action::drop:
        return !matches(value);
      case Action::keep:
        return matches(value);
      case Action::dropequal:
        return get(labels, relabel_.target_label) != value;
      case Action::keepequal:
        return get(labels, relabel_.target_label) == value;
      case Action::replace:
        replace(labels, value);
        break;
      case Action::lowercase:
        set(labels, relabel_.target_label, rules::templates::to_lower(value));
        break;
      case Action::uppercase:
        set(labels, relabel_.target_label, rules::templates::to_upper(value));
        break;
      case Action::hashmod:
        set(labels, relabel_.target_label, std::to_string(hash_of(value) % relabel_.modulus));
        break;
      case Action::labelmap:
        map_names(labels);
        break;
      case Action::labeldrop:
        std::erase_if(labels, [this](const auto& label) { return matches(label.first); });
        break;
      case Action::labelkeep:
        std::erase_if(labels, [this](const auto& label) { return !matches(label.first); });
        break;
    }
    return true;
  }

 private:
  std::string joined(const LabelMap& labels) const {
    std::string value;
    for (const std::string& name : relabel_.source_labels) {
      if (&name != relabel_.source_labels.data()) value += relabel_.separator;
      value += get(labels, name);
    }
    return value;
  }

  bool matches(const std::string& text) const { return re2::RE2::PartialMatch(text, regex_); }

  // What the groups captured, the whole first; empty when nothing matches.
  std::vector<std::string_view> captures(const std::string& text) const {
    std::vector<re2::StringPiece> groups(
        static_cast<std::size_t>(regex_.NumberOfCapturingGroups()) + 1);
    if (!regex_.Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(),
                      static_cast<int>(groups.size()))) {
      return {};
    }
    std::vector<std::string_view> found;
    found.reserve(groups.size());
    for (const re2::StringPiece& group : groups) found.emplace_back(group.data(), group.size());
    return found;
  }

  void replace(LabelMap& labels, const std::string& value) const {
    const auto found = captures(value);
    if (found.empty()) return;
    const std::string target = probes::expand_captures(relabel_.target_label, regex_, found);
    if (!rules::is_utf8(target)) return;
    set(labels, target, probes::expand_captures(relabel_.replacement, regex_, found));
  }

  void map_names(LabelMap& labels) const {
    const LabelMap before = labels;
    for (const auto& [name, value] : before) {
      const auto found = captures(name);
      if (found.empty()) continue;
      set(labels, probes::expand_captures(relabel_.replacement, regex_, found), value);
    }
  }

  Relabel relabel_;
  re2::RE2 regex_;
};

Relabeller::Relabeller(const std::vector<Relabel>& steps) {
  for (const Relabel& step : steps) steps_.push_back(std::make_shared<const Step>(step));
}

std::optional<rules::Labels> Relabeller::apply(const rules::Labels& labels) const {
  if (steps_.empty()) return labels;
  LabelMap map;
  for (const auto& [name, value] : labels.pairs()) map.emplace(name, value);
  for (const auto& step : steps_) {
    if (!step->apply(map)) return std::nullopt;
  }
  return rules::Labels(std::vector<rules::Labels::Pair>(map.begin(), map.end()));
}

}  // namespace exporter

#include "rules/series/index.h"

#include <algorithm>

namespace rules::series {
namespace {

constexpr std::size_t kMostKnown = 10'000;

std::size_t total(const std::vector<const std::vector<std::uint32_t>*>& lists) {
  std::size_t sum = 0;
  for (const auto* list : lists) sum += list->size();
  return sum;
}

}  // namespace

void Index::add(std::uint32_t id, const Labels& labels) {
  for (const auto& [name, value] : labels.pairs()) {
    Ids& ids = names_[name][value];
    ids.insert(std::upper_bound(ids.begin(), ids.end(), id), id);
  }
}

void Index::remove(std::uint32_t id, const Labels& labels) {
  for (const auto& [name, value] : labels.pairs()) {
    const auto values = names_.find(name);
    if (values == names_.end()) continue;
    const auto found = values->second.find(value);
    if (found == values->second.end()) continue;
    Ids& ids = found->second;
    const auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at != ids.end() && *at == id) ids.erase(at);
    if (ids.empty()) values->second.erase(found);
    if (values->second.empty()) names_.erase(values);
  }
}

// The lists of all values that pass; false when series without the label pass too.
bool Index::lists(const Matching& test, std::vector<const Ids*>& found) const {
  if (test.negative() || test.matches("")) return false;
  const auto values = names_.find(test.name());
  if (values == names_.end()) return true;
  if (test.values() != nullptr) {
    for (const std::string& value : *test.values()) {
      const auto at = values->second.find(value);
      if (at != values->second.end()) found.push_back(&at->second);
    }
    return true;
  }
  for (auto at = values->second.lower_bound(test.prefix()); at != values->second.end(); ++at) {
    if (!at->first.starts_with(test.prefix())) break;
    if (test.matches(at->first)) found.push_back(&at->second);
  }
  return true;
}

bool Index::candidates(const Matchings& tests, std::vector<std::uint32_t>& ids) const {
  std::vector<const Ids*> best;
  bool any = false;
  // Those that name their values are cheap to ask; the others only when there is none.
  for (const bool named : {true, false}) {
    for (const auto& test : tests) {
      std::vector<const Ids*> found;
      if ((test->values() != nullptr) != named || !lists(*test, found)) continue;
      if (!any || total(found) < total(best)) best = std::move(found);
      any = true;
    }
    if (any) break;
  }
  ids.clear();
  for (const Ids* list : best) ids.insert(ids.end(), list->begin(), list->end());
  if (best.size() > 1) std::sort(ids.begin(), ids.end());
  return any;
}

Filter::Filter(const Matchings& tests) {
  for (const auto& test : tests) tests_.push_back({test.get(), {}});
}

bool Filter::passes(const Labels& labels) {
  for (One& one : tests_) {
    const std::string_view value = labels.get(one.test->name());
    if (!one.test->costly() || one.known.size() > kMostKnown) {
      if (!one.test->matches(value)) return false;
      continue;
    }
    const auto known = one.known.find(value);
    const bool passes = known != one.known.end() ? known->second : one.test->matches(value);
    if (known == one.known.end()) one.known.emplace(value, passes);
    if (!passes) return false;
  }
  return true;
}

}  // namespace rules::series

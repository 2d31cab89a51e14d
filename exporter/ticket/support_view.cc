#include "exporter/ticket/support_view.h"

#include <algorithm>

namespace exporter {
namespace {

std::optional<double> share(std::uint64_t part, std::uint64_t rest) {
  if (part + rest == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(part + rest);
}

constexpr auto kReply = static_cast<std::size_t>(ReactionKind::reply);

}  // namespace

void SecondsHistogram::observe(std::chrono::seconds value) {
  if (counts.empty()) counts.resize(bounds.size() + 1);
  const auto bucket = std::ranges::lower_bound(bounds, value.count()) - bounds.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  ++count;
  sum += value.count();
}

std::optional<double> ReactionMonth::compliance() const { return share(all_met(), all_missed()); }

std::optional<double> ReactionMonth::strict() const {
  return share(met[kReply], all_met() - met[kReply] + all_missed());
}

}  // namespace exporter

#include "rules/series/ticks.h"

#include <bit>

namespace rules::series {

bool worth_sampling(Sample written, Sample now, std::int64_t at_least_every) {
  const bool changed =
      std::bit_cast<std::uint64_t>(written.value) != std::bit_cast<std::uint64_t>(now.value);
  return changed || now.at - written.at >= at_least_every;
}

Ticks::Ticks(Store& store, std::int64_t at_least_every)
    : store_(store), at_least_every_(at_least_every) {}

void Ticks::adopt(const std::vector<Matcher>& matchers, std::int64_t since, std::int64_t now) {
  const auto snapshot = store_.snapshot();
  for (const auto& cursor : snapshot->select(matchers, since, now)) {
    Sample last;
    if (!cursor->latest(since, now, last) || is_stale_nan(last.value)) continue;
    states_.insert_or_assign(cursor->labels(), State{last, last.at});
  }
}

void Ticks::begin(std::int64_t at) {
  at_ = at;
  counts_ = {};
}

void Ticks::add(const Labels& labels, double value) {
  ++counts_.present;
  const Sample now{at_, value};
  const auto [state, fresh] = states_.try_emplace(labels);
  state->second.seen = at_;
  if (!fresh && !worth_sampling(state->second.written, now, at_least_every_)) return;
  if (store_.append(labels, at_, value) != Append::stored) {
    ++counts_.refused;
    if (fresh) states_.erase(state);
    return;
  }
  state->second.written = now;
  ++counts_.written;
}

TickCounts Ticks::end() {
  for (auto state = states_.begin(); state != states_.end();) {
    if (state->second.seen == at_) {
      ++state;
      continue;
    }
    store_.append(state->first, at_, stale_nan());
    ++counts_.stale;
    state = states_.erase(state);
  }
  return counts_;
}

}  // namespace rules::series

// When a group is due. Evaluations stand at k x interval + offset, where the offset is a hash of
// file and name: groups are spread over the interval, and stay where they are over restarts. A slot
// that could not be evaluated in its time is skipped, counted and never caught up. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rules {

struct Slots {
  std::int64_t interval = 60'000, offset = 0;

  // The last slot at or before this instant.
  std::int64_t at_or_before(std::int64_t at) const;
  // The first evaluation of a group that begins to run waits for the next slot.
  std::int64_t first_after(std::int64_t start) const { return at_or_before(start) + interval; }
};

// `interval` is positive.
Slots slots_of(std::string_view file, std::string_view group, std::int64_t interval);

struct Due {
  std::int64_t slot = 0;
  std::uint64_t missed = 0;  // slots between the last one and this
};
// What to evaluate at `now` when `last` was evaluated last; nothing while the next slot is ahead.
std::optional<Due> due(const Slots& slots, std::int64_t last, std::int64_t now);

}  // namespace rules

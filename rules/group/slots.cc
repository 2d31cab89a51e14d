#include "rules/group/slots.h"

namespace rules {
namespace {

// FNV-1a: the same on every machine and in every version, as the offset must be.
std::uint64_t hash(std::uint64_t seed, std::string_view text) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (seed ^ 0xffU) * 0x100000001b3ULL;  // ends the text: no byte of UTF-8 is 0xff
}

}  // namespace

std::int64_t Slots::at_or_before(std::int64_t at) const {
  const std::int64_t since = (at - offset) % interval;
  return at - (since < 0 ? since + interval : since);
}

Slots slots_of(std::string_view file, std::string_view group, std::int64_t interval) {
  const std::uint64_t value = hash(hash(0xcbf29ce484222325ULL, file), group);
  return {interval, static_cast<std::int64_t>(value % static_cast<std::uint64_t>(interval))};
}

std::optional<Due> due(const Slots& slots, std::int64_t last, std::int64_t now) {
  const std::int64_t passed = (now - last) / slots.interval;
  if (now < last || passed < 1) return std::nullopt;
  return Due{last + passed * slots.interval, static_cast<std::uint64_t>(passed - 1)};
}

}  // namespace rules

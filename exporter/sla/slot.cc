// Slot arithmetic. Floors, not truncations, so that instants before 1970 do not fall into the wrong
// slot either.
#include "exporter/sla/slot.h"

#include <algorithm>

namespace exporter {

Seconds slot_of(Seconds at, std::chrono::seconds every) {
  const std::int64_t t = at.time_since_epoch().count(), e = every.count();
  const std::int64_t remainder = ((t % e) + e) % e;
  return Seconds(std::chrono::seconds(t - remainder));
}

Seconds first_slot(Seconds at, std::chrono::seconds every) {
  const Seconds slot = slot_of(at, every);
  return slot == at ? slot : slot + every;
}

std::int64_t slots_in(Seconds from, Seconds to, std::chrono::seconds every) {
  if (to <= from) return 0;
  return (first_slot(to, every) - first_slot(from, every)) / every;
}

std::chrono::nanoseconds slot_work(int retries, std::chrono::nanoseconds timeout,
                                   std::chrono::nanoseconds after) {
  return (1 + retries) * timeout + retries * after + std::chrono::seconds(1);
}

std::uint64_t stable_hash(std::string_view service, std::string_view check) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a offset basis
  const auto add = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211ull; };
  for (const char c : service) add(static_cast<unsigned char>(c));
  add(0);
  for (const char c : check) add(static_cast<unsigned char>(c));
  // The finaliser of MurmurHash3 lets every bit of the name reach every bit of the result.
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdull;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return hash ^ (hash >> 33);
}

std::chrono::milliseconds check_phase(std::string_view service, std::string_view check,
                                      std::chrono::nanoseconds every,
                                      std::chrono::nanoseconds work) {
  const auto room = std::chrono::floor<std::chrono::milliseconds>(every - work).count();
  if (room <= 0) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(stable_hash(service, check) % static_cast<std::uint64_t>(room));
}

}  // namespace exporter

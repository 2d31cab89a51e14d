#include "exporter/ledger/records.h"

#include <array>

namespace exporter {

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 4> kNames = {"good", "bad", "unknown", "excluded"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(Cause cause) {
  constexpr std::array<std::string_view, 8> kNames = {"none",         "not_running", "suspended",
                                                      "clock_step",   "overload",    "local",
                                                      "connectivity", "unconfirmed"};
  return kNames[static_cast<std::size_t>(cause)];
}

}  // namespace exporter

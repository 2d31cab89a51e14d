#include "exporter/sources/source.h"

#include <array>
#include <utility>

namespace exporter {

std::string_view name_of(SourceError::Reason reason) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"auth", "connect", "timeout", "rate_limited", "server", "answer", "local"});
  static_assert(kNames.size() == std::to_underlying(SourceError::Reason::local) + 1);
  return kNames[static_cast<std::size_t>(std::to_underlying(reason))];
}

}  // namespace exporter

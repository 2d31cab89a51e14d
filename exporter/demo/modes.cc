// Look-ups in the two tables of modes.h.
#include "exporter/demo/modes.h"

#include <algorithm>

#include <fmt/format.h>

namespace exporter::demo {
namespace {

template <class Table>
std::string names_of(const Table& table) {
  std::string names;
  for (const auto& row : table) names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  return names;
}

}  // namespace

// Both tables are in the order of their enumeration; a test walks them.
const ServiceName& row_of(Service service) { return kServices[index_of(service)]; }
const ModeName& row_of(Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }

std::optional<Service> service_named(std::string_view name) {
  const auto row = std::ranges::find(kServices, name, &ServiceName::name);
  if (row == kServices.end()) return std::nullopt;
  return row->service;
}

std::optional<Mode> mode_named(std::string_view name) {
  const auto row = std::ranges::find(kModes, name, &ModeName::name);
  if (row == kModes.end()) return std::nullopt;
  return row->mode;
}

std::string service_names() { return names_of(kServices); }
std::string mode_names() { return names_of(kModes); }

}  // namespace exporter::demo

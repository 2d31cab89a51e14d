// What the readers of the section `support` share. Each reads its part into
// Loading::config.support, in the order below, and refers to what stands above it. Only config/
// includes this.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/sections.h"

namespace exporter::config {

void read_support_calendars(Loading& loading, MapReader& support);
void read_support_levels(Loading& loading, MapReader& support);
void read_support_sources(Loading& loading, MapReader& support);
void read_support_notices(Loading& loading, MapReader& support);

// A source's `map`.
void read_ticket_map(Loading& loading, MapReader& source, TicketSource& out);

// Records an error, with a hint, unless `name` is one of `known`: `there is no level "frist"; did
// you mean "first"?`
bool check_known(Errors& errors, const Yaml& at, std::string_view kind, const std::string& name,
                 const std::vector<std::string>& known);
std::vector<std::string> calendar_names(const Support& support);
std::vector<std::string> level_names(const Support& support);

}  // namespace exporter::config

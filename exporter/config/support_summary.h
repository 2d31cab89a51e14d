// The section `support` in sentences, for whoever checks a configuration and for the log at start:
// how many hours a week each calendar is open, what each level promises, where holidays end. Pure.
#pragma once

#include <string>
#include <vector>

#include "exporter/config/support.h"

namespace exporter {

// "calendar america: open 100 h a week, UTC-06:00; holidays known until 2027-01-01". The last line
// is the union of all where there are several.
std::vector<std::string> calendar_lines(const Support& support);
// "level first: 4 business hours, counted on the ticket's calendar; a reply reacts"
std::vector<std::string> level_lines(const Support& support);
// Of each calendar whose holidays are known for no more than 60 days from `now`.
std::vector<std::string> holiday_warnings(const Support& support, Seconds now);

}  // namespace exporter

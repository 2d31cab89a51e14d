// Figures in words, the same on every page and in every report. Pure.
#pragma once

#include <optional>
#include <string>

#include "exporter/sla/month.h"

namespace exporter {

// "99.953 %". Cut, never rounded up: 99.9996 % must not read 100 %. nullopt when there is no ratio.
std::optional<std::string> percent_text(std::optional<double> ratio);
// "99.9 %": exact to six decimals, of which trailing zeros are left out.
std::string objective_text(Objective objective);
// "7.0 min"
std::string minutes_text(std::int64_t slots, std::chrono::seconds every);
// "432.0 min": the exact allowance of rule 13, which slots are cut from.
std::string budget_text(Objective objective, std::int64_t eligible, std::chrono::seconds every);

}  // namespace exporter

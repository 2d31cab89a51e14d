#include "exporter/report/figures_text.h"

#include <fmt/format.h>

#include <cmath>

namespace exporter {

std::optional<std::string> percent_text(std::optional<double> ratio) {
  if (!ratio) return std::nullopt;
  // The small addend undoes the error of a ratio such as 0.29, which times 100 is 28.999...
  return fmt::format("{:.3f} %", std::floor(*ratio * 1e5 + 1e-7) / 1e3);
}

std::string objective_text(Objective objective) {
  return fmt::format("{:g} %", static_cast<double>(objective.parts_per_million) / 1e4);
}

std::string minutes_text(std::int64_t slots, std::chrono::seconds every) {
  return fmt::format("{:.1f} min", static_cast<double>(slots * every.count()) / 60);
}

std::string budget_text(Objective objective, std::int64_t eligible, std::chrono::seconds every) {
  return fmt::format("{:.1f} min", budget_minutes(objective, eligible, every));
}

}  // namespace exporter

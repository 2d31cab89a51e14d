// Lints of windows and intervals against how often the series behind them get a new value.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/tool/lint/catalogue.h"
#include "rules/promql/number.h"
#include "rules/promql/printer.h"

namespace exporter::lint {
namespace {

using rules::format_duration;

// A window says something about a rate of failures only from so many probes on.
constexpr std::int64_t kLeastProbes = 2;

std::string shown(const Reading& reading) { return rules::print(*reading.expr); }

// How often there is anything new to read, at most; nothing when nobody knows.
std::optional<std::int64_t> freshest(const Catalogue& catalogue, const Reading& reading) {
  const auto cadences = catalogue.cadences(reading.selector());
  if (cadences.empty()) return std::nullopt;
  const std::int64_t every = std::ranges::min_element(cadences, {}, &Cadence::every)->every;
  return Catalogue::own(metric_of(reading.selector())) ? std::min(every, kSampledEvery) : every;
}

bool records_it(const Catalogue& catalogue, const rules::RuleGroup& group,
                std::string_view metric) {
  return std::ranges::any_of(catalogue.records(metric),
                             [&](const Site& site) { return site.group == &group; });
}

// The interval of what the group reads, but of its own records; nothing when that is nothing, or
// of an unknown interval.
std::optional<std::int64_t> freshest_input(const Catalogue& catalogue,
                                           const rules::RuleGroup& group) {
  std::optional<std::int64_t> least;
  for (const rules::Rule& rule : group.rules) {
    for (const Reading& reading : readings(*rules::base_of(rule).expr)) {
      if (records_it(catalogue, group, metric_of(reading.selector()))) continue;
      const auto every = freshest(catalogue, reading);
      if (!every) return std::nullopt;
      least = std::min(least.value_or(*every), *every);
    }
  }
  return least;
}

}  // namespace

std::vector<Finding> short_windows(const Catalogue& catalogue) {
  std::vector<Finding> out;
  for (const Site& site : catalogue.sites()) {
    for (const Reading& reading : readings(*site.base().expr)) {
      const auto cadences = catalogue.cadences(reading.selector());
      if (!reading.window || cadences.empty()) continue;
      const Cadence& slowest = *std::ranges::max_element(cadences, {}, &Cadence::every);
      if (*reading.window >= kLeastProbes * slowest.every) continue;
      out.push_back(site.finding(fmt::format(
          "{} looks at {}, but {} makes a value every {}: {} or longer holds at least {}",
          shown(reading), format_duration(*reading.window), slowest.who,
          format_duration(slowest.every), format_duration(kLeastProbes * slowest.every),
          kLeastProbes)));
    }
  }
  return out;
}

std::vector<Finding> long_ranges(const Catalogue& catalogue) {
  std::vector<Finding> out;
  for (const Site& site : catalogue.sites()) {
    for (const Reading& reading : readings(*site.base().expr)) {
      const std::int64_t kept = catalogue.kept(metric_of(reading.selector()));
      if (reading.fixed || reading.reach <= kept) continue;
      out.push_back(site.finding(fmt::format("{} looks back {}, but its samples are kept for {}",
                                             shown(reading), format_duration(reading.reach),
                                             format_duration(kept))));
    }
  }
  return out;
}

std::vector<Finding> long_holds(const Catalogue& catalogue) {
  std::vector<Finding> out;
  for (const Site& site : catalogue.sites()) {
    std::int64_t longest = 0;
    for (const Reading& reading : readings(*site.base().expr)) {
      if (!reading.absent) longest = std::max(longest, reading.window.value_or(0));
    }
    if (site.alert() == nullptr || longest == 0 || site.alert()->hold <= longest) continue;
    out.push_back(site.finding(
        fmt::format("it must hold for {}, but its longest window is {}: what began it is forgotten "
                    "before it fires",
                    format_duration(site.alert()->hold), format_duration(longest))));
  }
  return out;
}

std::vector<Finding> fast_groups(const Catalogue& catalogue) {
  std::vector<Finding> out;
  const rules::RuleGroup* last = nullptr;
  for (const Site& site : catalogue.sites()) {
    if (std::exchange(last, site.group) == site.group) continue;
    const auto fresh = freshest_input(catalogue, *site.group);
    const std::int64_t interval = catalogue.interval(*site.group);
    if (!fresh || interval >= *fresh) continue;
    out.push_back({.lint = {},
                   .file = site.file->path,
                   .place = site.group->place,
                   .text = fmt::format("group \"{}\": it is evaluated every {}, but what it reads "
                                       "is new only every {}",
                                       site.group->name, format_duration(interval),
                                       format_duration(*fresh))});
  }
  return out;
}

}  // namespace exporter::lint

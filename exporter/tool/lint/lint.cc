// The table of lints, and the order of what they find.
#include "exporter/tool/lint/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "exporter/tool/lint/catalogue.h"

namespace exporter::lint {
namespace {

constexpr std::array kLints = {
    Lint{"short-window", "a window shorter than two probes of the service it looks at",
         short_windows},
    Lint{"long-range", "a look back further than the samples are kept", long_ranges},
    Lint{"long-for", "an alert that must hold for longer than its window remembers", long_holds},
    Lint{"fast-interval", "a group evaluated more often than the series it reads change",
         fast_groups},
    Lint{"unknown-metric", "a selector that matches no series of the exporter or of these rules",
         unknown_metrics},
    Lint{"unreachable-threshold", "a comparison that no value can meet, such as a ratio above 1",
         unreachable_thresholds},
    Lint{"no-watchdog", "alerts without one that always fires and so shows that they arrive",
         missing_watchdog},
    Lint{"no-absent", "alerts without one that says when the series are missing", missing_absent},
};

int place_of(const Input& input, const std::string& file) {
  const auto found = std::ranges::find_if(
      input.files, [&](const rules::RuleFile* each) { return each->path == file; });
  return static_cast<int>(found - input.files.begin());
}

}  // namespace

std::string Version::text() const { return fmt::format("{}.{}", major, minor); }

std::optional<Version> parse_version(std::string_view text) {
  std::array<int, 3> parts{};
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < parts.size()) {
    const auto [stopped, error] = std::from_chars(at, end, parts[count]);
    if (error != std::errc() || parts[count] < 0) return std::nullopt;
    ++count;
    at = stopped;
    if (at == end) return Version{parts[0], parts[1]};
    if (*at++ != '.') return std::nullopt;
  }
  return std::nullopt;
}

std::span<const Lint> lints() { return kLints; }

const Lint* find_lint(std::string_view name) {
  const auto* found = std::ranges::find(kLints, name, &Lint::name);
  return found == kLints.end() ? nullptr : found;
}

std::vector<Finding> run(const Input& input, const std::vector<const Lint*>& chosen) {
  const Catalogue catalogue(input);
  std::vector<Finding> all;
  const auto take = [&](std::string_view lint, std::vector<Finding> found) {
    for (Finding& finding : found) {
      finding.lint = lint;
      all.push_back(std::move(finding));
    }
  };
  for (const Lint* lint : chosen) take(lint->name, lint->judge(catalogue));
  if (input.target) take("newer-feature", newer_features(catalogue));
  std::ranges::sort(all, {}, [&](const Finding& finding) {
    return std::tuple(place_of(input, finding.file), finding.place.line, finding.place.column,
                      finding.lint, finding.text);
  });
  const auto twice = std::ranges::unique(all);
  all.erase(twice.begin(), twice.end());
  return all;
}

}  // namespace exporter::lint

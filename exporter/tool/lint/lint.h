// Lints of rule files beyond promtool's: what parses and runs, and yet cannot say what its author
// meant, given how often services are probed, how long samples are kept and which series there
// are. Each lint has a name, is one line in kLints (lint.cc), and looks at all files together,
// because a rule may read what another file records. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/config.h"
#include "rules/group/rule.h"

namespace exporter::lint {

// Of Prometheus; 3 is 3.0.
struct Version {
  int major = 0, minor = 0;
  auto operator<=>(const Version&) const = default;
  std::string text() const;
};
std::optional<Version> parse_version(std::string_view text);

struct Input {
  std::vector<const rules::RuleFile*> files;  // what is judged
  std::shared_ptr<const Config> config;       // null: services are probed every minute
  std::optional<std::int64_t> retention;      // of every series; absent: as our store keeps them
  std::optional<Version> target;              // that must understand the files too
};

struct Finding {
  std::string_view lint;
  std::string file;
  rules::Place place;
  std::string text;
  bool operator==(const Finding&) const = default;
};

class Catalogue;
using Judge = std::vector<Finding> (*)(const Catalogue& catalogue);

struct Lint {
  std::string_view name;
  std::string_view finds;
  Judge judge;
};

std::span<const Lint> lints();
const Lint* find_lint(std::string_view name);

// What these lints find, by file in the order given, then by place, each thing once; with a target
// also what is newer.
std::vector<Finding> run(const Input& input, const std::vector<const Lint*>& chosen);

// The lints; each is described in kLints.
std::vector<Finding> short_windows(const Catalogue& catalogue);
std::vector<Finding> long_ranges(const Catalogue& catalogue);
std::vector<Finding> long_holds(const Catalogue& catalogue);
std::vector<Finding> fast_groups(const Catalogue& catalogue);
std::vector<Finding> unknown_metrics(const Catalogue& catalogue);
std::vector<Finding> unreachable_thresholds(const Catalogue& catalogue);
std::vector<Finding> missing_watchdog(const Catalogue& catalogue);
std::vector<Finding> missing_absent(const Catalogue& catalogue);
std::vector<Finding> newer_features(const Catalogue& catalogue);

}  // namespace exporter::lint

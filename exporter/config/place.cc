// place, connectivity and retention: where this exporter stands, how it knows that it is connected,
// and how long it keeps what it saw.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/sections.h"

namespace exporter::config {

using namespace std::chrono_literals;

namespace {

// Each is asked whenever something looks down, so many would be a burden.
constexpr std::size_t kMaxCanaries = 100;

}  // namespace

void read_place(Loading& loading, const YamlPtr& node) {
  Place& place = loading.config.place;
  place.name = loading.files.host_name();
  MapReader reader(loading.errors, node, "place");
  reader.text("name", place.name);
  reader.text("network", place.network);
  reader.text("source_address", place.source_address);
  if (place.name.empty()) reader.error("name", "must not be empty");
  if (!place.source_address.empty() && !is_ip_address(place.source_address)) {
    reader.error("source_address",
                 fmt::format("\"{}\" is not an IP address", place.source_address));
  }
  reader.finish();
}

void read_connectivity(Loading& loading, const YamlPtr& node) {
  Connectivity& connectivity = loading.config.connectivity;
  MapReader reader(loading.errors, node, "connectivity");
  if (const YamlPtr targets = reader.find("targets")) {
    if (as_list(targets).size() > kMaxCanaries) {
      reader.error("targets", fmt::format("more than {}; three to five are enough", kMaxCanaries));
      return;
    }
    for (const YamlPtr& item : as_list(targets)) {
      const auto target = scalar_text(loading.errors, *item, "a connectivity target");
      if (!target) continue;
      if (const std::string problem = canary_problem(*target); !problem.empty()) {
        loading.errors.add(*item, fmt::format("targets: {}", problem));
      } else if (std::ranges::find(connectivity.targets, *target) != connectivity.targets.end()) {
        loading.errors.add(*item, fmt::format("targets: \"{}\" is listed twice", *target));
      } else {
        connectivity.targets.push_back(*target);
      }
    }
  }
  const auto count = static_cast<std::int64_t>(connectivity.targets.size());
  if (reader.integer("require", 1, 1000, connectivity.require) && connectivity.require > count) {
    reader.error("require", fmt::format("{} targets must answer, but the list has only {}",
                                        connectivity.require, count));
  }
  reader.duration("timeout", 100ms, 30s, connectivity.timeout);
  reader.finish();
}

void read_retention(Loading& loading, const YamlPtr& node) {
  if (!node) return;
  Retention& retention = loading.config.retention;
  const auto check_outcomes = [&](const Yaml& at) {
    // Shorter, and the month that is being closed could no longer be recomputed.
    if (retention.outcomes < 24h * 62) {
      loading.errors.add(at, "retention: outcomes must be kept for at least 62d, two whole months");
    }
  };
  if (node->kind == Yaml::Kind::scalar) {
    const auto kept = parse_retention(node->text);
    if (!kept) {
      loading.errors.add(*node, fmt::format("retention: {}", kept.error()));
      return;
    }
    retention.outcomes = *kept;
    check_outcomes(*node);
    return;
  }
  MapReader reader(loading.errors, node, "retention");
  if (reader.value("outcomes", retention.outcomes, parse_retention)) {
    check_outcomes(*reader.find("outcomes"));
  }
  if (reader.value("evidence", retention.evidence_bytes, parse_size) &&
      retention.evidence_bytes < (1u << 20)) {
    reader.error("evidence", "must be at least 1MiB");
  }
  const auto check_samples = [&](std::string_view key, Duration kept) {
    if (kept < 1h) reader.error(key, "must be at least 1h");
  };
  if (reader.value("samples", retention.samples, parse_retention)) {
    check_samples("samples", retention.samples);
  }
  if (reader.value("probe_samples", retention.probe_samples, parse_retention)) {
    check_samples("probe_samples", retention.probe_samples);
  }
  if (reader.value("sample_bytes", retention.sample_bytes, parse_size) &&
      retention.sample_bytes < (8u << 20)) {
    reader.error("sample_bytes", "must be at least 8MiB");
  }
  reader.finish();
}

}  // namespace exporter::config

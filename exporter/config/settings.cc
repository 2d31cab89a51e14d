// The settings that a check takes from its service and a service from `defaults`.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;
using probes::Reason;

// Confirming makes sense for what an attempt can find, not for what the accounting concludes.
bool can_be_confirmed(Reason reason) {
  return reason != Reason::none && reason != Reason::unconfirmed && reason != Reason::local &&
         reason != Reason::slow;
}

Parsed<Reason> parse_reason(std::string_view text) {
  std::vector<std::string> names;
  for (const probes::ReasonName& known : probes::kReasonNames) {
    if (!can_be_confirmed(known.reason)) continue;
    if (known.name == text) return known.reason;
    names.emplace_back(known.name);
  }
  return std::unexpected(fmt::format("\"{}\" is not a reason that can be confirmed; choose from {}",
                                     text, join_names(names)));
}

void read_reasons(MapReader& reader, std::vector<Reason>& out) {
  const YamlPtr node = reader.find("reasons");
  if (!node) return;
  std::vector<Reason> reasons;
  for (const YamlPtr& item : as_list(node)) {
    const auto text = scalar_text(reader.errors(), *item, "reasons");
    if (!text) continue;
    const auto reason = parse_reason(*text);
    if (!reason) {
      reader.errors().add(*item, fmt::format("reasons: {}", reason.error()));
    } else if (std::ranges::find(reasons, *reason) == reasons.end()) {
      reasons.push_back(*reason);
    }
  }
  out = std::move(reasons);
}

void read_confirm(MapReader& reader, Settings& settings) {
  const YamlPtr node = reader.find("confirm");
  if (!node) return;
  MapReader confirm(reader.errors(), node, "confirm");
  confirm.integer("retries", 0, 10, settings.retries);
  Duration after{};
  if (confirm.duration("after", 0s, 1h, after)) settings.after = after;
  read_reasons(confirm, settings.reasons);
  confirm.finish();
}

// all, any or a number; 0 stands for all.
Parsed<int> parse_require(std::string_view text) {
  if (text == "all") return 0;
  if (text == "any") return 1;
  const auto number = parse_integer(text);
  if (number && *number >= 1 && *number <= 1000) return static_cast<int>(*number);
  return std::unexpected(fmt::format(
      "\"{}\" is not understood; choose all, any or how many checks must be good", text));
}

Parsed<bool> parse_degraded(std::string_view text) {
  if (text == "good") return true;
  if (text == "bad") return false;
  return std::unexpected(fmt::format("\"{}\" is neither good nor bad", text));
}

}  // namespace

void read_objective(MapReader& reader, Objective& objective, bool& set) {
  if (reader.value("objective", objective, parse_objective)) set = true;
}

Settings read_settings(MapReader& reader, Settings settings, SettingsOf what) {
  reader.seconds("every", kShortestEvery, kLongestEvery, settings.every);
  Duration timeout{};
  if (reader.duration("timeout", 10ms, 10min, timeout)) {
    settings.timeout = timeout;
    settings.timeout_is_default = what == SettingsOf::defaults;
  }
  reader.duration("slow_after", 0s, 10min, settings.slow_after);
  read_confirm(reader, settings);
  if (what == SettingsOf::check) return settings;
  read_objective(reader, settings.objective, settings.objective_set);
  reader.value("require", settings.require, parse_require);
  reader.value("degraded", settings.degraded_is_good, parse_degraded);
  return settings;
}

void read_defaults(Loading& loading, const YamlPtr& node) {
  MapReader reader(loading.errors, node, "defaults");
  loading.defaults = read_settings(reader, Settings{}, SettingsOf::defaults);
  reader.finish();
}

}  // namespace exporter::config

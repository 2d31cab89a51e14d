// Writes the configuration section by section. Everything that has a value is written out, also
// where it is the default: the reader wants to see what is in force, and the output must not change
// its meaning when a default does.
#include "exporter/config/show.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "exporter/config/modules.h"
#include "exporter/config/values.h"

namespace exporter {
namespace config {
namespace {

using Lines = std::string;  // whole lines of YAML

std::string_view name_of_policy(UnknownPolicy policy) {
  switch (policy) {
    case UnknownPolicy::unproven:
      return "unproven";
    case UnknownPolicy::bad:
      return "bad";
    case UnknownPolicy::good:
      return "good";
    case UnknownPolicy::excluded:
      return "excluded";
  }
  return "unproven";
}

// `indent` spaces, a key and a value that is already YAML.
void put(Lines& out, int indent, std::string_view key, std::string_view value) {
  fmt::format_to(std::back_inserter(out), "{:{}}{}: {}\n", "", indent, show_text(key), value);
}

// The first line of an item of a list; further lines stand two spaces deeper than `indent`.
void put_item(Lines& out, int indent, std::string_view key, std::string_view value) {
  fmt::format_to(std::back_inserter(out), "{:{}}- {}: {}\n", "", indent, key, value);
}

// A key with a text; nothing is written for an empty one.
void put_text(Lines& out, int indent, std::string_view key, std::string_view text) {
  if (!text.empty()) put(out, indent, key, show_text(text));
}

void put_texts(Lines& out, int indent, std::string_view key,
               const std::map<std::string, std::string>& texts) {
  if (texts.empty()) return;
  std::vector<std::string> items;
  for (const auto& [name, text] : texts) {
    items.push_back(fmt::format("{}: {}", show_text(name), show_text(text)));
  }
  put(out, indent, key, fmt::format("{{{}}}", fmt::join(items, ", ")));
}

void show_place(Lines& out, const Config& config) {
  out += "place:\n";
  put_text(out, 2, "name", config.place.name);
  put_text(out, 2, "network", config.place.network);
  put_text(out, 2, "source_address", config.place.source_address);
  out += "connectivity:\n";
  put(out, 2, "targets", show_list(config.connectivity.targets));
  if (!config.connectivity.targets.empty()) {
    put(out, 2, "require", fmt::format("{}", config.connectivity.require));
  }
  put(out, 2, "timeout", format_duration(config.connectivity.timeout));
  put_text(out, 0, "contact", config.contact);
  out += "retention:\n";
  put(out, 2, "outcomes", format_duration(config.retention.outcomes));
  put(out, 2, "evidence", fmt::format("{}", config.retention.evidence_bytes));
  put(out, 2, "samples", format_duration(config.retention.samples));
  put(out, 2, "probe_samples", format_duration(config.retention.probe_samples));
  put(out, 2, "sample_bytes", fmt::format("{}", config.retention.sample_bytes));
}

void show_policies(Lines& out, int indent, const AgreementTerms& terms) {
  // Shown even when empty: a private agreement would inherit the published one's.
  put(out, indent, "provider", show_text(terms.provider));
  put(out, indent, "timezone", show_text(terms.timezone));
  put(out, indent, "period", show_text(terms.period));
  put(out, indent, "unknown_slots", name_of_policy(terms.unknown_slots));
  put(out, indent, "exclude_maintenance", show_bool(terms.exclude_maintenance));
  put(out, indent, "notice", format_duration(terms.notice));
  put(out, indent, "close_after", format_duration(terms.close_after));
}

// Keys of `shown` that are not the same in `base`.
void put_differences(Lines& out, int indent, const ShownKeys& shown, const ShownKeys& base) {
  for (const auto& [key, value] : shown) {
    const auto same = std::ranges::find(base, key, &ShownKeys::value_type::first);
    if (value.empty() || (same != base.end() && same->second == value)) continue;
    put(out, indent, key, value);
  }
}

// In the order of probes::ModuleSpec.
std::string_view prober_of(const probes::Module& module) {
  static constexpr std::array<std::string_view, 3> kProbers = {"http", "tcp", "dns"};
  static_assert(std::variant_size_v<probes::ModuleSpec> == kProbers.size());
  return kProbers[module.spec.index()];
}

probes::Module plain_module_like(const probes::Module& module) {
  probes::Module plain;
  std::visit([&](const auto& spec) { plain.spec = std::decay_t<decltype(spec)>{}; }, module.spec);
  return plain;
}

void show_modules(Lines& out, const Config& config) {
  Lines shown;
  for (const auto& [name, module] : config.modules) {
    const auto builtin = builtin_modules().find(name);
    if (builtin != builtin_modules().end() && *builtin->second == *module) continue;
    fmt::format_to(std::back_inserter(shown), "  {}:\n", show_text(name));
    put(shown, 4, "prober", prober_of(*module));
    if (module->timeout > Duration{}) put(shown, 4, "timeout", format_duration(module->timeout));
    Lines block;
    put_differences(block, 6, show_module_block(*module),
                    show_module_block(plain_module_like(*module)));
    if (!block.empty()) {
      fmt::format_to(std::back_inserter(shown), "    {}:\n{}", prober_of(*module), block);
    }
  }
  if (!shown.empty()) out += "modules:\n" + shown;
}

std::string show_confirm(const Confirm& confirm) {
  std::vector<std::string> reasons;
  for (probes::Reason reason : confirm.reasons) reasons.emplace_back(probes::name_of(reason));
  return fmt::format("{{retries: {}, after: {}, reasons: {}}}", confirm.retries,
                     format_duration(confirm.after), show_list(reasons));
}

void show_check(Lines& out, const Config& config, const Check& check) {
  // A check of several targets was named name/1 or name/key; the map form gives the same name back.
  const std::size_t slash = check.name.find('/');
  put_item(out, 6, "name", show_text(check.name.substr(0, slash)));
  put(out, 8, "module", show_text(check.module->name));
  if (slash == check.name.npos) {
    put(out, 8, "target", show_text(check.target));
  } else {
    put(out, 8, "targets",
        fmt::format("{{{}: {}}}", show_text(check.name.substr(slash + 1)),
                    show_text(check.target)));
  }
  put_text(out, 8, "hostname", check.hostname);
  if (!check.counts) {
    put(out, 8, "counts", "false");
    put(out, 8, "every", format_duration(check.every));
  }
  put(out, 8, "timeout", format_duration(check.timeout));
  put(out, 8, "slow_after", format_duration(check.slow_after));
  put(out, 8, "confirm", show_confirm(check.confirm));
  const auto base = config.modules.find(check.module->name);
  if (base == config.modules.end()) return;
  Lines with;
  put_differences(with, 10, show_module_block(*check.module), show_module_block(*base->second));
  if (!with.empty()) out += "        with:\n" + with;
}

void show_service(Lines& out, const Config& config, const Service& service) {
  fmt::format_to(std::back_inserter(out), "  {}:\n", show_text(service.name));
  put_texts(out, 4, "title", service.title);
  const auto& objectives = config.agreements.front().objectives;
  if (const auto found = objectives.find(service.name); found != objectives.end()) {
    put(out, 4, "objective", format_objective(found->second));
  }
  put(out, 4, "every", format_duration(service.terms.every));
  put(out, 4, "require",
      service.terms.require == 0 ? "all" : fmt::format("{}", service.terms.require));
  put(out, 4, "degraded", service.terms.degraded_is_good ? "good" : "bad");
  put_texts(out, 4, "labels", service.labels);
  put_text(out, 4, "runbook_url", service.runbook_url);
  if (!service.depends_on.empty()) put(out, 4, "depends_on", show_list(service.depends_on));
  if (!service.formerly.empty()) put(out, 4, "formerly", show_list(service.formerly));
  const auto put_time = [&](std::string_view key, const std::optional<probes::WallTime>& time) {
    if (time) put(out, 4, key, format_utc(std::chrono::floor<std::chrono::seconds>(*time)));
  };
  put_time("valid_from", service.valid_from);
  put_time("valid_until", service.valid_until);
  out += "    checks:\n";
  for (const Check& check : service.checks) show_check(out, config, check);
}

void show_window(Lines& out, const MaintenanceWindow& window) {
  put_item(out, 4, "id", show_text(window.id));
  if (!window.services.empty()) put(out, 6, "services", show_list(window.services));
  if (!window.agreements.empty()) put(out, 6, "agreements", show_list(window.agreements));
  put(out, 6, "from", format_utc(window.from));
  put(out, 6, "to", format_utc(window.to));
  if (window.announced) put(out, 6, "announced", format_utc(*window.announced));
  put_text(out, 6, "summary", window.summary);
}

void show_maintenance(Lines& out, const Config& config) {
  if (config.windows.empty() && config.maintenance_calendars.empty()) return;
  out += "maintenance:\n";
  std::vector<std::string> calendars;
  for (const auto& path : config.maintenance_calendars) calendars.push_back(path.string());
  if (!calendars.empty()) put(out, 2, "calendars", show_list(calendars));
  if (config.windows.empty()) return;
  out += "  windows:\n";
  for (const MaintenanceWindow& window : config.windows) show_window(out, window);
}

void show_private_agreements(Lines& out, const Config& config) {
  if (config.agreements.size() < 2) return;
  out += "private_agreements:\n";
  for (std::size_t i = 1; i < config.agreements.size(); ++i) {
    const AgreementTerms& terms = config.agreements[i];
    fmt::format_to(std::back_inserter(out), "  {}:\n", show_text(terms.name));
    show_policies(out, 4, terms);
    std::vector<std::string> covers;
    for (const auto& [service, objective] : terms.objectives) covers.push_back(service);
    put(out, 4, "covers", show_list(covers));
    const auto& reactions = config.support.terms.private_targets;
    if (const auto own = reactions.find(terms.name); own != reactions.end()) {
      put(out, 4, "reactions", show_reactions(own->second));
    }
    if (covers.empty()) continue;
    out += "    services:\n";
    for (const auto& [service, objective] : terms.objectives) {
      put(out, 6, service, fmt::format("{{objective: {}}}", format_objective(objective)));
    }
  }
}

}  // namespace

std::string show_text(std::string_view text) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
  const bool plain = !text.empty() && !text.starts_with('-') &&
                     text.find_first_not_of(kPlain) == text.npos && text != "null" &&
                     text != "true" && text != "false";
  if (plain) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string show_list(const std::vector<std::string>& items) {
  std::vector<std::string> shown;
  for (const std::string& item : items) shown.push_back(show_text(item));
  return fmt::format("[{}]", fmt::join(shown, ", "));
}

}  // namespace config

std::string show_config(const Config& config) {
  using namespace config;
  std::string out =
      "# The effective configuration: includes, merge keys and defaults are applied.\n";
  show_place(out, config);
  out += "agreement:\n";
  put_text(out, 2, "name", config.agreements.front().name);
  show_policies(out, 2, config.agreements.front());
  show_modules(out, config);
  out += config.services.empty() ? "services: {}\n" : "services:\n";
  for (const Service& service : config.services) show_service(out, config, service);
  show_maintenance(out, config);
  show_private_agreements(out, config);
  out += show_alerting(config.alerting);
  out += show_support(config.support);
  return out;
}

}  // namespace exporter

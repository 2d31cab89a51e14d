// Checks: one probe of one target with one module. A check as written may name several targets and
// becomes as many checks. Here the times are made definite and held against the slot
// (docs/accounting.md, rule 2): what does not fit is refused with the numbers.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::floor;
using std::chrono::milliseconds;

constexpr std::size_t kMaxTargets = 10'000;
constexpr Duration kReserve = 1s;                    // of W: committing and scheduling
constexpr Duration kLongestDefault = 10s;            // of timeout and after
constexpr Duration kShortestDefaultTimeout = 100ms;  // less is no probe but a mistake

bool is_check_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

struct Target {
  std::string suffix;  // "", "/1", "/key"
  std::string text;
  const Yaml* node;
};

std::vector<Target> read_target_list(Errors& errors, const YamlPtr& node) {
  std::vector<Target> targets;
  const std::vector<YamlPtr> items = as_list(node);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto text = scalar_text(errors, *items[i], "a target");
    if (!text) continue;
    targets.push_back({items.size() == 1 ? "" : fmt::format("/{}", i + 1), *text, items[i].get()});
  }
  return targets;
}

std::vector<Target> read_target_map(Errors& errors, const YamlPtr& node) {
  std::vector<Target> targets;
  for (const YamlEntry& entry : node->entries) {
    if (entry.key->text.starts_with("x-")) continue;
    if (!is_check_name(entry.key->text)) {
      errors.add(*entry.key, fmt::format("targets: \"{}\" cannot be part of a check's name: use "
                                         "letters, digits, -, _ and .",
                                         entry.key->text));
      continue;
    }
    const auto text = scalar_text(errors, *entry.value, "a target");
    if (text) targets.push_back({"/" + entry.key->text, *text, entry.value.get()});
  }
  return targets;
}

// `targets` (one, a list or a map), or `target`.
std::vector<Target> read_targets(MapReader& reader) {
  const YamlPtr several = reader.find("targets");
  const YamlPtr one = reader.find("target");
  const YamlPtr node = several ? several : one;
  if (!node) {
    reader.errors().add(reader.node(),
                        fmt::format("{} has no targets: add targets: [...]", reader.what()));
    return {};
  }
  if (several && one) reader.error("target", "targets: is given too; keep one of them");
  std::vector<Target> targets = node->kind == Yaml::Kind::map
                                    ? read_target_map(reader.errors(), node)
                                    : read_target_list(reader.errors(), node);
  if (targets.empty() && as_list(node).empty()) reader.error("targets", "the list is empty");
  if (targets.size() > kMaxTargets) {
    reader.error("targets", fmt::format("more than {} targets", kMaxTargets));
    return {};
  }
  return targets;
}

struct Times {
  Duration every, timeout, after;
};

// Makes timeout and pause definite: as set, else as much as the slot leaves, at most 10 s each.
Times definite_times(const Settings& settings, Duration every, const probes::Module& module) {
  Times times{.every = every, .timeout = {}, .after = {}};
  const int retries = settings.retries;
  times.after = settings.after.value_or(floor<milliseconds>(std::min(kLongestDefault, every / 6)));
  const Duration left = every - retries * times.after - kReserve;
  times.timeout = floor<milliseconds>(std::min(kLongestDefault, left / (1 + retries)));
  if (settings.timeout) times.timeout = *settings.timeout;
  const bool module_decides = !settings.timeout || settings.timeout_is_default;
  if (module.timeout > 0s && module_decides) times.timeout = module.timeout;
  return times;
}

void check_times(MapReader& reader, const Settings& settings, const Check& check) {
  const std::string retries =
      settings.retries == 0
          ? ""
          : fmt::format(" + {} x {} pause", settings.retries, format_duration(check.confirm.after));
  if (check.timeout < kShortestDefaultTimeout && !settings.timeout) {
    reader.errors().add(
        reader.node(),
        fmt::format(
            "{}: every {} leaves no time for {} x timeout{} + 1s reserve; make every longer or "
            "set confirm: {{retries: 0}}",
            reader.what(), format_duration(check.every), 1 + settings.retries, retries));
    return;
  }
  if (check.work() > check.every) {
    reader.errors().add(
        reader.node(),
        fmt::format("{}: a slot needs {} ({} x {} timeout{} + 1s reserve), but every is only {}; "
                    "shorten timeout or confirm: {{after: ...}}, or make every longer",
                    reader.what(), format_duration(check.work()), 1 + settings.retries,
                    format_duration(check.timeout), retries, format_duration(check.every)));
  }
  if (check.slow_after >= check.timeout && check.slow_after > 0s) {
    reader.errors().add(
        reader.place("slow_after"),
        fmt::format("{}: slow_after {} is never reached, because timeout is {}", reader.what(),
                    format_duration(check.slow_after), format_duration(check.timeout)));
  }
}

// The module, with `with:` laid over it. Null when there is none, which was reported.
std::shared_ptr<const probes::Module> read_module_of(Loading& loading, MapReader& reader,
                                                     std::string& name) {
  const YamlPtr with = reader.find("with");
  if (!reader.text("module", name)) {
    if (reader.node().find("module") == nullptr) {
      loading.errors.add(reader.node(),
                         fmt::format("{} has no module: add module: with one of {}", reader.what(),
                                     join_names(loading.modules->names())));
    }
    return nullptr;
  }
  const ModuleTable::Found found = loading.modules->find(name);
  if (!found.known) {
    const std::vector<std::string> names = loading.modules->names();
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) hint = fmt::format("; there are {}", join_names(names));
    reader.error("module", fmt::format("there is no module \"{}\"{}", name, hint));
    return nullptr;
  }
  if (!with || !found.module) return found.module;
  if (with->kind != Yaml::Kind::map) {
    reader.error("with", "must be a map of keys of the module");
    return nullptr;
  }
  return loading.modules->with(name, with);
}

void read_own_cadence(MapReader& reader, const Settings& settings, const Service& service,
                      Check& check) {
  check.every = service.terms.every;
  if (!reader.has("every")) return;
  if (check.counts) {
    reader.error("every",
                 "only a check with counts: false may have a cadence of its own; the "
                 "cadence belongs to the service");
    return;
  }
  check.every = settings.every;
}

}  // namespace

std::vector<Check> read_check(Loading& loading, const YamlPtr& node, const Service& service,
                              const Settings& service_settings) {
  // The name first, so that every error can say which check is meant.
  const YamlEntry* named = node->find("name");
  if (named == nullptr) named = node->find("module");
  const bool is_named = named != nullptr && named->value->kind == Yaml::Kind::scalar;
  MapReader reader(
      loading.errors, node,
      is_named ? fmt::format("check \"{}\" of service \"{}\"", named->value->text, service.name)
               : fmt::format("a check of service \"{}\"", service.name));
  if (!reader.valid()) return {};
  const std::size_t errors_before = loading.errors.size();

  Check check;
  check.service = service.name;
  std::string module_name;
  check.module = read_module_of(loading, reader, module_name);
  check.name = module_name;
  reader.text("name", check.name);
  if (!check.name.empty() && !is_check_name(check.name)) {
    reader.error("name",
                 fmt::format("\"{}\" cannot be the name of a check: use letters, digits, -, _ "
                             "and ., at most 100",
                             check.name));
  }
  if (reader.text("hostname", check.hostname) && !is_host_name(check.hostname)) {
    reader.error("hostname", fmt::format("\"{}\" is not a host name", check.hostname));
  }
  reader.boolean("counts", check.counts);
  const Settings settings = read_settings(reader, service_settings, SettingsOf::check);
  read_own_cadence(reader, settings, service, check);
  const std::vector<Target> targets = read_targets(reader);
  reader.refuse("objective", "a check promises nothing; the objective belongs to the service");
  reader.refuse("require", "it belongs to the service");
  reader.finish();
  if (!check.module) return {};

  const Times times = definite_times(settings, check.every, *check.module);
  check.timeout = times.timeout;
  check.slow_after = settings.slow_after;
  check.confirm = {settings.retries, times.after, settings.reasons};
  check_times(reader, settings, check);

  std::vector<Check> checks;
  for (const Target& target : targets) {
    if (const std::string problem = target_problem(*check.module, target.text); !problem.empty()) {
      loading.errors.add(*target.node, fmt::format("targets: {}", problem));
      continue;
    }
    checks.push_back(check);
    checks.back().name += target.suffix;
    checks.back().target = target.text;
  }
  if (loading.errors.size() != errors_before) return {};
  return checks;
}

}  // namespace exporter::config

// Services: what the agreement promises. Each takes the defaults, what it says itself and its
// checks; what it says about other services is checked when all of them are known.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxServices = 50'000;
constexpr std::size_t kMaxChecks = 100'000;  // in all; aliases can make many out of few lines
constexpr std::size_t kMaxTextBytes = 500;

// de, en, pt-BR: a tag of BCP 47, as far as pages need it.
bool is_language(std::string_view text) {
  const std::string_view primary = text.substr(0, text.find('-'));
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return primary.size() >= 2 && primary.size() <= 3 && std::ranges::all_of(primary, lower) &&
         text.size() <= 16;
}

void read_title(Loading& loading, MapReader& reader, std::map<std::string, std::string>& title) {
  const YamlPtr node = reader.find("title");
  if (!node) return;
  if (node->kind == Yaml::Kind::scalar) {
    title["en"] = node->text;
    return;
  }
  MapReader map(loading.errors, node, "title");
  if (!map.valid()) return;
  for (const YamlEntry& entry : node->entries) {
    const std::string& language = entry.key->text;
    if (!is_language(language)) {
      loading.errors.add(*entry.key,
                         fmt::format("title: \"{}\" is not a language; write it like de "
                                     "or pt-BR",
                                     language));
      continue;
    }
    if (auto text = scalar_text(loading.errors, *entry.value, "title")) title[language] = *text;
  }
}

// A label of sla_service_info. Names of ours would clash with the labels that the metric has
// anyway.
std::string label_problem(std::string_view name) {
  const bool sound = !name.empty() && name.size() <= 100 && !(name[0] >= '0' && name[0] <= '9') &&
                     std::ranges::all_of(name, [](char c) {
                       return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z');
                     });
  if (!sound) return "a label's name has letters, digits and _, and does not begin with a digit";
  if (name.starts_with("__")) return "label names beginning with __ belong to Prometheus";
  if (name.starts_with("sla_") || name == "title" || name == "runbook_url") {
    return "this label is set by the exporter itself; choose another name";
  }
  return "";
}

void read_labels(Loading& loading, MapReader& reader, std::map<std::string, std::string>& labels) {
  const YamlPtr node = reader.find("labels");
  if (!node) return;
  MapReader map(loading.errors, node, "labels");
  if (!map.valid()) return;
  for (const YamlEntry& entry : node->entries) {
    const std::string& name = entry.key->text;
    if (const std::string problem = label_problem(name); !problem.empty()) {
      loading.errors.add(*entry.key, fmt::format("labels: \"{}\": {}", name, problem));
      continue;
    }
    auto text = scalar_text(loading.errors, *entry.value, "labels");
    if (text && text->size() > kMaxTextBytes) {
      loading.errors.add(*entry.value, fmt::format("labels: longer than {} bytes", kMaxTextBytes));
    } else if (text) {
      labels[name] = *text;
    }
  }
}

void read_span(Loading& loading, MapReader& reader, Service& service) {
  const auto read = [&](std::string_view key, std::optional<probes::WallTime>& out) {
    Seconds time;
    if (reader.value(key, time,
                     [&](std::string_view text) { return parse_time(text, loading.zone); })) {
      out = time;
    }
  };
  read("valid_from", service.valid_from);
  read("valid_until", service.valid_until);
  if (service.valid_from && service.valid_until && *service.valid_from >= *service.valid_until) {
    reader.error("valid_until", "the service ends before it begins");
  }
}

void read_checks(Loading& loading, MapReader& reader, Service& service, const Settings& settings) {
  const YamlPtr list = reader.find("checks");
  std::map<std::string, const Yaml*> names;
  for (const YamlPtr& node : list ? as_list(list) : std::vector<YamlPtr>{}) {
    for (Check& check : read_check(loading, node, service, settings)) {
      const auto [at, added] = names.emplace(check.name, node.get());
      if (++loading.checks > kMaxChecks) {
        loading.errors.add(*node, fmt::format("more than {} checks; share them out over several "
                                              "exporters",
                                              kMaxChecks));
        return;
      }
      if (added) {
        service.checks.push_back(std::move(check));
        continue;
      }
      loading.errors.add(*node,
                         fmt::format("two checks of service \"{}\" are named \"{}\" (the other "
                                     "one is on line {}); give one of them a name:",
                                     service.name, check.name, at->second->line));
    }
  }
}

// What `require` asks must be possible with the checks that count.
void check_require(Loading& loading, MapReader& reader, const Service& service) {
  const auto counting = std::ranges::count_if(service.checks, &Check::counts);
  if (counting == 0) {
    const char* why = service.checks.empty()
                          ? "no checks: add checks: with at least one that counts"
                          : "no check that counts: all have counts: false, so nothing decides "
                            "whether a slot is good";
    loading.errors.add(reader.node(), fmt::format("{} has {}", reader.what(), why));
    return;
  }
  if (service.terms.require > counting) {
    const std::string text = fmt::format("{} checks must be good, but {} has only {} that count",
                                         service.terms.require, reader.what(), counting);
    if (reader.has("require")) return reader.error("require", text);
    loading.errors.add(reader.node(), fmt::format("require (from defaults): {}", text));
  }
}

void warn_cadence(Loading& loading, const Yaml& at, const Service& service) {
  if (24h % service.terms.every == 0s) return;
  loading.warn(at,
               fmt::format("every: {} does not divide a day, so the slots of service \"{}\" begin "
                           "at other times each day",
                           format_duration(service.terms.every), service.name));
}

void read_service(Loading& loading, const YamlPtr& key, const YamlPtr& node) {
  Service service;
  service.name = key->text;
  const std::size_t errors_before = loading.errors.size();
  MapReader reader(loading.errors, node, fmt::format("service \"{}\"", service.name));
  if (!reader.valid()) return;
  const Settings settings = read_settings(reader, loading.defaults, SettingsOf::service);
  service.terms = {settings.every, settings.require, settings.degraded_is_good};
  read_title(loading, reader, service.title);
  read_labels(loading, reader, service.labels);
  if (reader.text("runbook_url", service.runbook_url) &&
      !service.runbook_url.starts_with("https://") && !service.runbook_url.starts_with("http://")) {
    reader.error("runbook_url",
                 fmt::format("\"{}\" is not a URL; it begins with https://", service.runbook_url));
  }
  reader.texts("depends_on", service.depends_on);
  reader.texts("formerly", service.formerly);
  read_span(loading, reader, service);
  read_checks(loading, reader, service, settings);
  reader.refuse("module", "it belongs to a check: checks: [{module: ..., targets: [...]}]");
  reader.refuse("targets", "they belong to a check: checks: [{module: ..., targets: [...]}]");
  reader.finish();
  // Only when the rest is sound: a check that was refused does not make the count wrong as well.
  if (loading.errors.size() == errors_before) check_require(loading, reader, service);
  warn_cadence(loading, reader.place("every"), service);
  if (!settings.objective_set) {
    loading.warn(*key, fmt::format("service \"{}\" has no objective; {} is assumed", service.name,
                                   format_objective(settings.objective)));
  }

  loading.services.push_back({key, reader.find("depends_on"), reader.find("formerly")});
  loading.config.agreements.front().objectives[service.name] = settings.objective;
  loading.config.services.push_back(std::move(service));
}

std::string where(const Yaml& from, const Yaml& other) {
  if (from.file->name == other.file->name) return fmt::format("line {}", other.line);
  return fmt::format("{}:{}", other.file->name, other.line);
}

// The item of a list of names that says `name`, for its place.
const Yaml& item_named(const YamlPtr& list, const std::string& name, const Yaml& otherwise) {
  if (!list) return otherwise;
  for (const YamlPtr& item : as_list(list)) {
    if (item->text == name) return *item;
  }
  return otherwise;
}

using Names = std::map<std::string, std::size_t>;

void check_dependencies_exist(Loading& loading) {
  std::vector<std::string> names;
  for (const auto& [name, key] : loading.service_keys) names.push_back(name);
  for (std::size_t i = 0; i < loading.services.size(); ++i) {
    if (loading.errors.full()) return;
    for (const std::string& other : loading.config.services[i].depends_on) {
      const Yaml& at = item_named(loading.services[i].depends_on, other, *loading.services[i].key);
      if (!loading.service_keys.contains(other)) {
        loading.errors.add(at, fmt::format("depends_on: there is no service \"{}\"{}", other,
                                           did_you_mean(other, names)));
      }
    }
  }
}

// Takes away, again and again, what depends on nothing that is left; what remains are the circles
// and what depends on them. Linear, and no recursion that a long chain could overflow.
std::set<std::size_t> in_circles(const std::vector<Service>& services, const Names& index) {
  std::vector<std::size_t> waiting(services.size());
  std::vector<std::vector<std::size_t>> dependants(services.size());
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (const std::string& other : services[i].depends_on) {
      const auto at = index.find(other);
      if (at == index.end()) continue;
      ++waiting[i];
      dependants[at->second].push_back(i);
    }
  }
  std::vector<std::size_t> free;
  std::set<std::size_t> left;
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (waiting[i] == 0) free.push_back(i);
    if (waiting[i] != 0) left.insert(i);
  }
  while (!free.empty()) {
    const std::size_t done = free.back();
    free.pop_back();
    left.erase(done);
    for (std::size_t i : dependants[done]) {
      if (--waiting[i] == 0) free.push_back(i);
    }
  }
  return left;
}

// Names one circle in full: from any service left over, follow a dependency that is left over too
// until a service comes up again.
void check_no_circles(Loading& loading, const Names& index) {
  const std::vector<Service>& services = loading.config.services;
  const std::set<std::size_t> left = in_circles(services, index);
  if (left.empty()) return;
  std::vector<std::size_t> path = {*left.begin()};
  while (true) {
    const auto& depends_on = services[path.back()].depends_on;
    const auto next = std::ranges::find_if(depends_on, [&](const std::string& name) {
      const auto at = index.find(name);
      return at != index.end() && left.contains(at->second);
    });
    const std::size_t at = index.at(*next);
    const auto seen = std::ranges::find(path, at);
    if (seen != path.end()) {
      path.erase(path.begin(), seen);
      path.push_back(at);
      break;
    }
    path.push_back(at);
  }
  std::string text;
  for (std::size_t at : path) text += (text.empty() ? "" : " -> ") + services[at].name;
  const ServiceSource& source = loading.services[path.front()];
  loading.errors.add(
      item_named(source.depends_on, services[path[1]].name, *source.key),
      fmt::format("depends_on: services depend on each other in a circle: {}", text));
}

void check_formerly(Loading& loading, const Names& index) {
  std::map<std::string, std::string> owners;
  for (std::size_t i = 0; i < loading.services.size(); ++i) {
    const Service& service = loading.config.services[i];
    for (const std::string& old : service.formerly) {
      const Yaml& at = item_named(loading.services[i].formerly, old, *loading.services[i].key);
      if (!check_name(loading.errors, at, old, "a service")) continue;
      if (index.contains(old)) {
        loading.errors.add(at, fmt::format("formerly: \"{}\" is still the name of a service", old));
      } else if (const auto [owner, added] = owners.emplace(old, service.name); !added) {
        loading.errors.add(at,
                           fmt::format("formerly: service \"{}\" claims the name \"{}\" already",
                                       owner->second, old));
      }
    }
  }
}

}  // namespace

void read_services(Loading& loading, const YamlPtr& node) {
  if (!node) return;
  MapReader reader(loading.errors, node, "services");
  if (!reader.valid()) return;
  for (const YamlEntry& entry : node->entries) {
    if (entry.key->text.starts_with("x-")) continue;
    if (!check_name(loading.errors, *entry.key, entry.key->text, "a service")) continue;
    const auto [at, added] = loading.service_keys.emplace(entry.key->text, entry.key);
    if (!added) {
      loading.errors.add(*entry.key,
                         fmt::format("service \"{}\" is defined twice; the other one is "
                                     "at {}",
                                     entry.key->text, where(*entry.key, *at->second)));
      continue;
    }
    if (loading.service_keys.size() > kMaxServices) {
      loading.errors.add(*entry.key,
                         fmt::format("more than {} services; share them out over several "
                                     "exporters",
                                     kMaxServices));
      return;
    }
    read_service(loading, entry.key, entry.value);
  }
}

void check_service_links(Loading& loading) {
  Names index;
  for (std::size_t i = 0; i < loading.config.services.size(); ++i) {
    index.emplace(loading.config.services[i].name, i);
  }
  check_dependencies_exist(loading);
  check_no_circles(loading, index);
  check_formerly(loading, index);
}

}  // namespace exporter::config

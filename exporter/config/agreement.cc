// The published agreement and the private ones beside it. A private agreement is the published one
// with what it says differently: its zone, its policies, its objectives, the services it covers,
// its reaction targets.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxAgreements = 1000;
// Services times agreements: each pair is accounted for by itself.
constexpr std::size_t kMaxObjectives = 500'000;

Parsed<UnknownPolicy> parse_unknown_policy(std::string_view text) {
  if (text == "unproven") return UnknownPolicy::unproven;
  if (text == "bad") return UnknownPolicy::bad;
  if (text == "good") return UnknownPolicy::good;
  if (text == "excluded") return UnknownPolicy::excluded;
  return std::unexpected(
      fmt::format("\"{}\" is not a policy; choose unproven, bad, good or excluded", text));
}

Parsed<std::string> parse_period(std::string_view text) {
  if (text == "month") return std::string(text);
  return std::unexpected(fmt::format("\"{}\" is not a period; the only one is month", text));
}

std::vector<std::string> sorted_service_names(const Loading& loading) {
  std::vector<std::string> names;
  for (const Service& service : loading.config.services) names.push_back(service.name);
  std::ranges::sort(names);
  return names;
}

// `services: {api: {objective: 99.9%}}` and `covers: [api, smtp]`.
void read_private_services(Loading& loading, MapReader& reader,
                           const std::vector<std::string>& names, AgreementTerms& terms) {
  const auto known = [&](const Yaml& at, const std::string& name) {
    if (std::ranges::binary_search(names, name)) return true;
    loading.errors.add(
        at, fmt::format("there is no service \"{}\"{}", name, did_you_mean(name, names)));
    return false;
  };
  if (const YamlPtr covers = reader.find("covers")) {
    std::map<std::string, Objective> covered;
    for (const YamlPtr& item : as_list(covers)) {
      const auto name = scalar_text(loading.errors, *item, "covers");
      if (name && known(*item, *name)) covered[*name] = terms.objectives[*name];
    }
    terms.objectives = std::move(covered);
  }
  const YamlPtr services = reader.find("services");
  if (!services) return;
  MapReader map(loading.errors, services, fmt::format("services of {}", reader.what()));
  if (!map.valid()) return;
  for (const YamlEntry& entry : services->entries) {
    const std::string& name = entry.key->text;
    if (name.starts_with("x-") || !known(*entry.key, name)) continue;
    if (!terms.objectives.contains(name)) {
      loading.errors.add(*entry.key, fmt::format("service \"{}\" is not among those that {} covers",
                                                 name, reader.what()));
      continue;
    }
    MapReader own(loading.errors, entry.value,
                  fmt::format("service \"{}\" of {}", name, reader.what()));
    bool set = false;
    read_objective(own, terms.objectives[name], set);
    own.refuse("every", "the cadence belongs to the service; another cadence is another service");
    own.refuse("require", "what makes a slot good belongs to the service, not to an agreement");
    own.refuse("checks", "checks belong to the service, not to an agreement");
    own.finish();
  }
}

}  // namespace

bool check_name(Errors& errors, const Yaml& node, std::string_view name, std::string_view what) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  const bool sound =
      !name.empty() && name.size() <= 63 && kLetters.find(name.front()) != kLetters.npos &&
      std::ranges::all_of(
          name, [](char c) { return c == '-' || c == '_' || kLetters.find(c) != kLetters.npos; });
  if (sound) return true;
  errors.add(node, fmt::format("\"{}\" cannot be the name of {}: use lower-case letters, digits, - "
                               "and _, at most 63, beginning with a letter or digit",
                               name, what));
  return false;
}

void read_policies(MapReader& reader, AgreementTerms& terms) {
  reader.text("provider", terms.provider);
  reader.value("timezone", terms.timezone, [](std::string_view text) -> Parsed<std::string> {
    const auto zone = Zone::parse(text);
    if (!zone) return std::unexpected(zone.error());
    return zone->name();
  });
  reader.value("period", terms.period, parse_period);
  reader.value("unknown_slots", terms.unknown_slots, parse_unknown_policy);
  reader.boolean("exclude_maintenance", terms.exclude_maintenance);
  reader.seconds("notice", 0s, 24h * 366, terms.notice);
  reader.seconds("close_after", 0s, 24h * 28, terms.close_after);
}

void read_agreement(Loading& loading, const YamlPtr& node) {
  AgreementTerms terms;
  MapReader reader(loading.errors, node, "agreement");
  if (reader.text("name", terms.name)) {
    check_name(loading.errors, *reader.find("name"), terms.name, "an agreement");
  }
  read_policies(reader, terms);
  reader.refuse("objective", "set it under defaults: or on a service");
  reader.finish();
  loading.zone = Zone::parse(terms.timezone).value_or(Zone());
  loading.config.agreements.push_back(std::move(terms));
}

void read_private_agreements(Loading& loading, const YamlPtr& node) {
  if (!node) return;
  MapReader map(loading.errors, node, "private_agreements");
  if (!map.valid()) return;
  if (node->entries.size() > kMaxAgreements) {
    loading.errors.add(*node, fmt::format("more than {} private agreements", kMaxAgreements));
    return;
  }
  if (node->entries.size() * loading.config.services.size() > kMaxObjectives) {
    loading.errors.add(
        *node, fmt::format("{} private agreements over {} services are more than {} "
                           "pairs",
                           node->entries.size(), loading.config.services.size(), kMaxObjectives));
    return;
  }
  const std::vector<std::string> names = sorted_service_names(loading);
  for (const YamlEntry& entry : node->entries) {
    const std::string& name = entry.key->text;
    if (loading.errors.full()) return;
    if (name.starts_with("x-")) continue;
    if (!check_name(loading.errors, *entry.key, name, "an agreement")) continue;
    if (name == loading.config.agreements.front().name) {
      loading.errors.add(*entry.key,
                         fmt::format("\"{}\" is the name of the published agreement", name));
      continue;
    }
    AgreementTerms terms = loading.config.agreements.front();
    terms.name = name;
    MapReader reader(loading.errors, entry.value, fmt::format("private agreement \"{}\"", name));
    read_policies(reader, terms);
    read_private_services(loading, reader, names, terms);
    if (const YamlPtr reactions = reader.find("reactions")) {
      loading.private_reactions.push_back({name, reactions});
    }
    reader.finish();
    loading.config.agreements.push_back(std::move(terms));
  }
}

}  // namespace exporter::config

// The section `support`: what is promised about reactions, and where tickets are read from. This
// file puts its parts together; what they hold is checked once more by SupportRules, so that a
// Config that exists can be compiled.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/support_reading.h"
#include "exporter/ticket/support_rules.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxItems = 20;

void read_number_mail(MapReader& support, SupportTerms& terms) {
  const YamlPtr node = support.find("number_mail");
  if (!node) return;
  MapReader map(support.errors(), node, "number_mail");
  if (!map.valid()) return;
  std::chrono::seconds within{};
  if (map.seconds("within", 1s, 24h * 31, within)) terms.number_mail_within = within;
  if (!map.has("within")) {
    support.errors().add(*node, "number_mail: within: is missing; write it like within: 10m");
  }
  map.finish();
}

void read_checklist(MapReader& support, SupportTerms& terms) {
  if (!support.texts("checklist", terms.checklist)) return;
  const std::vector<YamlPtr> items = as_list(support.find("checklist"));
  if (items.size() > kMaxItems) {
    support.error("checklist", fmt::format("more than {} items", kMaxItems));
    return;
  }
  for (auto item = items.begin(); item != items.end(); ++item) {
    const std::string& name = (*item)->text;
    if (!check_name(support.errors(), **item, name, "an item of the checklist")) continue;
    const bool again = std::any_of(items.begin(), item,
                                   [&](const YamlPtr& before) { return before->text == name; });
    if (again) support.errors().add(**item, fmt::format("checklist: \"{}\" is listed twice", name));
  }
}

void read_kept(MapReader& support, Support& out) {
  if (support.value("retention", out.retention, parse_retention) && out.retention < 24h * 62) {
    // Shorter, and the month that is being closed could no longer be recomputed.
    support.error("retention", "tickets must be kept for at least 62d, two whole months");
  }
}

// Whoever reads tickets or tells somebody of them needs a promise to measure them by.
void check_levels_exist(MapReader& support, const SupportTerms& terms) {
  if (!terms.levels.empty() || support.has("levels")) return;
  for (const char* key : {"sources", "notices", "number_mail", "checklist"}) {
    if (support.node().find(key) == nullptr) continue;
    support.errors().add(
        support.place(key),
        fmt::format("{}: there are no levels; add levels: with what is promised, such as "
                    "levels: {{first: {{react_within: 4 business hours}}}}",
                    key));
    return;
  }
}

}  // namespace

bool check_known(Errors& errors, const Yaml& at, std::string_view kind, const std::string& name,
                 const std::vector<std::string>& known) {
  if (std::ranges::find(known, name) != known.end()) return true;
  const std::string hint = did_you_mean(name, known);
  const bool list = hint.empty() && !known.empty() && known.size() <= kMaxItems;
  errors.add(at, fmt::format("there is no {} \"{}\"{}", kind, name,
                             list ? fmt::format("; there is {}", join_names(known)) : hint));
  return false;
}

std::vector<std::string> calendar_names(const Support& support) {
  std::vector<std::string> names;
  for (const CalendarTerms& calendar : support.terms.calendars) names.push_back(calendar.name);
  return names;
}

std::vector<std::string> level_names(const Support& support) {
  std::vector<std::string> names;
  for (const LevelTerms& level : support.terms.levels) names.push_back(level.name);
  return names;
}

void read_support(Loading& loading, const YamlPtr& node) {
  Support& support = loading.config.support;
  MapReader reader(loading.errors, node, "support");
  if (!reader.valid()) return;
  const std::size_t errors_before = loading.errors.size();
  read_support_calendars(loading, reader);
  read_support_levels(loading, reader);
  read_number_mail(reader, support.terms);
  read_checklist(reader, support.terms);
  read_kept(reader, support);
  read_support_sources(loading, reader);
  read_support_notices(loading, reader);
  reader.finish();
  check_levels_exist(reader, support.terms);
  const bool empty = support.terms.calendars.empty() && support.terms.levels.empty();
  if (loading.errors.size() != errors_before || empty) return;
  if (const auto rules = SupportRules::compile(support.terms); !rules) {
    loading.errors.add(*node, fmt::format("support: {}", rules.error()));
  }
}

}  // namespace exporter::config

// Times are Unix seconds and durations seconds in the JSON. A key this program does not know is
// damage or a later program's: it is refused by the schema version before it comes here.
#include "exporter/ledger/entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/sla/canonical.h"

namespace exporter::ledger {
namespace {

using nlohmann::json;

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }

Seconds seconds(const json& value) {
  return Seconds(std::chrono::seconds(value.get<std::int64_t>()));
}

// What a person typed may not be UTF-8; it is kept as far as it is.
Entry entry(std::string_view kind, const json& body) {
  return {std::string(kind), body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

// --- each kind, from JSON ----------------------------------------------------------------------

void add_service(Register& registry, const json& body) {
  registry.names.push_back({false, body.at("id").get<std::uint32_t>(), 0, body.at("name")});
}

void add_check(Register& registry, const json& body) {
  registry.names.push_back({true, body.at("id").get<std::uint32_t>(),
                            body.at("service").get<std::uint32_t>(), body.at("name")});
}

void add_plan(Register& registry, const json& body) {
  PlanRecord plan;
  plan.service = body.at("service");
  plan.from = seconds(body.at("from"));
  plan.terms.every = std::chrono::seconds(body.at("every").get<std::int64_t>());
  plan.terms.require = body.at("require");
  plan.terms.degraded_is_good = body.at("degraded_is_good");
  plan.counting_checks = body.at("counting_checks").get<std::vector<std::string>>();
  plan.removed = body.at("removed");
  plan.formerly = body.at("formerly");
  registry.plans.push_back(std::move(plan));
}

void add_terms(Register& registry, const json& body) {
  auto terms = parse_terms(body.at("terms").get<std::string>());
  if (!terms) throw std::runtime_error(terms.error());
  terms->committed = seconds(body.at("committed"));
  terms->hash = body.at("hash");
  terms->signed_by = body.at("signed_by");
  registry.terms.push_back(*std::move(terms));
}

void add_window(Register& registry, const json& body) {
  RecordedWindow known;
  MaintenanceWindow& window = known.window;
  window.id = body.at("id");
  window.services = body.at("services").get<std::vector<std::string>>();
  window.agreements = body.at("agreements").get<std::vector<std::string>>();
  window.from = seconds(body.at("from"));
  window.to = seconds(body.at("to"));
  if (!body.at("announced").is_null()) window.announced = seconds(body.at("announced"));
  window.summary = body.at("summary");
  known.first_seen = seconds(body.at("first_seen"));
  if (!body.at("withdrawn").is_null()) known.withdrawn = seconds(body.at("withdrawn"));

  const auto same = [&known](const RecordedWindow& other) {
    return other.window == known.window && other.first_seen == known.first_seen;
  };
  const auto found = std::ranges::find_if(registry.windows, same);
  if (found == registry.windows.end()) {
    registry.windows.push_back(std::move(known));
    return;
  }
  found->withdrawn = known.withdrawn;
}

void add_correction(Register& registry, const json& body) {
  Correction correction;
  correction.id = body.at("id");
  correction.committed = seconds(body.at("committed"));
  correction.by = body.at("by");
  correction.why = body.at("why");
  correction.service = body.at("service");
  correction.agreements = body.at("agreements").get<std::vector<std::string>>();
  correction.from = seconds(body.at("from"));
  correction.to = seconds(body.at("to"));
  const std::string verdict = body.at("verdict");
  const std::array all = {Verdict::good, Verdict::bad, Verdict::unknown, Verdict::excluded};
  const auto found = std::ranges::find(all, verdict, [](Verdict each) { return name_of(each); });
  if (found == all.end()) throw std::runtime_error("there is no verdict '" + verdict + "'");
  correction.verdict = *found;
  registry.corrections.push_back(std::move(correction));
}

void add_statement(Register& registry, const json& body) {
  Statement statement;
  statement.agreement = body.at("agreement");
  statement.year = body.at("year");
  statement.month = body.at("month");
  statement.revision = body.at("revision");
  statement.closed = body.at("closed");
  statement.committed = seconds(body.at("committed"));
  statement.json = body.at("json");
  statement.previous_hash = body.at("previous_hash");
  statement.hash = body.at("hash");
  registry.statements.push_back(std::move(statement));
}

void add_gap(Register& registry, const json& body) {
  registry.gaps.push_back({seconds(body.at("committed")), seconds(body.at("from")),
                           seconds(body.at("to")), body.at("by"), body.at("why")});
}

struct Kind {
  std::string_view name;
  void (*add)(Register& registry, const json& body);
};
constexpr std::array kKinds = {
    Kind{"service", add_service},     Kind{"check", add_check},
    Kind{"plan", add_plan},           Kind{"terms", add_terms},
    Kind{"window", add_window},       Kind{"correction", add_correction},
    Kind{"statement", add_statement}, Kind{"gap", add_gap},
};

json optional_time(const std::optional<Seconds>& at) { return at ? json(number(*at)) : json(); }

}  // namespace

Entry to_entry(const NameEntry& name) {
  if (!name.is_check) return entry("service", {{"id", name.id}, {"name", name.name}});
  return entry("check", {{"id", name.id}, {"service", name.service}, {"name", name.name}});
}

Entry to_entry(const PlanRecord& plan) {
  return entry("plan", {{"service", plan.service},
                        {"from", number(plan.from)},
                        {"every", plan.terms.every.count()},
                        {"require", plan.terms.require},
                        {"degraded_is_good", plan.terms.degraded_is_good},
                        {"counting_checks", plan.counting_checks},
                        {"removed", plan.removed},
                        {"formerly", plan.formerly}});
}

Entry to_entry(const TermsRecord& terms) {
  return entry("terms", {{"terms", canonical_json(terms)},
                         {"committed", number(terms.committed)},
                         {"hash", terms.hash},
                         {"signed_by", terms.signed_by}});
}

Entry to_entry(const RecordedWindow& known) {
  const MaintenanceWindow& window = known.window;
  return entry("window", {{"id", window.id},
                          {"services", window.services},
                          {"agreements", window.agreements},
                          {"from", number(window.from)},
                          {"to", number(window.to)},
                          {"announced", optional_time(window.announced)},
                          {"summary", window.summary},
                          {"first_seen", number(known.first_seen)},
                          {"withdrawn", optional_time(known.withdrawn)}});
}

Entry to_entry(const Correction& correction) {
  return entry("correction", {{"id", correction.id},
                              {"committed", number(correction.committed)},
                              {"by", correction.by},
                              {"why", correction.why},
                              {"service", correction.service},
                              {"agreements", correction.agreements},
                              {"from", number(correction.from)},
                              {"to", number(correction.to)},
                              {"verdict", name_of(correction.verdict)}});
}

Entry to_entry(const Statement& statement) {
  return entry("statement", {{"agreement", statement.agreement},
                             {"year", statement.year},
                             {"month", statement.month},
                             {"revision", statement.revision},
                             {"closed", statement.closed},
                             {"committed", number(statement.committed)},
                             {"json", statement.json},
                             {"previous_hash", statement.previous_hash},
                             {"hash", statement.hash}});
}

Entry to_entry(const GapAcceptance& gap) {
  return entry("gap", {{"committed", number(gap.committed)},
                       {"from", number(gap.from)},
                       {"to", number(gap.to)},
                       {"by", gap.by},
                       {"why", gap.why}});
}

std::expected<void, std::string> add_entry(Register& registry, std::string_view kind,
                                           std::string_view body) {
  const auto known = std::ranges::find(kKinds, kind, &Kind::name);
  if (known == kKinds.end()) {
    return std::unexpected(fmt::format("an entry has the unknown kind '{}'", kind));
  }
  // The library reports by exception; the checksum matched, so this is a program's mistake.
  try {
    known->add(registry, json::parse(body));
    return {};
  } catch (const std::exception& error) {
    return std::unexpected(
        fmt::format("an entry of kind {} cannot be read: {}", kind, error.what()));
  }
}

bool same_gap(const GapAcceptance& a, const GapAcceptance& b) {
  return a.committed == b.committed && a.from == b.from && a.to == b.to && a.by == b.by &&
         a.why == b.why;
}

}  // namespace exporter::ledger

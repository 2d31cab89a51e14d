// Canonical JSON through nlohmann's default object, whose keys are ordered by their bytes.
#include "exporter/sla/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/sla/digest.h"

namespace exporter {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kPolicyNames = {"unproven", "bad", "good", "excluded"};

json to_json(const AgreementTerms& terms) {
  json objectives = json::object();
  for (const auto& [service, objective] : terms.objectives) {
    objectives[service] = objective.parts_per_million;
  }
  return json{{"close_after", terms.close_after.count()},
              {"exclude_maintenance", terms.exclude_maintenance},
              {"name", terms.name},
              {"notice", terms.notice.count()},
              {"objectives", objectives},
              {"period", terms.period},
              {"provider", terms.provider},
              {"timezone", terms.timezone},
              {"unknown_slots", name_of(terms.unknown_slots)}};
}

json to_json(const ServiceTerms& terms) {
  return json{{"degraded_is_good", terms.degraded_is_good},
              {"every", terms.every.count()},
              {"require", terms.require}};
}

AgreementTerms agreement_from(const json& value) {
  AgreementTerms terms;
  terms.close_after = std::chrono::seconds(value.at("close_after").get<std::int64_t>());
  terms.exclude_maintenance = value.at("exclude_maintenance").get<bool>();
  terms.name = value.at("name").get<std::string>();
  terms.notice = std::chrono::seconds(value.at("notice").get<std::int64_t>());
  for (const auto& [service, objective] : value.at("objectives").items()) {
    terms.objectives[service] = Objective{objective.get<std::int64_t>()};
  }
  terms.period = value.at("period").get<std::string>();
  terms.provider = value.at("provider").get<std::string>();
  terms.timezone = value.at("timezone").get<std::string>();
  const auto policy = std::ranges::find(kPolicyNames, value.at("unknown_slots").get<std::string>());
  if (policy == kPolicyNames.end()) throw std::runtime_error("unknown_slots has no such policy");
  terms.unknown_slots = static_cast<UnknownPolicy>(policy - kPolicyNames.begin());
  return terms;
}

ServiceTerms service_from(const json& value) {
  ServiceTerms terms;
  terms.degraded_is_good = value.at("degraded_is_good").get<bool>();
  terms.every = std::chrono::seconds(value.at("every").get<std::int64_t>());
  terms.require = value.at("require").get<int>();
  return terms;
}

}  // namespace

std::string_view name_of(UnknownPolicy policy) {
  return kPolicyNames[static_cast<std::size_t>(policy)];
}

std::string canonical_json(const TermsRecord& record) {
  json services = json::object();
  for (const auto& [name, terms] : record.services) services[name] = to_json(terms);
  return json{{"agreement", to_json(record.terms)},
              {"from", record.from.time_since_epoch().count()},
              {"services", services},
              {"tzdata_version", record.tzdata_version}}
      .dump();
}

std::string terms_hash(const TermsRecord& record) { return sha256_hex(canonical_json(record)); }

std::expected<TermsRecord, std::string> parse_terms(std::string_view text) {
  // The library reports by exception; here that is only a text nobody wrote with this program.
  try {
    const json value = json::parse(text);
    TermsRecord record;
    record.terms = agreement_from(value.at("agreement"));
    record.from = Seconds(std::chrono::seconds(value.at("from").get<std::int64_t>()));
    for (const auto& [name, terms] : value.at("services").items()) {
      record.services[name] = service_from(terms);
    }
    record.tzdata_version = value.at("tzdata_version").get<std::string>();
    return record;
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("terms cannot be read: {}", error.what()));
  }
}

std::string statement_hash(const Statement& statement) {
  return sha256_hex(fmt::format("{}\n{:04}-{:02}\n{}\n{}\n{}\n{}", statement.agreement,
                                statement.year, statement.month, statement.revision,
                                statement.closed ? "closed" : "provisional",
                                statement.previous_hash, statement.json));
}

}  // namespace exporter

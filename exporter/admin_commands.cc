#include "exporter/admin_commands.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/sources/correction_text.h"

namespace exporter {
namespace {

using nlohmann::json;

using ReadCommand = std::expected<AdminCommand, std::string>;

std::optional<Verdict> verdict_named(const std::string& name) {
  for (Verdict verdict : {Verdict::good, Verdict::bad, Verdict::unknown, Verdict::excluded}) {
    if (name_of(verdict) == name) return verdict;
  }
  return std::nullopt;
}

std::string refused(const std::string& error) {
  return json{{"ok", false}, {"error", error}}.dump();
}

Seconds instant(const json& value) {
  return Seconds(std::chrono::seconds(value.get<std::int64_t>()));
}

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }

ReadCommand read_correction(const json& request) {
  Correction correction;
  correction.by = request.at("by").get<std::string>();
  correction.why = request.at("why").get<std::string>();
  correction.service = request.at("service").get<std::string>();
  correction.agreements = request.value("agreements", std::vector<std::string>{});
  correction.from = instant(request.at("from"));
  correction.to = instant(request.at("to"));
  std::string verdict = request.at("verdict").get<std::string>();
  std::optional<Verdict> named = verdict_named(verdict);
  if (!named)
    return std::unexpected("verdict '" + verdict + "' is not one of good, bad, unknown, excluded");
  correction.verdict = *named;
  if (correction.by.empty() || correction.why.empty())
    return std::unexpected("a correction needs who (--by) and why (--why)");
  if (correction.from >= correction.to)
    return std::unexpected("the range is empty: --from must be before --to");
  return correction;
}

ReadCommand read_terms_now(const json& request) {
  return TakeTerms{.agreement = request.at("agreement").get<std::string>(),
                   .by = request.at("by").get<std::string>(),
                   .why = request.at("why").get<std::string>()};
}

ReadCommand read_support_terms_now(const json& request) {
  return TakeSupportTerms{.by = request.at("by").get<std::string>(),
                          .why = request.at("why").get<std::string>()};
}

ReadCommand read_window(const json& request) {
  MaintenanceWindow window;
  window.id = request.at("id").get<std::string>();
  window.services = request.value("services", std::vector<std::string>{});
  window.agreements = request.value("agreements", std::vector<std::string>{});
  window.from = instant(request.at("from"));
  window.to = instant(request.at("to"));
  window.summary = request.value("summary", "");
  if (request.contains("announced")) window.announced = instant(request["announced"]);
  if (window.id.empty()) return std::unexpected("a maintenance window needs an id");
  return window;
}

ReadCommand read_withdrawal(const json& request) {
  WithdrawWindows command{.ids = request.at("ids").get<std::vector<std::string>>()};
  if (command.ids.empty()) return std::unexpected("no maintenance window is named");
  return command;
}

// The source may be left out where there is only one, which the desk knows.
ReadCommand read_ticket_correction(const json& request) {
  TicketCorrection correction;
  const std::string action = request.at("action").get<std::string>();
  const auto named = correction_action(action);
  if (!named)
    return std::unexpected("action '" + action + "' is not one of void, reacted-at, region, level");
  correction.action = *named;
  correction.source = request.value("source", "");
  correction.ticket = request.at("ticket").get<std::string>();
  correction.level = request.value("level", "");
  correction.instance = request.value("instance", 1);
  correction.calendar = request.value("calendar", "");
  if (request.contains("at")) correction.at = instant(request["at"]);
  correction.by = request.at("by").get<std::string>();
  correction.why = request.at("why").get<std::string>();
  return correction;
}

// One line a command.
constexpr std::array<std::pair<std::string_view, ReadCommand (*)(const json&)>, 6> kCommands = {{
    {"correct", read_correction},
    {"terms-now", read_terms_now},
    {"maintenance-add", read_window},
    {"maintenance-withdraw", read_withdrawal},
    {"ticket-correct", read_ticket_correction},
    {"support-terms-now", read_support_terms_now},
}};

ReadCommand read_command(const json& request) {
  const std::string name = request.at("command").get<std::string>();
  const auto found =
      std::ranges::find(kCommands, name, [](const auto& command) { return command.first; });
  if (found != kCommands.end()) return found->second(request);
  return std::unexpected("the command '" + name + "' is not known to this version of the daemon");
}

json request_of(const Correction& correction) {
  return json{{"command", "correct"},
              {"service", correction.service},
              {"from", number(correction.from)},
              {"to", number(correction.to)},
              {"verdict", name_of(correction.verdict)},
              {"agreements", correction.agreements},
              {"by", correction.by},
              {"why", correction.why}};
}

json request_of(const TakeTerms& terms) {
  return json{{"command", "terms-now"},
              {"agreement", terms.agreement},
              {"by", terms.by},
              {"why", terms.why}};
}

json request_of(const TakeSupportTerms& terms) {
  return json{{"command", "support-terms-now"}, {"by", terms.by}, {"why", terms.why}};
}

json request_of(const MaintenanceWindow& window) {
  json request{{"command", "maintenance-add"}, {"id", window.id},
               {"services", window.services},  {"agreements", window.agreements},
               {"from", number(window.from)},  {"to", number(window.to)},
               {"summary", window.summary}};
  if (window.announced) request["announced"] = number(*window.announced);
  return request;
}

json request_of(const WithdrawWindows& windows) {
  return json{{"command", "maintenance-withdraw"}, {"ids", windows.ids}};
}

json request_of(const TicketCorrection& correction) {
  json request{{"command", "ticket-correct"},
               {"action", name_of(correction.action)},
               {"source", correction.source},
               {"ticket", correction.ticket},
               {"level", correction.level},
               {"instance", correction.instance},
               {"calendar", correction.calendar},
               {"by", correction.by},
               {"why", correction.why}};
  if (correction.at) request["at"] = number(*correction.at);
  return request;
}

}  // namespace

std::string admin_request_of(const AdminCommand& command) {
  const auto request_of_one = [](const auto& each) { return request_of(each); };
  const json request =
      std::visit([&](const auto& half) { return std::visit(request_of_one, half); }, command);
  return request.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string answer_admin_request(
    const std::string& request,
    const std::function<std::expected<std::string, std::string>(AdminCommand)>& execute) {
  json parsed = json::parse(request, nullptr, false);
  if (!parsed.is_object()) return refused("the request is not a JSON object");
  if (parsed.value("command", json()) == "ping")
    return json{{"ok", true}, {"message", "pong"}}.dump();
  ReadCommand command;
  try {
    command = read_command(parsed);
  } catch (const json::exception& wrong) {
    return refused(std::string("the request is incomplete or has a wrong type: ") + wrong.what());
  }
  if (!command) return refused(command.error());
  std::expected<std::string, std::string> result = execute(std::move(*command));
  if (!result) return refused(result.error());
  return json{{"ok", true}, {"message", *result}}.dump();
}

}  // namespace exporter

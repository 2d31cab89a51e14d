#include "exporter/admin_commands.h"

#include <nlohmann/json.hpp>

namespace exporter {
namespace {

using nlohmann::json;

std::optional<Verdict> verdict_named(const std::string& name) {
  for (Verdict verdict : {Verdict::good, Verdict::bad, Verdict::unknown, Verdict::excluded}) {
    if (name_of(verdict) == name) return verdict;
  }
  return std::nullopt;
}

std::string refused(const std::string& error) {
  return json{{"ok", false}, {"error", error}}.dump();
}

std::expected<Correction, std::string> read_correction(const json& request) {
  Correction correction;
  correction.by = request.at("by").get<std::string>();
  correction.why = request.at("why").get<std::string>();
  correction.service = request.at("service").get<std::string>();
  correction.agreements = request.value("agreements", std::vector<std::string>{});
  correction.from = Seconds(std::chrono::seconds(request.at("from").get<std::int64_t>()));
  correction.to = Seconds(std::chrono::seconds(request.at("to").get<std::int64_t>()));
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

std::expected<AdminCommand, std::string> read_command(const json& request) {
  AdminCommand command;
  std::string name = request.at("command").get<std::string>();
  if (name == "correct") {
    auto correction = read_correction(request);
    if (!correction) return std::unexpected(correction.error());
    command.correction = std::move(*correction);
    return command;
  }
  if (name != "terms-now")
    return std::unexpected("the command '" + name + "' is not known to this version of the daemon");
  command.agreement = request.at("agreement").get<std::string>();
  command.by = request.at("by").get<std::string>();
  command.why = request.at("why").get<std::string>();
  return command;
}

}  // namespace

std::string answer_admin_request(
    const std::string& request,
    const std::function<std::expected<std::string, std::string>(AdminCommand)>& execute) {
  json parsed = json::parse(request, nullptr, false);
  if (!parsed.is_object()) return refused("the request is not a JSON object");
  if (parsed.value("command", json()) == "ping")
    return json{{"ok", true}, {"message", "pong"}}.dump();
  std::expected<AdminCommand, std::string> command;
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

// Renders and obeys. Writes come from forms of this very page or from programs: a request whose
// Origin is another page is refused, so that no web site can press the buttons of somebody's demo.
#include "exporter/demo/control.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "exporter/demo/site.h"

namespace exporter::demo {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormPrefix = "/services/";
constexpr std::string_view kApiPrefix = "/api/services/";
constexpr std::string_view kApiSuffix = "/mode";
constexpr std::string_view kHelpDesk = "help-desk";
constexpr std::string_view kNobodyAnswers = "nobody answers its tickets";

HttpReply json(int status, const Json& value) {
  return {.status = status, .content_type = "application/json", .body = value.dump(2) + "\n"};
}

HttpReply json_error(int status, std::string_view message) {
  return json(status, {{"error", std::string(message)}});
}

HttpReply html_error(int status, std::string_view message) {
  return {.status = status,
          .body = page("Not done",
                       fmt::format("<h1>Not done</h1><p>{}</p><p><a href=\"/\">Back</a></p>",
                                   escape_html(message)))};
}

std::string what_is_wrong(Service service, Mode mode) {
  if (mode == Mode::error) return std::string(row_of(service).error);
  return std::string(row_of(mode).meaning);
}

// A tick or a cross and words beside the colour, because colour alone tells not everybody.
std::string status_line(const ServiceState& state) {
  if (state.mode == Mode::slow) {
    return fmt::format("<span class=\"fair\">△ degraded: {}</span>", row_of(state.mode).meaning);
  }
  if (state.mode == Mode::up) return R"(<span class="good">✓ works</span>)";
  return fmt::format("<span class=\"bad\">✗ broken: {}</span>",
                     escape_html(what_is_wrong(state.service, state.mode)));
}

std::string buttons(const ServiceState& state) {
  std::string text;
  for (const ModeName& mode : kModes) {
    text +=
        fmt::format("<button name=\"mode\" value=\"{}\" aria-pressed=\"{}\"{}>{}</button>\n",
                    mode.name, mode.mode == state.mode && mode.mode != Mode::up ? "true" : "false",
                    mode.mode == Mode::up && state.mode != Mode::up ? " class=\"heal\"" : "",
                    escape_html(mode.label));
  }
  return text;
}

std::string card(const ServiceState& state) {
  const ServiceName& row = row_of(state.service);
  const std::string address = escape_html(state.address);
  const std::string where = state.address.starts_with("http")
                                ? fmt::format("<a href=\"{0}\">{0}</a>", address)
                                : fmt::format("<code>{}</code>", address);
  return fmt::format(
      "<section class=\"card\" id=\"{0}\" aria-labelledby=\"{0}-title\">\n"
      "<div class=\"head\"><h2 id=\"{0}-title\">{1}</h2>{2}</div>\n"
      "<p>{3}</p>\n<p class=\"soft\">{4} · asked {5} times</p>\n"
      "<form method=\"post\" action=\"/services/{0}\" aria-label=\"{1}\">\n{6}</form></section>\n",
      row.name, escape_html(row.title), status_line(state), escape_html(row.description), where,
      state.asked, buttons(state));
}

std::string help_desk_card(const HelpDesk& desk) {
  const std::string_view state =
      desk.answers() ? R"(<span class="good">✓ works</span>)"
                     : R"(<span class="bad">✗ broken: nobody answers its tickets</span>)";
  return fmt::format(
      "<section class=\"card\" id=\"{0}\" aria-labelledby=\"{0}-title\">\n"
      "<div class=\"head\"><h2 id=\"{0}-title\">Help desk</h2>{1}</div>\n"
      "<p>Some tickets a minute, answered by people of three levels. Two minutes without an answer "
      "are a broken promise.</p>\n"
      "<form method=\"post\" action=\"/services/{0}\" aria-label=\"Help desk\">\n"
      "<button name=\"mode\" value=\"up\"{2}>Heal</button>\n"
      "<button name=\"mode\" value=\"silent\" aria-pressed=\"{3}\">Nobody answers</button>\n"
      "</form></section>\n",
      kHelpDesk, state, desk.answers() ? "" : " class=\"heal\"", !desk.answers());
}

// Says what the last button did. The words come from our tables, never from the address.
std::string notice(const HttpRequest& request) {
  const auto service = request.form.find("service");
  const auto mode = request.form.find("mode");
  if (service == request.form.end() || mode == request.form.end()) return {};
  const auto known_service = service_named(service->second);
  const auto known_mode = mode_named(mode->second);
  if (known_mode && service->second == kHelpDesk) {
    return fmt::format("<p role=\"status\">Help desk: {}.</p>\n",
                       *known_mode == Mode::up ? row_of(Mode::up).meaning : kNobodyAnswers);
  }
  if (!known_mode || (!known_service && service->second != "all")) return {};
  const std::string_view who = known_service ? row_of(*known_service).title : "Everything";
  const std::string what = known_service ? what_is_wrong(*known_service, *known_mode)
                                         : std::string(row_of(*known_mode).meaning);
  return fmt::format("<p role=\"status\">{}: {}.</p>\n", escape_html(who), escape_html(what));
}

HttpReply control_page(const ControlPanel& panel, const HttpRequest& request) {
  std::string body = "<h1>Break the demo company</h1>\n" + notice(request);
  body += "<p>Five services, each on a port of its own. Break one and watch its budget burn";
  if (!panel.exporter_url.empty()) {
    body += fmt::format(
        " in the <a href=\"{0}\">exporter</a> or on its <a href=\"{0}metrics\">/metrics</a>",
        escape_html(panel.exporter_url));
  }
  body += ". A slot is judged when it has ended, so give it a moment.</p>\n";
  body +=
      "<form method=\"post\" action=\"/services/all\"><button class=\"heal\" name=\"mode\" "
      "value=\"up\">"
      "Heal everything</button></form>\n";
  for (const ServiceState& state : panel.state()) body += card(state);
  if (panel.help_desk) body += help_desk_card(*panel.help_desk);
  body +=
      "<p class=\"soft\">For scripts: <code>GET /api/state</code>, "
      "<code>POST /api/services/&lt;name&gt;/mode</code> with <code>{\"mode\": "
      "\"error\"}</code>.</p>";
  return {
      .body = page("Break the demo company", body),
      .headers = {
          {"Content-Security-Policy",
           "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
           "frame-ancestors 'none'"},
          {"Cache-Control", "no-store"}}};
}

HttpReply state_as_json(const ControlPanel& panel) {
  Json services = Json::array();
  for (const ServiceState& state : panel.state()) {
    services.push_back({{"name", row_of(state.service).name},
                        {"title", row_of(state.service).title},
                        {"address", state.address},
                        {"mode", row_of(state.mode).name},
                        {"asked", state.asked}});
  }
  Json state = {{"services", services}};
  if (panel.help_desk) {
    const Mode mode = panel.help_desk->answers() ? Mode::up : Mode::silent;
    state["help_desk"] = {{"name", kHelpDesk}, {"mode", row_of(mode).name}};
  }
  return json(200, state);
}

std::expected<void, std::string> change_help_desk(HelpDesk& desk, Mode mode) {
  if (mode != Mode::up && mode != Mode::silent) {
    return std::unexpected(
        fmt::format("{} knows no mode \"{}\"; it has up and silent", kHelpDesk, row_of(mode).name));
  }
  desk.set_answers(mode == Mode::up);
  return {};
}

// "all" is every service and the help desk, as far as it can; otherwise one. Stops at the first
// that cannot change.
std::expected<void, std::string> change(const ControlPanel& panel, const std::string& name,
                                        const std::string& mode) {
  const auto known_mode = mode_named(mode);
  if (!known_mode)
    return std::unexpected(fmt::format("unknown mode \"{}\"; known are {}", mode, mode_names()));
  if (panel.help_desk && name == kHelpDesk) return change_help_desk(*panel.help_desk, *known_mode);
  const auto known_service = service_named(name);
  if (!known_service && name != "all") {
    const std::string_view also = panel.help_desk ? ", help-desk" : "";
    return std::unexpected(
        fmt::format("unknown service \"{}\"; known are {}{}, or all", name, service_names(), also));
  }
  for (const ServiceName& row : kServices) {
    if (known_service && row.service != *known_service) continue;
    if (auto changed = panel.set_mode(row.service, *known_mode); !changed) return changed;
  }
  if (panel.help_desk && !known_service)
    static_cast<void>(change_help_desk(*panel.help_desk, *known_mode));
  return {};
}

HttpReply change_by_form(const ControlPanel& panel, const HttpRequest& request) {
  const std::string name = request.path.substr(kFormPrefix.size());
  const auto mode = request.form.find("mode");
  if (mode == request.form.end()) return html_error(400, "The form has no field named mode.");
  if (const auto changed = change(panel, name, mode->second); !changed)
    return html_error(400, changed.error());
  // Both are names out of our tables by now, so they may stand in a header.
  const std::string anchor = name == "all" ? "" : "#" + name;
  return {
      .status = 303,
      .content_type = "",
      .headers = {{"Location", fmt::format("/?service={}&mode={}{}", name, mode->second, anchor)}}};
}

HttpReply change_by_json(const ControlPanel& panel, const HttpRequest& request) {
  const std::size_t length = request.path.size() - kApiPrefix.size() - kApiSuffix.size();
  const std::string name = request.path.substr(kApiPrefix.size(), length);
  const Json order = Json::parse(request.body, nullptr, false);
  if (!order.is_object() || !order.contains("mode") || !order["mode"].is_string()) {
    return json_error(400, "expected a body such as {\"mode\": \"error\"}");
  }
  if (const auto changed = change(panel, name, order["mode"].get<std::string>()); !changed) {
    return json_error(changed.error().starts_with("unknown service") ? 404 : 400, changed.error());
  }
  return state_as_json(panel);
}

bool comes_from_elsewhere(const HttpRequest& request) {
  const auto origin = request.headers.find("origin");
  const auto host = request.headers.find("host");
  if (origin == request.headers.end()) return false;
  return host == request.headers.end() || origin->second != "http://" + host->second;
}

}  // namespace

HttpReply control(const ControlPanel& panel, const HttpRequest& request) {
  const bool reading = request.method != "POST";
  if (reading && request.path == "/") return control_page(panel, request);
  if (reading && request.path == "/api/state") return state_as_json(panel);

  const bool by_form = request.path.starts_with(kFormPrefix);
  const bool by_json = request.path.starts_with(kApiPrefix) && request.path.ends_with(kApiSuffix) &&
                       request.path.size() > kApiPrefix.size() + kApiSuffix.size();
  if (!by_form && !by_json) return html_error(404, "There is no such page.");
  if (reading) return html_error(405, "This address is for POST.");
  if (comes_from_elsewhere(request)) return html_error(403, "The request comes from another page.");
  return by_form ? change_by_form(panel, request) : change_by_json(panel, request);
}

}  // namespace exporter::demo

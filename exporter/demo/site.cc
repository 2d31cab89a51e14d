// The pages and JSON of the demo company.
#include "exporter/demo/site.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace exporter::demo {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;
--accent:#0550ae;--on-accent:#fff;--good:#116329;--fair:#7d4e00;--bad:#a40e26}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9aa4af;--line:#30363d;
--card:#161b22;--accent:#79b8ff;--on-accent:#0d1117;--good:#56d364;--fair:#e3b341;--bad:#ff9492}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:0}
a{color:var(--accent)}p{margin:.4rem 0}code{font-size:.95em}
nav a{margin-right:1rem}
.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:1rem 0}
.head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;justify-content:space-between}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}
.fair{color:var(--fair);font-weight:600}
form{display:flex;flex-wrap:wrap;gap:.5rem;margin:.75rem 0 0}
label{display:block;width:100%}
button,input{font:inherit;padding:.4rem .8rem;border-radius:.4rem;border:1px solid var(--soft);
background:var(--paper);color:var(--ink);min-height:2.5rem}
button{cursor:pointer}button:hover{border-color:var(--accent)}
button[aria-pressed=true]{border:2px solid var(--bad);font-weight:600}
button.heal{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[role=status]{border-left:.3rem solid var(--accent);padding:.5rem .75rem;background:var(--card)}
)css";

constexpr std::string_view kSiteNavigation =
    R"(<nav aria-label="Main"><a href="/">Home</a><a href="/faq">FAQ</a></nav>)";

HttpReply html(int status, std::string_view title, std::string_view body) {
  return {.status = status, .body = page(title, body)};
}

HttpReply json(int status, const Json& value) {
  return {.status = status, .content_type = "application/json", .body = value.dump() + "\n"};
}

HttpReply see_other(std::string location) {
  return {.status = 303, .content_type = "", .headers = {{"Location", std::move(location)}}};
}

HttpReply page_not_found() {
  return html(404, "Page not found",
              R"(<h1>Page not found</h1><p><a href="/">Back to the start</a></p>)");
}

HttpReply call_not_found(const HttpRequest& request) {
  return json(404, {{"error", "not_found"}, {"path", request.path}});
}

std::string header(const HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

HttpReply website(const HttpRequest& request) {
  if (request.path == "/") {
    return html(
        200, "Demo company",
        fmt::format(
            "{}<h1>Letters that arrive</h1><p>The demo company sends newsletters, by mail and "
            "by text message. It exists only on this machine.</p>"
            "<p>Questions? See the <a href=\"/faq\">frequently asked questions</a>.</p>",
            kSiteNavigation));
  }
  if (request.path == "/faq") {
    return html(
        200, "FAQ - Demo company",
        fmt::format(
            "{}<h1>Frequently asked questions</h1>"
            "<h2>Is anything really sent?</h2><p>No. Every message is accepted and forgotten.</p>"
            "<h2>How is the service promised?</h2><p>99 % of each calendar month.</p>"
            "<h2>Who watches it?</h2><p>SLA Exporter, day and night.</p>",
            kSiteNavigation));
  }
  return page_not_found();
}

constexpr std::string_view kLoginForm = R"html(<h1>Sign in</h1>
<form method="post" action="/login">
<label>E-mail <input name="email" type="email" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button class="heal">Sign in</button></form>
<p class="soft">Any address; the password is <code>demo</code>.</p>)html";

HttpReply log_in(const HttpRequest& request, const Shop& shop) {
  if (request.method != "POST") return html(200, "Sign in", kLoginForm);
  const auto password = request.form.find("password");
  if (password == request.form.end() || password->second != kPassword) {
    return html(403, "Sign in",
                fmt::format("<p role=\"status\">Wrong password.</p>{}", kLoginForm));
  }
  HttpReply reply = see_other("/dashboard");
  reply.headers.emplace_back(
      "Set-Cookie", fmt::format("session={}; Path=/; HttpOnly; SameSite=Strict", shop.session));
  return reply;
}

HttpReply applications(const HttpRequest& request, const Shop& shop) {
  const bool logged_in =
      header(request, "cookie").find("session=" + shop.session) != std::string::npos;
  if (request.path == "/") return see_other(logged_in ? "/dashboard" : "/login");
  if (request.path == "/login") return log_in(request, shop);
  if (request.path != "/dashboard") return page_not_found();
  if (!logged_in) return see_other("/login");
  return html(
      200, "Dashboard",
      fmt::format(
          "<h1>Dashboard</h1><div class=\"card\"><h2>Messages</h2><p>{} queued by the API, {} text "
          "messages sent.</p></div>",
          shop.messages_queued, shop.sms_sent));
}

HttpReply api(const HttpRequest& request, Shop& shop) {
  if (request.path == "/v1/status") return json(200, {{"status", "ok"}, {"queue", "flowing"}});
  if (request.path != "/v1/messages") return call_not_found(request);
  if (header(request, "authorization") != fmt::format("Bearer {}", kApiToken)) {
    HttpReply reply =
        json(401, {{"error", "unauthorized"}, {"hint", "send Authorization: Bearer demo-token"}});
    reply.headers.emplace_back("WWW-Authenticate", "Bearer");
    return reply;
  }
  if (request.method == "POST") {
    ++shop.messages_queued;
    return json(202, {{"id", fmt::format("msg-{}", shop.messages_queued)}, {"status", "queued"}});
  }
  return json(200, {{"queued", shop.messages_queued}, {"messages", Json::array()}});
}

HttpReply send_sms(const HttpRequest& request, Shop& shop) {
  if (request.method != "POST") return json(405, {{"error", "use_post"}});
  const Json order = Json::parse(request.body, nullptr, false);
  const bool complete = order.is_object() && order.contains("to") && order["to"].is_string() &&
                        order.contains("text") && order["text"].is_string();
  if (!complete) return json(400, {{"error", "expected {\"to\": \"+41...\", \"text\": \"...\"}"}});
  if (shop.sms_sent >= kSmsCredit) return answer_with_error(Service::sms);
  ++shop.sms_sent;
  return json(200, {{"status", "accepted"}, {"id", fmt::format("sms-{}", shop.sms_sent)}});
}

HttpReply sms(const HttpRequest& request, Shop& shop) {
  if (header(request, "x-api-key") != kSmsKey) {
    return json(401, {{"error", "unauthorized"}, {"hint", "send X-Api-Key: demo-key"}});
  }
  if (request.path == "/balance") {
    return json(200, {{"status", "ok"}, {"balance", kSmsCredit - shop.sms_sent}});
  }
  if (request.path == "/sms") return send_sms(request, shop);
  return call_not_found(request);
}

}  // namespace

HttpReply answer(Service service, const HttpRequest& request, Shop& shop) {
  switch (service) {
    case Service::website:
      return website(request);
    case Service::applications:
      return applications(request, shop);
    case Service::api:
      return api(request, shop);
    case Service::sms:
      return sms(request, shop);
    case Service::smtp:
      break;
  }
  return page_not_found();
}

HttpReply answer_with_error(Service service) {
  // Gateways are known for refusing with a friendly 200; only the body tells.
  if (service == Service::sms)
    return json(200, {{"status", "error"}, {"error", "insufficient balance"}});
  if (service == Service::api) return json(500, {{"error", "internal"}});
  return html(500, "Something went wrong",
              "<h1>Something went wrong</h1><p>Please try again later.</p>");
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>{}</title><style>{}</style></head>\n<body><main>\n{}\n</main></body></html>\n",
      escape_html(title), kStyle, body);
}

}  // namespace exporter::demo

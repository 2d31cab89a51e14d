// Routes that need more than a snapshot. Reload runs on a worker: reading a configuration of many
// files takes longer than the server thread may stand still.
#include "exporter/web/pages.h"

#include "exporter/web/page_style.h"
#include "exporter/web/router.h"

namespace exporter {
namespace {

WebResponse text(int status, std::string body) {
  WebResponse response;
  response.status = status;
  response.body = std::move(body) + "\n";
  return response;
}

Route healthy_route() {
  return {{"GET"}, "/-/healthy", [](const WebRequest&) { return text(200, "healthy"); }, false};
}

Route ready_route(std::function<bool()> ready) {
  const auto handler = [ready = std::move(ready)](const WebRequest&) {
    return ready() ? text(200, "ready") : text(503, "not ready: no figures were committed yet");
  };
  return {{"GET"}, "/-/ready", handler, false};
}

Route reload_route(std::function<std::expected<std::string, std::string>()> reload) {
  const auto handler = [reload = std::move(reload)](const WebRequest&) {
    if (!reload) {
      return error_response(403,
                            "reload is off; start with --web.enable-lifecycle, or send SIGHUP");
    }
    const auto done = reload();
    if (!done) return text(500, "failed to reload the configuration: " + done.error());
    return text(200, *done);
  };
  return {{"POST", "PUT"}, "/-/reload", handler, true};
}

Route style_route() {
  const auto handler = [](const WebRequest&) {
    WebResponse response;
    response.content_type = "text/css; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "max-age=3600");
    response.body = kPageStyle;
    return response;
  };
  return {{"GET"}, "/assets/style.css", handler, false};
}

Route landing_route(const PagesContext& context) {
  const auto handler = [snapshot = context.snapshot, ready = context.ready](const WebRequest&) {
    WebResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = landing_page(snapshot().get(), ready());
    return response;
  };
  return {{"GET"}, "/", handler, true};
}

}  // namespace

std::vector<Route> make_routes(PagesContext context) {
  return {landing_route(context), style_route(), healthy_route(), ready_route(context.ready),
          reload_route(std::move(context.reload))};
}

}  // namespace exporter

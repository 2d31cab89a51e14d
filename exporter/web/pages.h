// The pages for the operator and the endpoints of the Prometheus family: the landing page, health,
// readiness, reload. They show the same snapshot as /metrics and work without scripts.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exporter/snapshot.h"
#include "exporter/web/server.h"

namespace exporter {

// Called on server and worker threads, so each must be thread-safe and outlive the server.
struct PagesContext {
  // May return null before the first commit.
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  // Whether the exporter can do its work; for /-/ready.
  std::function<bool()> ready;
  // Reads the configuration again; a sentence either way. Empty: /-/reload answers 403, because the
  // program was started without --web.enable-lifecycle.
  std::function<std::expected<std::string, std::string>()> reload;
};

// "/", "/assets/style.css", "/-/healthy", "/-/ready", "/-/reload".
std::vector<Route> make_routes(PagesContext context);

// The landing page as HTML.
std::string landing_page(const Snapshot* snapshot, bool ready);

}  // namespace exporter

// The table of endpoints. Those that look at series run on the workers for queries, because one of
// them may take minutes; the rest on the ordinary ones.
#include "exporter/web/api.h"

#include "exporter/web/api_endpoints.h"

namespace exporter {
namespace {

using Endpoint = api::Answer (*)(const ApiContext& context, const WebRequest& request);

struct Row {
  std::string_view path;
  Endpoint endpoint;
  bool by_post = false;  // also as a form: a query may be longer than an address can be
  bool long_running = false;
};

constexpr Row kRows[] = {
    {"/api/v1/query", api::query, true, true},
    {"/api/v1/query_range", api::query_range, true, true},
    {"/api/v1/query_exemplars", api::query_exemplars, true},
    {"/api/v1/format_query", api::format_query, true},
    {"/api/v1/series", api::series, true, true},
    {"/api/v1/labels", api::label_names, true, true},
    {"/api/v1/label/*", api::label_values, false, true},
    {"/api/v1/metadata", api::metadata},
    {"/api/v1/rules", api::rules},
    {"/api/v1/alerts", api::alerts},
    {"/api/v1/status/buildinfo", api::build_info},
    {"/api/v1/tickets", api::tickets},
    {"/api/v1/tickets/month", api::ticket_months},
};

}  // namespace

std::vector<Route> api_routes(ApiContext context) {
  const auto shared = std::make_shared<const ApiContext>(std::move(context));
  std::vector<Route> routes;
  for (const Row& row : kRows) {
    Route route;
    route.methods = {"GET"};
    if (row.by_post) route.methods.emplace_back("POST");
    route.path = row.path;
    route.handler = [shared, endpoint = row.endpoint](const WebRequest& request) {
      return api::reply(endpoint(*shared, request));
    };
    route.slow = true;
    route.long_running = row.long_running;
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace exporter

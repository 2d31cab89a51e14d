// The page that links in alerts lead to: one query, asked of the exporter's own series, and its
// answer as a table. Works without scripts; for curves there is Grafana.
#pragma once

#include "exporter/web/api.h"

namespace exporter {

// "/graph", with Prometheus' parameters g0.expr and g0.moment_input (RFC 3339 or Unix seconds; now
// without it). The context as for api_routes().
Route graph_page_route(ApiContext context);

}  // namespace exporter

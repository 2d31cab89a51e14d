// Glue: the format asked for, the snapshot of the moment, the page.
#include "exporter/metrics/route.h"

#include <atomic>
#include <memory>

#include "exporter/metrics/page.h"

namespace exporter {
namespace {

std::string_view header(const WebRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

Route metrics_route(std::function<std::shared_ptr<const Snapshot>()> snapshot,
                    const ExporterStats& stats, std::function<const WebStats*()> web) {
  // A page is about as long as the one before it.
  const auto last_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  const auto handler = [snapshot = std::move(snapshot), &stats, web = std::move(web),
                        last_bytes](const WebRequest& request) {
    const MetricsFormat format = negotiate_metrics_format(header(request, "accept"));
    WebResponse response;
    response.content_type = content_type(format);
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    response.body =
        render_metrics(make_collectables(snapshot(), stats, web()), format, *last_bytes);
    *last_bytes = response.body.size();
    return response;
  };
  return {{"GET"}, "/metrics", handler, true};
}

}  // namespace exporter

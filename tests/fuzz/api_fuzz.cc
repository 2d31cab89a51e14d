// Requests of the HTTP API: whatever the parameters, the answer is JSON in the envelope, in time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "exporter/web/api.h"
#include "exporter/web/request.h"
#include "rules/promqltest/memory_source.h"

namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

std::shared_ptr<const rules::Source> sample_source() {
  auto source = std::make_shared<rules::promqltest::MemorySource>();
  for (const char* job : {"a", "b\"<&>", "c\xff"}) {
    for (int i = 0; i < 20; ++i)
      source->add({{"__name__", "up"}, {"job", job}}, {kNow - i * 30'000, i * 0.1});
  }
  return source;
}

std::vector<exporter::Route> make_routes() {
  exporter::ApiContext context;
  context.source = [source = sample_source()] { return source; };
  context.rules = [] { return nullptr; };
  context.now = [] { return kNow; };
  context.limits.timeout = std::chrono::milliseconds(200);
  context.limits.max_samples = 20'000;
  return exporter::api_routes(std::move(context));
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// The first byte chooses the endpoint, the rest is what would stand behind the question mark.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<exporter::Route> routes = make_routes();
  if (size == 0) return 0;
  const exporter::Route& route = routes[data[0] % routes.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  exporter::WebRequest request;
  request.method = "GET";
  request.path = route.path;
  if (request.path.ends_with('*')) {
    request.path.pop_back();
    request.path += std::string(text.substr(0, text.find('&'))) + "/values";
  }
  request.query = exporter::parse_query(text);

  const exporter::WebResponse response = route.handler(request);
  require(response.content_type == "application/json");
  const bool good = response.body.starts_with(R"({"status":"success","data":)");
  const bool bad = response.body.starts_with(R"({"status":"error","errorType":")");
  require(response.status == 200 ? good : bad);
  require(response.body.ends_with('}'));
  return 0;
}

// Parses arbitrary text as a template and expands it: whatever happens is a text or an error with a
// place inside the template, and within the limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/template/go_text.h"
#include "rules/template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rules::templates;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = Template::parse("fuzz", text);
  if (!parsed) {
    if (parsed.error().line == 0 || parsed.error().column > size + 1) std::abort();
    return 0;
  }
  Environment environment;
  environment.labels = {{"__name__", "m"}, {"job", "node"}};
  environment.value = 1234.5;
  environment.now = 1.5e9;
  environment.external_url = "http://host/path";
  environment.query =
      [](const std::string& query) -> std::expected<std::vector<QueryResult>, std::string> {
    if (query.empty()) return std::unexpected("nothing asked");
    return {{{rules::Labels{{"n", "b"}}, 1}, {rules::Labels{{"n", query}}, 2}}};
  };
  int asked = 0;
  environment.stop = [&asked] { return ++asked > 20; };
  const auto result = parsed->expand(environment);
  if (!result && result.error().column > size + 1) std::abort();
  if (result && result->size() > 3 * kMostText) std::abort();
  return 0;
}

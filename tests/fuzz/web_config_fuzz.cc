// Any bytes as a web configuration file: an answer, never a crash, and an error names the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporter/web/web_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = exporter::parse_web_config(
      text, "web.yml", [](const std::filesystem::path&) -> std::expected<std::string, std::string> {
        return "content";
      });
  if (!config && !config.error().starts_with("web.yml:")) std::abort();
  return 0;
}

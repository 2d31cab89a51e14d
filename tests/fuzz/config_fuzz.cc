// Fuzzes the configuration loader: whatever the bytes, it must answer with a configuration that
// shows and loads again to an equal one, or with errors that have a message. Loads from memory, so
// that nothing on the machine is touched.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exporter/config/load.h"
#include "exporter/config/show.h"

namespace {

class NoFiles : public exporter::config::FileSource {
 public:
  std::expected<std::string, std::string> read(const std::filesystem::path&,
                                               std::size_t) const override {
    return std::unexpected("there are no files here");
  }
  std::vector<std::filesystem::path> glob(const std::filesystem::path&) const override {
    return {};
  }
  std::string host_name() const override { return "fuzz"; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const NoFiles files;
  const exporter::ConfigResult config = exporter::load_config_text(text, "/etc/sla/sla.yml", files);
  if (!config) {
    for (const exporter::ConfigError& error : config.error()) {
      if (error.message.empty()) std::abort();
    }
    return 0;
  }
  const std::string shown = exporter::show_config(*config);
  const exporter::ConfigResult again = exporter::load_config_text(shown, "/etc/sla/sla.yml", files);
  if (!again || !(*again == *config)) std::abort();
  return 0;
}

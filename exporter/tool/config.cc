// slatool config: the effective configuration, after includes, merge keys, defaults and overrides.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "exporter/config/load.h"
#include "exporter/config/show.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

int show(const std::string& file) {
  const ConfigResult config = load_config(file);
  if (config) {
    fmt::print("{}", show_config(*config));
    return 0;
  }
  for (const ConfigError& error : config.error()) fmt::print(stderr, "{}\n", error.text());
  return 1;
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  CLI::App* config = app.add_subcommand("config", "Look into a configuration");
  config->require_subcommand(1);
  CLI::App* show_verb = config->add_subcommand(
      "show", "Print the effective configuration as YAML; secrets are never shown");
  auto file = std::make_shared<std::string>();
  show_verb->add_option("FILE", *file, "The configuration, such as sla.yml")->required();
  show_verb->callback([file, &exit_code] { exit_code = show(*file); });
}

}  // namespace exporter::tool

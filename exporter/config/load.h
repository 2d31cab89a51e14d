// Loads sla.yml, strictly: a configuration that loads is valid, and one that does not gives every
// error with its place and its remedy. Reading is separate from the machine (config/files.h), so a
// load from memory touches nothing. Any thread; takes milliseconds, so not on the loop's.
#pragma once

#include <expected>
#include <filesystem>
#include <string_view>

#include "exporter/config/config.h"
#include "exporter/config/error.h"
#include "exporter/config/files.h"

namespace exporter {

using ConfigResult = std::expected<Config, ConfigErrors>;

// `path` is shown in errors as given; Config::file is absolute.
ConfigResult load_config(const std::filesystem::path& path);
ConfigResult load_config(const std::filesystem::path& path, const config::FileSource& files);

// The same from text, as if it stood in `path`.
ConfigResult load_config_text(std::string_view text, const std::filesystem::path& path,
                              const config::FileSource& files);

}  // namespace exporter

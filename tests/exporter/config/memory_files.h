// A folder in memory for tests of the configuration: what is not in it does not exist. One thread.
#pragma once

#include <fnmatch.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/files.h"
#include "exporter/config/load.h"

namespace exporter {

class MemoryFiles : public config::FileSource {
 public:
  MemoryFiles() = default;
  explicit MemoryFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  std::expected<std::string, std::string> read(const std::filesystem::path& path,
                                               std::size_t at_most) const override {
    const auto found = files_.find(path.string());
    if (found == files_.end()) return std::unexpected("no such file in memory");
    if (found->second.size() > at_most) return std::unexpected("too large");
    return found->second;
  }
  std::vector<std::filesystem::path> glob(const std::filesystem::path& pattern) const override {
    std::vector<std::filesystem::path> paths;
    for (const auto& [name, text] : files_) {
      if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0) paths.emplace_back(name);
    }
    return paths;
  }
  std::string host_name() const override { return "test-host"; }

 private:
  std::map<std::string, std::string> files_;
};

// Loads `text` as /etc/sla/sla.yml with `files` beside it (absolute names).
inline ConfigResult load_text(std::string_view text,
                              std::map<std::string, std::string> files = {}) {
  return load_config_text(text, "/etc/sla/sla.yml", MemoryFiles(std::move(files)));
}

// All errors as one text, for messages of failed expectations and for comparison.
inline std::string errors_of(const ConfigResult& config) {
  if (config) return "";
  std::string text;
  for (const ConfigError& error : config.error()) text += error.text() + "\n";
  return text;
}

}  // namespace exporter

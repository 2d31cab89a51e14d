// Two small files that may name the version.
#include "exporter/zone_data.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace exporter {
namespace {

// The version ends up in records and labels, so only what looks like one is taken: "2025b",
// "2026a-00-g1234abc".
constexpr std::size_t kLongestVersion = 32;

std::string version_in(const std::filesystem::path& path, std::string_view before) {
  std::ifstream file(path);
  std::string line(before.size() + kLongestVersion + 1, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  line.resize(std::min(line.find_first_of("\r\n"), line.size()));
  if (!line.starts_with(before)) return "";
  std::string version = line.substr(before.size());
  const bool plausible =
      version.size() <= kLongestVersion && std::ranges::all_of(version, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
      });
  return plausible ? version : "";
}

}  // namespace

std::filesystem::path zone_data_folder() {
  const char* given = std::getenv("TZDIR");
  return given && *given ? given : "/usr/share/zoneinfo";
}

std::string zone_data_version(const std::filesystem::path& folder) {
  std::string version = version_in(folder / "tzdata.zi", "# version ");
  if (version.empty()) version = version_in(folder / "+VERSION", "");
  return version.empty() ? "unknown" : version;
}

}  // namespace exporter

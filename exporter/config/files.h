// The files of a configuration, behind an interface so that tests and the fuzzer can load from
// memory. Any thread; errors are sentences without the file's name.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace exporter::config {

inline constexpr std::size_t kMaxSecretBytes = 64u << 10;

class FileSource {
 public:
  virtual ~FileSource() = default;
  // The bytes of a regular file of at most `at_most` bytes.
  virtual std::expected<std::string, std::string> read(const std::filesystem::path& path,
                                                       std::size_t at_most) const = 0;
  // Existing files that match, sorted by name.
  virtual std::vector<std::filesystem::path> glob(const std::filesystem::path& pattern) const = 0;
  virtual std::string host_name() const = 0;
};

// The file system of this machine.
const FileSource& real_files();

}  // namespace exporter::config

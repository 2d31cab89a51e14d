// Reads from the real file system. Only regular files: a configuration read from a pipe could not
// be reloaded, and a device might never end.
#include "exporter/config/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace exporter::config {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<std::string> system_error(std::string_view what) {
  return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
}

class RealFiles : public FileSource {
 public:
  std::expected<std::string, std::string> read(const std::filesystem::path& path,
                                               std::size_t at_most) const override {
    // Not blocking, so that opening a pipe cannot hang before we see that it is one.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) return system_error("cannot open it");
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return system_error("cannot look at it");
    if (S_ISDIR(status.st_mode)) return std::unexpected("it is a folder, not a file");
    if (!S_ISREG(status.st_mode)) return std::unexpected("it is not a regular file");
    if (static_cast<std::uint64_t>(status.st_size) > at_most) {
      return std::unexpected(
          fmt::format("it has {} bytes; at most {} are read", status.st_size, at_most));
    }
    return read_all(file.get(), at_most);
  }

  std::vector<std::filesystem::path> glob(const std::filesystem::path& pattern) const override {
    glob_t found{};
    std::vector<std::filesystem::path> paths;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
    }
    ::globfree(&found);
    return paths;
  }

  std::string host_name() const override {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    return name.data();
  }

 private:
  // A file may grow between looking and reading; the limit holds all the same.
  static std::expected<std::string, std::string> read_all(int fd, std::size_t at_most) {
    std::string text;
    std::array<char, 65536> buffer;
    while (true) {
      const ssize_t n = ::read(fd, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("cannot read it");
      if (n == 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(n));
      if (text.size() > at_most) {
        return std::unexpected(fmt::format("it has more than {} bytes", at_most));
      }
    }
  }
};

}  // namespace

const FileSource& real_files() {
  static const RealFiles files;
  return files;
}

}  // namespace exporter::config

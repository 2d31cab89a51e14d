// A plain blocking client; the daemon answers within moments or something is wrong with it.
#include "exporter/tool/admin_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace exporter::tool {
namespace {

// A commit waits for the disk; a busy daemon may be in the middle of packing.
constexpr int kTimeoutSeconds = 30;
constexpr std::size_t kMaxAnswerBytes = 1 << 20;

class Socket {
 public:
  Socket() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval timeout{kTimeoutSeconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

AdminFailure failure(const std::filesystem::path& path, std::string_view what) {
  return {false, fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno))};
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// One line, without its end; empty when the peer went away or took too long.
std::string read_line(int fd) {
  std::string line;
  std::array<char, 4096> buffer{};
  while (line.size() < kMaxAnswerBytes && line.find('\n') == std::string::npos) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) return {};
    line.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

std::expected<std::string, AdminFailure> admin_request(const std::filesystem::path& storage,
                                                       const std::string& request) {
  const std::filesystem::path path = storage / "admin.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof(address.sun_path)) {
    return std::unexpected(AdminFailure{true, "the path is too long for a Unix socket"});
  }
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);

  const Socket socket;
  if (::connect(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    // A socket that a killed daemon left behind refuses.
    AdminFailure why = failure(path, "the exporter cannot be reached");
    why.not_running = errno == ENOENT || errno == ECONNREFUSED;
    return std::unexpected(why);
  }
  if (!send_all(socket.fd(), request + "\n")) {
    return std::unexpected(failure(path, "the request could not be sent"));
  }
  const auto answer = nlohmann::json::parse(read_line(socket.fd()), nullptr, false);
  if (!answer.is_object()) {
    return std::unexpected(AdminFailure{
        false, fmt::format("{}: the exporter gave no answer; look at its log to see whether the "
                           "request was carried out",
                           path.string())});
  }
  if (answer.value("ok", false)) return answer.value("message", std::string());
  return std::unexpected(AdminFailure{false, answer.value("error", std::string("refused"))});
}

}  // namespace exporter::tool

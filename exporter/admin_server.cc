#include "exporter/admin_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace exporter {
namespace {

constexpr int kClientTimeoutMilliseconds = 5000;

std::string failure(std::string_view what, const std::filesystem::path& path) {
  return fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno));
}

// Waits until `fd` is ready or the client took too long.
bool ready(int fd, short events) {
  pollfd wait{.fd = fd, .events = events, .revents = 0};
  return poll(&wait, 1, kClientTimeoutMilliseconds) == 1 && (wait.revents & events) != 0;
}

}  // namespace

std::expected<std::unique_ptr<AdminServer>, std::string> AdminServer::start(
    std::filesystem::path folder, Handler handler) {
  std::filesystem::path path = folder / "admin.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof(address.sun_path)) {
    return std::unexpected(
        fmt::format("{}: the path is longer than the {} bytes a Unix socket may have; "
                    "choose a shorter --storage.path",
                    path.string(), sizeof(address.sun_path) - 1));
  }
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);

  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return std::unexpected(failure("no socket", path));
  unlink(path.c_str());
  // The mask holds from the first moment, so nobody can slip in before a chmod.
  mode_t mask = umask(0177);
  int bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  umask(mask);
  if (bound != 0 || listen(listener, 8) != 0) {
    std::string error = failure("cannot listen", path);
    close(listener);
    return std::unexpected(std::move(error));
  }
  int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return std::unique_ptr<AdminServer>(
      new AdminServer(std::move(path), listener, wake, std::move(handler)));
}

AdminServer::AdminServer(std::filesystem::path path, int listener, int wake, Handler handler)
    : path_(std::move(path)),
      listener_(listener),
      wake_(wake),
      handler_(std::move(handler)),
      thread_([this] { serve(); }) {}

AdminServer::~AdminServer() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(listener_);
  close(wake_);
  unlink(path_.c_str());
}

void AdminServer::serve() {
  while (true) {
    pollfd wait[2] = {{.fd = listener_, .events = POLLIN, .revents = 0},
                      {.fd = wake_, .events = POLLIN, .revents = 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return;
    if ((wait[1].revents & POLLIN) != 0) return;
    if ((wait[0].revents & POLLIN) == 0) continue;
    int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) continue;
    serve_client(client);
    close(client);
  }
}

// One request, one answer. A client that stalls or sends too much is dropped.
void AdminServer::serve_client(int client) {
  std::string request;
  while (request.find('\n') == std::string::npos) {
    char buffer[4096];
    if (!ready(client, POLLIN)) return;
    ssize_t got = read(client, buffer, sizeof(buffer));
    if (got <= 0) return;
    request.append(buffer, static_cast<std::size_t>(got));
    if (request.size() > kMaxRequestBytes) return;
  }
  request.resize(request.find('\n'));
  std::string answer = handler_(request) + "\n";
  std::string_view rest = answer;
  while (!rest.empty()) {
    if (!ready(client, POLLOUT)) return;
    ssize_t sent = send(client, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace exporter

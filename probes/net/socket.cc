#include "probes/net/socket.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace probes {
namespace {

// Our own trouble whenever it shows.
constexpr std::array kShortages = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE};
// Our own trouble when the call itself says so; later, routers and firewalls can cause it.
constexpr std::array kRefusedCalls = {EACCES,      EPERM,    EINVAL, EAFNOSUPPORT,
                                      ENETUNREACH, ENETDOWN, ENODEV, EPROTONOSUPPORT};

bool is_local(int error_number, Stage stage) {
  const auto among = [error_number](const auto& list) {
    return std::ranges::find(list, error_number) != list.end();
  };
  return among(kShortages) || (stage == Stage::call && among(kRefusedCalls));
}

std::string system_text(int error_number) { return std::generic_category().message(error_number); }

Error local_error(int error_number, std::string_view peer) {
  if (error_number == EMFILE || error_number == ENFILE)
    return {Reason::local, "no file descriptors left: raise the limit of open files"};
  if (error_number == EADDRNOTAVAIL)
    return {Reason::local, fmt::format("no local address or port is free to reach {}", peer)};
  if (error_number == ENETUNREACH)
    return {Reason::local, fmt::format("this machine has no route to {}", peer)};
  return {Reason::local,
          fmt::format("this machine cannot reach {}: {}", peer, system_text(error_number))};
}

}  // namespace

Socket::~Socket() {
  assert(reader_ == nullptr && writer_ == nullptr);
  if (watched_ != 0) loop_.unwatch(fd_);
  close(fd_);
}

Socket::Wait Socket::readable(TimePoint deadline) { return Wait(*this, reader_, deadline); }
Socket::Wait Socket::writable(TimePoint deadline) { return Wait(*this, writer_, deadline); }

// Interest is only ever changed when somebody waits: an event nobody waits for withdraws it. That
// saves a system call at each turn of a dialog.
void Socket::update() {
  const unsigned wanted = (reader_ ? Loop::kRead : 0u) | (writer_ ? Loop::kWrite : 0u);
  if (wanted == watched_) return;
  watched_ = wanted;
  if (wanted == 0) {
    loop_.unwatch(fd_);
    return;
  }
  loop_.watch(fd_, wanted, [this](unsigned events) { happened(events); });
}

void Socket::happened(unsigned events) {
  // One waiter a turn: the first may destroy this socket. The other's event comes again.
  if ((events & Loop::kRead) && reader_) return wake(reader_);
  if ((events & Loop::kWrite) && writer_) return wake(writer_);
  update();
}

void Socket::wake(Wait*& slot) {
  Wait& wait = *std::exchange(slot, nullptr);
  wait.ready_ = true;
  wait.caller_.resume();
}

Socket::Wait::~Wait() {
  if (slot_ == this) slot_ = nullptr;
  if (timer_ != 0) socket_.loop_.cancel(timer_);
}

void Socket::Wait::await_suspend(std::coroutine_handle<> caller) {
  assert(slot_ == nullptr);
  caller_ = caller;
  slot_ = this;
  socket_.update();
  timer_ = socket_.loop_.call_at(deadline_, [this] {
    timer_ = 0;
    slot_ = nullptr;
    caller_.resume();
  });
}

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress result;
  if (endpoint.address.family == Family::ip4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.bytes.data(), 4);
    std::memcpy(&result.storage, &in, sizeof in);
    result.size = sizeof in;
    return result;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(endpoint.port);
  in6.sin6_scope_id = endpoint.address.scope_id;
  std::memcpy(&in6.sin6_addr, endpoint.address.bytes.data(), 16);
  std::memcpy(&result.storage, &in6, sizeof in6);
  result.size = sizeof in6;
  return result;
}

std::string endpoint_text(const Endpoint& endpoint) {
  const char* form = endpoint.address.family == Family::ip4 ? "{}:{}" : "[{}]:{}";
  return fmt::format(fmt::runtime(form), endpoint.address.text(), endpoint.port);
}

Result<int> open_socket(Family family, int type, const std::string& source_address) {
  const int domain = family == Family::ip4 ? AF_INET : AF_INET6;
  const int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(local_error(errno, family == Family::ip4 ? "IPv4" : "IPv6"));
  const int on = 1;
  // The last flight of a handshake and the request after it are two writes without a read between.
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source_address.empty()) return fd;

  const auto source = Address::parse(source_address);
  const bool fits = source && source->family == family;
  if (fits) {
    // The port is chosen at connect, so that many sockets can share a source address.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const SocketAddress local = to_socket_address({*source, 0});
    if (bind(fd, local.get(), local.size) == 0) return fd;
  }
  const std::string why = fits ? system_text(errno) : "it is not of the target's address family";
  close(fd);
  return std::unexpected(Error{
      Reason::local, fmt::format("source address {} cannot be used: {}", source_address, why)});
}

Error socket_error(int error_number, std::string_view peer, Stage stage) {
  if (is_local(error_number, stage)) return local_error(error_number, peer);
  switch (error_number) {
    case ECONNREFUSED:
      return {Reason::connect, fmt::format("{} refused the connection", peer)};
    case ECONNRESET:
    case EPIPE:
      return {Reason::connect, fmt::format("{} reset the connection", peer)};
    case ENETUNREACH:
    case EHOSTUNREACH:
      return {Reason::connect, fmt::format("{} is unreachable", peer)};
    case ETIMEDOUT:
      return {Reason::timeout, fmt::format("{} did not answer in time", peer)};
    default:
      return {Reason::connect,
              fmt::format("the connection to {} failed: {}", peer, system_text(error_number))};
  }
}

}  // namespace probes

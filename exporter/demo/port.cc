// Sockets with SO_REUSEADDR may share a port as long as at most one of them listens; that is what
// lets the reservation and the listener live side by side.
#include "exporter/demo/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace exporter::demo {
namespace {

constexpr int kBacklog = 128;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

std::expected<SocketAddress, std::string> parse(const std::string& address, std::uint16_t number) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(number);
    result.length = sizeof(sockaddr_in);
    return result;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(number);
    result.length = sizeof(sockaddr_in6);
    return result;
  }
  return std::unexpected(fmt::format(
      "{:?} is not an address to listen on: give a literal such as 127.0.0.1 or ::1", address));
}

std::expected<int, std::string> bound_socket(const std::string& address, std::uint16_t number) {
  const auto target = parse(address, number);
  if (!target) return std::unexpected(target.error());

  const int fd = socket(target->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::unexpected(fmt::format("cannot open a socket: {}", std::strerror(errno)));
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&target->storage), target->length) == 0) return fd;

  const int reason = errno;
  close(fd);
  return std::unexpected(
      fmt::format("cannot listen on {}: {}; choose another --ports base, or 0 for free ports",
                  host_and_port(address, number), std::strerror(reason)));
}

std::uint16_t bound_number(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  if (storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

}  // namespace

std::expected<void, std::string> check_address(const std::string& address) {
  if (const auto parsed = parse(address, 0); !parsed) return std::unexpected(parsed.error());
  return {};
}

std::string host_and_port(const std::string& address, std::uint16_t number) {
  if (address.find(':') != std::string::npos) return fmt::format("[{}]:{}", address, number);
  return fmt::format("{}:{}", address, number);
}

std::expected<Port, std::string> Port::reserve(const std::string& address, std::uint16_t number) {
  const auto fd = bound_socket(address, number);
  if (!fd) return std::unexpected(fd.error());
  Port port;
  port.address_ = address;
  port.fd_ = *fd;
  port.number_ = bound_number(*fd);
  return port;
}

Port::~Port() {
  if (fd_ >= 0) close(fd_);
}

Port::Port(Port&& other) noexcept
    : address_(std::move(other.address_)),
      number_(other.number_),
      fd_(std::exchange(other.fd_, -1)) {}

Port& Port::operator=(Port&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(number_, other.number_);
  std::swap(fd_, other.fd_);
  return *this;
}

std::expected<int, std::string> Port::listen() const {
  const auto fd = bound_socket(address_, number_);
  if (!fd) return std::unexpected(fd.error());
  // Accepted sockets inherit this. Without it a TLS 1.3 server waits 40 ms for the client to
  // acknowledge its session tickets before the answer leaves.
  const int on = 1;
  setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::listen(*fd, kBacklog) == 0) return *fd;

  const int reason = errno;
  close(*fd);
  return std::unexpected(
      fmt::format("cannot listen on {}: {}; choose another --ports base, or 0 for free ports",
                  host_and_port(address_, number_), std::strerror(reason)));
}

}  // namespace exporter::demo

// A name may resolve to several addresses; the first that can be bound is taken, as the Prometheus
// family does. Without a host one socket serves both families, with IPv4 alone as the way out on
// machines without IPv6.
#include "exporter/web/listen.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace exporter {
namespace {

constexpr int kBacklog = 1024;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// The descriptor, or minus errno.
int bind_address(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1, off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) {
    const bool any =
        IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address.ai_addr)->sin6_addr);
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof off);
  }
  if (::bind(fd, address.ai_addr, address.ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) {
    return fd;
  }
  const int error = errno;
  ::close(fd);
  return -error;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string_view remedy(int error) {
  if (error == EADDRINUSE) return "; another program listens there: stop it or choose another port";
  if (error == EACCES) return "; ports below 1024 need CAP_NET_BIND_SERVICE";
  if (error == EADDRNOTAVAIL) return "; the address belongs to no interface of this machine";
  return "";
}

int bind_first(const addrinfo* list) {
  int result = -EADDRNOTAVAIL;
  for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
    const int bound = bind_address(*address);
    if (bound >= 0) return bound;
    result = bound;
  }
  return result;
}

}  // namespace

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(fmt::format(
        "listen address \"{}\": {}; write host:port, :port or [address]:port", text, why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 3) return wrong("the bracket is not closed");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 address goes in brackets");
  }
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number > 65535) {
    return wrong("the port must be a number from 0 to 65535");
  }
  return ListenAddress{std::string(host), std::string(port)};
}

std::expected<Listener, std::string> open_listener(const std::string& text) {
  const auto address = parse_listen_address(text);
  if (!address) return std::unexpected(address.error());

  // Both families first; a machine without IPv6 gets 0.0.0.0.
  const char* host = address->host.empty() ? "::" : address->host.c_str();
  int bound = -1;
  for (const char* name : {host, address->host.empty() ? "0.0.0.0" : host}) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* raw = nullptr;
    if (const int code = ::getaddrinfo(name, address->port.c_str(), &hints, &raw); code != 0) {
      return std::unexpected(fmt::format("cannot listen on {}: the name does not resolve ({})",
                                         text, gai_strerror(code)));
    }
    const AddressList list(raw, &freeaddrinfo);
    bound = bind_first(list.get());
    if (bound >= 0 || (bound != -EAFNOSUPPORT && bound != -EADDRNOTAVAIL)) break;
  }
  if (bound < 0) {
    return std::unexpected(
        fmt::format("cannot listen on {}: {}{}", text, std::strerror(-bound), remedy(-bound)));
  }
  return Listener{bound, bound_port(bound)};
}

}  // namespace exporter

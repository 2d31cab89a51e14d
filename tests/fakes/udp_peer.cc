#include "tests/fakes/udp_peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "probes/net/socket.h"

namespace fakes {

UdpPeer::UdpPeer(Handler handler, const std::string& address) : handler_(std::move(handler)) {
  endpoint_.address = *probes::Address::parse(address);
  const bool ip4 = endpoint_.address.family == probes::Family::ip4;
  fd_ = socket(ip4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const probes::SocketAddress wanted = probes::to_socket_address(endpoint_);
  if (fd_ < 0 || bind(fd_, wanted.get(), wanted.size) != 0)
    throw std::runtime_error("no datagram socket on " + address);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  endpoint_.port = ntohs(ip4 ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                             : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  thread_ = std::thread([this] { serve(); });
}

UdpPeer::~UdpPeer() {
  stopping_ = true;
  // An empty datagram to ourselves wakes the thread.
  const probes::SocketAddress self = probes::to_socket_address(endpoint_);
  sendto(fd_, "", 0, 0, self.get(), self.size);
  thread_.join();
  close(fd_);
}

std::string UdpPeer::target() const { return probes::endpoint_text(endpoint_); }

void UdpPeer::serve() {
  char bytes[65536];
  while (true) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const auto got =
        recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (stopping_ || got < 0) return;
    ++datagrams_;
    for (const std::string& answer : handler_({bytes, static_cast<std::size_t>(got)}))
      sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
}

}  // namespace fakes

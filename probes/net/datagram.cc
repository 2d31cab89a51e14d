// The socket is connected, so that the kernel drops what other hosts send and reports a closed
// port. One refusal does not end the exchange: it may belong to a server that is just restarting,
// or be forged. The second does.
#include "probes/net/datagram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "probes/net/socket.h"

namespace probes {
namespace {

constexpr std::size_t kMaxDatagramBytes = 65535;
// A peer that floods us with what nobody asked for is given up.
constexpr int kMaxUnwanted = 1000;
constexpr int kMaxRefusals = 2;
constexpr std::chrono::milliseconds kRetryRefusedAfter(100);

// What lies in the socket: an answer that is wanted, or nothing more to read.
class Inbox {
 public:
  Inbox(const Socket& socket, const DatagramExchange& exchange,
        bool (*accept)(std::string_view, std::string_view))
      : socket_(socket), exchange_(exchange), accept_(accept) {}

  std::optional<std::string> take() {
    std::string datagram(kMaxDatagramBytes, '\0');
    while (unwanted_ < kMaxUnwanted) {
      const auto size = recv(socket_.fd(), datagram.data(), datagram.size(), 0);
      if (size < 0) {
        if (errno != EAGAIN && errno != EINTR) note(errno);
        return std::nullopt;
      }
      const std::string_view answer(datagram.data(), static_cast<std::size_t>(size));
      if (accept_(exchange_.request, answer)) return std::string(answer);
      ++unwanted_;
    }
    return std::nullopt;
  }
  // Trouble the kernel tells of, here or when sending: a closed port, an unreachable host.
  void note(int error) {
    error_ = error;
    ++refusals_;
  }
  bool flooded() const { return unwanted_ >= kMaxUnwanted; }
  int refusals() const { return refusals_; }
  // The last trouble the kernel told of; 0: none.
  int error() const { return error_; }

 private:
  const Socket& socket_;
  const DatagramExchange& exchange_;
  bool (*accept_)(std::string_view, std::string_view);
  int unwanted_ = 0;
  int refusals_ = 0;
  int error_ = 0;
};

Error flood(const Endpoint& server) {
  return {Reason::protocol,
          fmt::format("{} sends datagrams nobody asked for", endpoint_text(server))};
}

Error silence(const Endpoint& server, const Inbox& inbox) {
  const std::string name = endpoint_text(server);
  if (inbox.error() != 0) return socket_error(inbox.error(), name, Stage::answer);
  return {Reason::timeout, fmt::format("no answer from {} in time", name)};
}

}  // namespace

Task<Result<std::string>> exchange_datagrams(Loop& loop, DatagramExchange exchange,
                                             bool (*accept)(std::string_view request,
                                                            std::string_view answer),
                                             Duration resend_after, TimePoint deadline) {
  const Endpoint server = exchange.server;
  const auto fd = open_socket(server.address.family, SOCK_DGRAM, exchange.source_address);
  if (!fd) co_return std::unexpected(fd.error());
  Socket socket(loop, *fd);
  const SocketAddress to = to_socket_address(server);
  if (connect(*fd, to.get(), to.size) != 0)
    co_return std::unexpected(socket_error(errno, endpoint_text(server), Stage::call));

  Inbox inbox(socket, exchange, accept);
  resend_after = std::max<Duration>(resend_after, std::chrono::milliseconds(1));
  TimePoint next_send = loop.now();
  while (loop.now() < deadline && inbox.refusals() < kMaxRefusals) {
    if (loop.now() >= next_send) {
      const auto sent = send(*fd, exchange.request.data(), exchange.request.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) inbox.note(errno);
      next_send = loop.now() + resend_after;
    }
    const int refusals = inbox.refusals();
    const TimePoint until = std::min(deadline, next_send);
    co_await socket.readable(until);
    std::optional<std::string> answer = inbox.take();
    if (answer) co_return std::move(*answer);
    if (inbox.flooded()) co_return std::unexpected(flood(server));
    if (inbox.refusals() > refusals)
      next_send = std::min(next_send, loop.now() + kRetryRefusedAfter);
  }
  co_return std::unexpected(silence(server, inbox));
}

}  // namespace probes

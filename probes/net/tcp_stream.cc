#include "probes/net/tcp_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace probes {
namespace {

// More is never read at once, whatever the caller could take: one greedy peer must not hold the
// loop.
constexpr std::size_t kReadChunk = 64 * 1024;

}  // namespace

TcpStream::TcpStream(Loop& loop, TlsContexts& contexts, int fd, const Endpoint& peer)
    : loop_(loop), contexts_(contexts), peer_(peer), socket_(loop, fd) {}

Task<Result<std::unique_ptr<Stream>>> TcpStream::connect(Loop& loop, TlsContexts& contexts,
                                                         Endpoint endpoint, ConnectOptions options,
                                                         TimePoint deadline) {
  const auto fd = open_socket(endpoint.address.family, SOCK_STREAM, options.source_address);
  if (!fd) co_return std::unexpected(fd.error());
  auto stream = std::make_unique<TcpStream>(loop, contexts, *fd, endpoint);
  const SocketAddress to = to_socket_address(endpoint);
  if (::connect(*fd, to.get(), to.size) != 0) {
    if (errno != EINPROGRESS)
      co_return std::unexpected(socket_error(errno, endpoint_text(endpoint), Stage::call));
    const Result<void> finished = co_await stream->finish_connect(deadline);
    if (!finished) co_return std::unexpected(finished.error());
  }
  co_return stream;
}

Task<Result<void>> TcpStream::finish_connect(TimePoint deadline) {
  const bool answered = co_await socket_.writable(deadline);
  if (!answered) co_return std::unexpected(late("while connecting"));
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    co_return std::unexpected(socket_error(error, endpoint_text(peer_), Stage::answer));
  co_return Result<void>();
}

Task<Result<std::string>> TcpStream::read_some(std::size_t at_most, TimePoint deadline) {
  std::string bytes;
  // A peer that always has something ready must not carry us past the deadline.
  while (loop_.now() < deadline) {
    const Step step = read_step(at_most, bytes);
    if (step == Step::failed) co_return std::unexpected(last_error());
    if (step == Step::done || step == Step::end) {
      used_ = true;
      co_return bytes;
    }
    if (step == Step::wants_read) {
      co_await socket_.readable(deadline);
    } else {
      co_await socket_.writable(deadline);
    }
  }
  co_return std::unexpected(late("while waiting for an answer"));
}

Task<Result<void>> TcpStream::write_all(std::string bytes, TimePoint deadline) {
  used_ = true;
  std::string_view left = bytes;
  while (!left.empty()) {
    if (loop_.now() >= deadline) co_return std::unexpected(late("while sending"));
    std::size_t written = 0;
    const Step step = write_step(left, written);
    if (step == Step::failed) co_return std::unexpected(last_error());
    if (step == Step::end) co_return std::unexpected(closed());
    left.remove_prefix(written);
    if (step == Step::wants_read) co_await socket_.readable(deadline);
    if (step == Step::wants_write) co_await socket_.writable(deadline);
  }
  co_return Result<void>();
}

Task<Result<void>> TcpStream::start_tls(TlsOptions options, std::string host, TimePoint deadline) {
  if (tls_) co_return std::unexpected(Error{Reason::protocol, "TLS was begun already"});
  if (spoke_out_of_turn())
    co_return std::unexpected(
        Error{Reason::protocol, "the peer sent data in the clear before the TLS handshake"});
  const auto context = contexts_.get(options);
  if (!context) co_return std::unexpected(context.error());
  tls_ = std::make_unique<TlsSession>(*context, socket_.fd(), options, std::move(host),
                                      loop_.wall_now());
  while (loop_.now() < deadline) {
    const Step step = tls_->handshake();
    if (step == Step::failed) co_return std::unexpected(tls_->error());
    if (step == Step::done) co_return Result<void>();
    if (step == Step::wants_read) {
      co_await socket_.readable(deadline);
    } else {
      co_await socket_.writable(deadline);
    }
  }
  co_return std::unexpected(late("during the TLS handshake"));
}

const TlsInfo* TcpStream::tls_info() const { return tls_ ? &tls_->info() : nullptr; }

// After a dialog in the clear the peer waits for our handshake: what lies in the socket now was
// slipped in by somebody who wants it to be taken for the protected dialog.
bool TcpStream::spoke_out_of_turn() const {
  char byte = 0;
  return used_ && recv(socket_.fd(), &byte, 1, MSG_PEEK) > 0;
}

// By way of the stack: a string with room for all that may come would be cleared, kept while we
// wait, and is nearly always far too long.
TcpStream::Step TcpStream::read_step(std::size_t at_most, std::string& bytes) {
  char buffer[kReadChunk];
  std::size_t got = 0;
  const Step step = read_step(buffer, std::min(at_most, kReadChunk), got);
  if (step == Step::done) bytes.assign(buffer, got);
  return step;
}

TcpStream::Step TcpStream::read_step(char* to, std::size_t at_most, std::size_t& got) {
  if (tls_) return tls_->read(to, at_most, got);
  const auto size = recv(socket_.fd(), to, at_most, 0);
  if (size < 0) return failed_call(Step::wants_read);
  got = static_cast<std::size_t>(size);
  return got == 0 ? Step::end : Step::done;
}

TcpStream::Step TcpStream::write_step(std::string_view bytes, std::size_t& written) {
  if (tls_) return tls_->write(bytes, written);
  const auto size = send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size < 0) return failed_call(Step::wants_write);
  written = static_cast<std::size_t>(size);
  return Step::done;
}

TcpStream::Step TcpStream::failed_call(Step would_block) {
  if (errno == EAGAIN || errno == EINTR) return would_block;
  errno_ = errno;
  return Step::failed;
}

Error TcpStream::last_error() const {
  return tls_ ? tls_->error() : socket_error(errno_, endpoint_text(peer_), Stage::answer);
}

Error TcpStream::closed() const {
  return {Reason::protocol, fmt::format("{} closed the connection early", endpoint_text(peer_))};
}

Error TcpStream::late(const char* doing) const {
  return {Reason::timeout,
          fmt::format("no answer from {} in time, {}", endpoint_text(peer_), doing)};
}

}  // namespace probes

// A TCP connection, in the clear or under TLS, as a Stream. Loop thread only; the contexts it is
// given outlive it.
//
// Errors after the connection was made: a reset is Reason::connect, because the path can cause it
// (an orderly close is not an error here, the reader sees the end of the stream); a certificate is
// Reason::certificate; anything else of the handshake Reason::tls; the deadline Reason::timeout.
#pragma once

#include <memory>
#include <string>

#include "probes/net/net.h"
#include "probes/net/socket.h"
#include "probes/net/tls.h"

namespace probes {

class TcpStream final : public Stream {
 public:
  // Connects. Our own troubles (descriptors, ports, no route) are Reason::local.
  static Task<Result<std::unique_ptr<Stream>>> connect(Loop& loop, TlsContexts& contexts,
                                                       Endpoint endpoint, ConnectOptions options,
                                                       TimePoint deadline);

  TcpStream(Loop& loop, TlsContexts& contexts, int fd, const Endpoint& peer);

  Task<Result<std::string>> read_some(std::size_t at_most, TimePoint deadline) override;
  Task<Result<void>> write_all(std::string bytes, TimePoint deadline) override;
  Task<Result<void>> start_tls(TlsOptions options, std::string host, TimePoint deadline) override;
  const TlsInfo* tls_info() const override;

 private:
  using Step = TlsSession::Step;

  Task<Result<void>> finish_connect(TimePoint deadline);
  Step read_step(std::size_t at_most, std::string& bytes);
  Step read_step(char* to, std::size_t at_most, std::size_t& got);
  Step write_step(std::string_view bytes, std::size_t& written);
  Step failed_call(Step would_block);
  bool spoke_out_of_turn() const;
  Error last_error() const;
  Error closed() const;
  Error late(const char* doing) const;

  Loop& loop_;
  TlsContexts& contexts_;
  Endpoint peer_;
  Socket socket_;
  bool used_ = false;  // something was read or written already
  int errno_ = 0;
  std::unique_ptr<TlsSession> tls_;  // before the socket goes, says good-bye
};

}  // namespace probes

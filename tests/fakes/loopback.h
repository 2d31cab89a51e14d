// Servers on loopback for tests of real sockets: one thread accepts, one more serves each
// connection with the handler of the test, which speaks plain blocking code. Ports are the kernel's
// choice. The destructor cuts every connection and joins every thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "probes/async/epoll_loop.h"
#include "probes/net/net.h"
#include "tests/fakes/test_certs.h"

namespace fakes {

// The server's side of one connection. Every call returns early once the peer has gone.
class Connection {
 public:
  struct TlsServer {
    TestCert certificate;
    int max_version = 0;        // of OpenSSL, such as TLS1_1_VERSION; 0: any
    std::string client_ca_pem;  // ask for a client certificate of this CA
    std::vector<std::string> alpn;
  };

  explicit Connection(int fd);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  bool send(std::string_view bytes);  // false: the peer has gone
  // Without its line end; empty at the end of the stream.
  std::string read_line();
  std::string read_some();
  void wait_until_closed();
  // Without reading anything, until the server ends.
  void wait_until_cut();
  // Closes so that the peer sees a reset.
  void reset();
  // False when the handshake failed, as it does when the client refuses the certificate.
  bool start_tls(const TlsServer& options);
  // The name the client asked for, after start_tls.
  std::string server_name() const;
  void cut();  // from any thread: ends whatever is under way

 private:
  struct Tls;
  long receive(char* to, std::size_t size);

  int fd_;
  std::string buffer_;
  std::atomic<bool> cut_ = false;
  std::unique_ptr<Tls> tls_;
};

class LoopbackServer {
 public:
  using Handler = std::function<void(Connection&)>;

  explicit LoopbackServer(Handler handler, const std::string& address = "127.0.0.1");
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  probes::Endpoint endpoint() const { return endpoint_; }
  std::string target() const;  // "127.0.0.1:12345"
  int connections() const { return connections_; }

 private:
  void accept_all();

  Handler handler_;
  int fd_ = -1;
  probes::Endpoint endpoint_;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Connection>> open_;  // guarded by mutex_
  std::vector<std::thread> threads_;               // the accepting thread's, until it has ended
  std::thread acceptor_;
};

// A port where the kernel completes connections and nobody takes them: no thread, no descriptor of
// ours but one.
class Backlog {
 public:
  Backlog();
  ~Backlog();
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;
  const probes::Endpoint& endpoint() const { return endpoint_; }

 private:
  int fd_;
  probes::Endpoint endpoint_;
};

// A port of loopback that nobody listens on.
probes::Endpoint closed_port(const std::string& address = "127.0.0.1");

namespace detail {
template <class T>
probes::Task<void> run_and_stop(probes::Task<T> task, std::optional<T>& result,
                                probes::Loop& loop) {
  result = co_await std::move(task);
  loop.stop();
}
}  // namespace detail

// Runs the loop until the task has ended, and gives its result.
template <class T>
T run_task(probes::EpollLoop& loop, probes::Task<T> task) {
  std::optional<T> result;
  loop.spawn(detail::run_and_stop(std::move(task), result, loop));
  loop.run();
  return std::move(*result);
}

}  // namespace fakes

// A nonblocking socket on the loop: it owns the descriptor, waits for it, and turns errno values
// into errors that say whose fault it was. One coroutine may wait to read and another to write.
// Loop thread only; destroying it closes the descriptor at once and must not happen under a waiter.
#pragma once

#include <sys/socket.h>

#include <coroutine>
#include <string>
#include <string_view>

#include "probes/net/net.h"

namespace probes {

class Socket {
 public:
  // Takes the descriptor.
  Socket(Loop& loop, int fd) : loop_(loop), fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  int fd() const { return fd_; }
  Loop& loop() const { return loop_; }

  // `const bool ready = co_await socket.readable(deadline);` False when the deadline came first.
  class Wait;
  Wait readable(TimePoint deadline);
  Wait writable(TimePoint deadline);

 private:
  void update();
  void happened(unsigned events);
  void wake(Wait*& slot);

  Loop& loop_;
  int fd_;
  unsigned watched_ = 0;
  Wait* reader_ = nullptr;
  Wait* writer_ = nullptr;
};

class Socket::Wait {
 public:
  Wait(Socket& socket, Wait*& slot, TimePoint deadline)
      : socket_(socket), slot_(slot), deadline_(deadline) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait();

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller);
  bool await_resume() const { return ready_; }

 private:
  friend class Socket;
  Socket& socket_;
  Wait*& slot_;
  TimePoint deadline_;
  std::coroutine_handle<> caller_;
  TimerId timer_ = 0;
  bool ready_ = false;
};

// What the kernel knows a peer by.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
SocketAddress to_socket_address(const Endpoint& endpoint);

// "192.0.2.1:25", "[2001:db8::1]:25".
std::string endpoint_text(const Endpoint& endpoint);

// A nonblocking socket of that type (SOCK_STREAM, SOCK_DGRAM), bound to the source address if that
// is not empty. Every failure here is Reason::local.
Result<int> open_socket(Family family, int type, const std::string& source_address);

// At what point the kernel refused. At the call itself an unreachable network is our own lack of a
// route; later it is the network's answer.
enum class Stage { call, answer };

// `peer` names the other side in the message. A full descriptor table, missing memory, no free port
// or no route of ours are Reason::local; refusals, resets and unreachable hosts Reason::connect.
Error socket_error(int error_number, std::string_view peer, Stage stage);

}  // namespace probes

// Keeps account of every connection of the server: in which phase it is and since when. From that
// follow the limits that evhttp does not have: ten seconds for a head (the TLS handshake included),
// a bound on a body's time, the number of connections, and whom to send away at that bound.
//
// Lives on the server thread only. A Connection exists from accept to close; evhttp owns its
// sockets, and tells us of the end through its close callback.
#pragma once

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "exporter/web/head.h"
#include "exporter/web/server.h"

struct ssl_st;             // OpenSSL's SSL
struct evbuffer_cb_entry;  // libevent's
struct evbuffer_cb_info;

namespace exporter {

class Connections;

struct Connection {
  enum class Phase {
    head,      // from accept, or from the first byte of a further request, to the end of the head
    body,      // to the end of the request
    handling,  // a handler has it; evhttp does not read meanwhile
    writing,
    idle,     // kept alive, nothing received
    leaving,  // refused: our answer goes out, what still comes in is thrown away
  };
  static constexpr std::size_t kPhases = 6;
  using Clock = std::chrono::steady_clock;

  Connection(Connections& all, std::uint64_t number, bufferevent* stream, const WebOptions& options)
      : owner(all),
        id(number),
        buffer(stream),
        scanner(options.max_header_bytes, options.max_body_bytes) {}

  Connections& owner;
  std::uint64_t id;
  bufferevent* buffer;                // evhttp's
  evhttp_connection* http = nullptr;  // known as soon as evhttp has taken the socket
  evbuffer_cb_entry* watcher = nullptr;
  Phase phase = Phase::head;
  Clock::time_point since{};
  std::list<Connection*>::iterator place;  // in its phase's list
  HeadScanner scanner;
  int refusal = 0;           // the status still to be answered
  bool turned_away = false;  // no room: to be closed without a word
  // True soon after the client has left; handlers look at it.
  std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false);
};

class Connections {
 public:
  Connections(event_base* base, const WebOptions& options, WebStats& stats);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // What evhttp calls for each accepted socket, before it has one: makes the stream, and room.
  // `tls` is a session for this connection, or null for plain HTTP.
  bufferevent* accept(ssl_st* tls);

  Connection* find(evhttp_connection* http) const;
  Connection* find(std::uint64_t id) const;

  void enter(Connection& connection, Connection::Phase phase);
  // The answer is out and the connection is kept: the next request may already be in the buffer.
  void rearm(Connection& connection);
  // Ends what waits for nothing but the client; called once when the server stops.
  void stop();
  bool empty() const { return by_id_.empty(); }
  // Whoever still waits for a handler is told that nobody waits for it. After the loop has ended.
  void forget_clients();
  // Something is being handled, received or written.
  bool busy() const;

 private:
  static void on_input(evbuffer* input, const evbuffer_cb_info* info, void* arg);
  static void on_close(evhttp_connection* http, void* arg);
  static void on_soon(evutil_socket_t, short, void* arg);
  static void on_sweep(evutil_socket_t, short, void* arg);
  static void on_refusal_written(bufferevent* buffer, void* arg);
  static void on_refusal_event(bufferevent* buffer, short what, void* arg);

  std::list<Connection*>& list_of(Connection::Phase phase);
  void scan(Connection& connection, std::size_t added);
  void resolve_pending();
  void refuse(Connection& connection);
  void sweep();
  void notice_the_gone();
  bool make_room();
  void close_overdue(Connection::Phase phase, std::chrono::milliseconds limit);
  static void close(Connection& connection);

  event_base* base_;
  const WebOptions& options_;
  WebStats& stats_;
  event* soon_;
  event* sweep_;
  bool stopping_ = false;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> by_id_;
  std::unordered_map<evhttp_connection*, Connection*> by_http_;
  std::array<std::list<Connection*>, Connection::kPhases> phases_;
  std::vector<Connection*> pending_;     // accepted, evhttp's side not known yet
  std::vector<std::uint64_t> refusals_;  // to be answered as soon as evhttp has returned
};

}  // namespace exporter

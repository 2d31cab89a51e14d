// How evhttp is led without being changed. It creates a connection in two steps: it asks us for a
// stream (accept() below), then attaches the socket and its own callbacks. We hold a reference to
// the stream until the second step is done and then learn evhttp's handle from the stream's
// callback argument; from there on its close callback keeps our books right.
//
// The bytes of a head are watched through a callback on the input buffer, which runs before
// evhttp's parser sees them. Refusing must not happen inside that callback (evhttp is on the
// stack), so it is put off to an event that runs right after.
#include "exporter/web/connections.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "exporter/web/status.h"

namespace exporter {
namespace {

using Phase = Connection::Phase;
using std::chrono::milliseconds;

constexpr timeval kSweepEvery{0, 200'000};
// A refused client gets this long to read its answer before the socket goes: closing at once, with
// unread input, would make the kernel send a reset that overtakes the answer.
constexpr milliseconds kLingerTime{1'000};
// From the first to the last byte of an answer. evhttp's own timer only bounds a standstill.
constexpr milliseconds kWriteTime{300'000};

}  // namespace

Connections::Connections(event_base* base, const WebOptions& options, WebStats& stats)
    : base_(base),
      options_(options),
      stats_(stats),
      soon_(event_new(base, -1, 0, &Connections::on_soon, this)),
      sweep_(event_new(base, -1, EV_PERSIST, &Connections::on_sweep, this)) {
  event_add(sweep_, &kSweepEvery);
}

Connections::~Connections() {
  event_free(soon_);
  event_free(sweep_);
}

std::list<Connection*>& Connections::list_of(Phase phase) {
  return phases_[static_cast<std::size_t>(phase)];
}

Connection* Connections::find(evhttp_connection* http) const {
  const auto found = by_http_.find(http);
  return found == by_http_.end() ? nullptr : found->second;
}

Connection* Connections::find(std::uint64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

bufferevent* Connections::accept(ssl_st* tls) {
  resolve_pending();
  stats_.connections_total.fetch_add(1, std::memory_order_relaxed);
  bufferevent* buffer = tls != nullptr
                            ? bufferevent_openssl_socket_new(
                                  base_, -1, tls, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
                            : bufferevent_socket_new(base_, -1, BEV_OPT_CLOSE_ON_FREE);
  if (buffer == nullptr) return nullptr;
  if (tls != nullptr) bufferevent_openssl_set_allow_dirty_shutdown(buffer, 1);

  const bool room = make_room();
  auto made = std::make_unique<Connection>(*this, ++last_id_, buffer, options_);
  Connection& connection = *made;
  connection.turned_away = !room || stopping_;
  connection.since = Connection::Clock::now();
  connection.place = list_of(Phase::head).insert(list_of(Phase::head).end(), &connection);
  connection.watcher =
      evbuffer_add_cb(bufferevent_get_input(buffer), &Connections::on_input, &connection);
  by_id_.emplace(connection.id, std::move(made));
  stats_.connections.fetch_add(1, std::memory_order_relaxed);

  bufferevent_incref(buffer);
  pending_.push_back(&connection);
  event_active(soon_, 0, 0);
  return buffer;
}

// The second step of accept(): evhttp has returned, its handle is the stream's callback argument.
void Connections::resolve_pending() {
  for (Connection* connection : std::exchange(pending_, {})) {
    void* arg = nullptr;
    bufferevent_getcb(connection->buffer, nullptr, nullptr, nullptr, &arg);
    auto* http = static_cast<evhttp_connection*>(arg);
    bufferevent* buffer = connection->buffer;
    if (http != nullptr && evhttp_connection_get_bufferevent(http) == buffer) {
      connection->http = http;
      by_http_.emplace(http, connection);
      evhttp_connection_set_closecb(http, &Connections::on_close, connection);
      if (connection->turned_away) {
        stats_.connections_refused_total.fetch_add(1, std::memory_order_relaxed);
        close(*connection);
      }
    } else {
      on_close(nullptr, connection);  // evhttp gave it up at once
    }
    bufferevent_decref(buffer);
  }
}

void Connections::on_close(evhttp_connection* http, void* arg) {
  auto& connection = *static_cast<Connection*>(arg);
  Connections& all = connection.owner;
  connection.gone->store(true, std::memory_order_relaxed);
  evbuffer_remove_cb_entry(bufferevent_get_input(connection.buffer), connection.watcher);
  all.list_of(connection.phase).erase(connection.place);
  if (http != nullptr) all.by_http_.erase(http);
  all.stats_.connections.fetch_sub(1, std::memory_order_relaxed);
  all.by_id_.erase(connection.id);
}

void Connections::close(Connection& connection) {
  if (connection.http != nullptr) evhttp_connection_free(connection.http);
}

void Connections::enter(Connection& connection, Phase phase) {
  auto& to = list_of(phase);
  to.splice(to.end(), list_of(connection.phase), connection.place);
  connection.phase = phase;
  connection.since = Connection::Clock::now();
}

void Connections::on_input(evbuffer* input, const evbuffer_cb_info* info, void* arg) {
  auto& connection = *static_cast<Connection*>(arg);
  connection.owner.resolve_pending();
  if (connection.phase == Phase::leaving || connection.refusal != 0) {
    if (info->n_added > 0) evbuffer_drain(input, evbuffer_get_length(input));
    return;
  }
  connection.owner.scan(connection, info->n_added);
}

// Shows the last `added` bytes of the input to the scanner.
void Connections::scan(Connection& connection, std::size_t added) {
  if (added == 0) return;
  if (connection.phase == Phase::idle) enter(connection, Phase::head);
  if (connection.phase != Phase::head) return;

  evbuffer* input = bufferevent_get_input(connection.buffer);
  evbuffer_ptr at;
  evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - added, EVBUFFER_PTR_SET);
  std::string bytes(added, '\0');
  evbuffer_copyout_from(input, &at, bytes.data(), bytes.size());
  connection.scanner.feed(bytes);
  if (connection.scanner.state() == HeadScanner::State::complete) enter(connection, Phase::body);
  if (connection.scanner.state() != HeadScanner::State::refused) return;

  evbuffer_drain(input, evbuffer_get_length(input));
  connection.refusal = connection.scanner.status();
  refusals_.push_back(connection.id);
  event_active(soon_, 0, 0);
}

void Connections::rearm(Connection& connection) {
  connection.scanner.reset();
  enter(connection, Phase::idle);
  scan(connection, evbuffer_get_length(bufferevent_get_input(connection.buffer)));
}

void Connections::on_soon(evutil_socket_t, short, void* arg) {
  auto& all = *static_cast<Connections*>(arg);
  all.resolve_pending();
  for (std::uint64_t id : std::exchange(all.refusals_, {})) {
    if (Connection* connection = all.find(id)) all.refuse(*connection);
  }
}

// Takes the stream from evhttp, answers and lingers; sweep() ends it at the latest.
void Connections::refuse(Connection& connection) {
  enter(connection, Phase::leaving);
  const int status = connection.refusal;
  stats_.requests_by_class[status / 100].fetch_add(1, std::memory_order_relaxed);
  const std::string body = fmt::format("{} {}\n", status, reason_phrase(status));
  const std::string answer = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
      status, reason_phrase(status), body.size(), body);
  bufferevent_setcb(connection.buffer, nullptr, &Connections::on_refusal_written,
                    &Connections::on_refusal_event, &connection);
  bufferevent_enable(connection.buffer, EV_READ | EV_WRITE);
  bufferevent_write(connection.buffer, answer.data(), answer.size());
}

void Connections::on_refusal_written(bufferevent* buffer, void*) {
  if (ssl_st* tls = bufferevent_openssl_get_ssl(buffer)) SSL_shutdown(tls);
  ::shutdown(bufferevent_getfd(buffer), SHUT_WR);
}

void Connections::on_refusal_event(bufferevent*, short, void* arg) {
  close(*static_cast<Connection*>(arg));
}

// At the limit the one goes that has been in its head the longest, then the one idle the longest: a
// client that sends its request at once is never the one. False when all others are being served.
bool Connections::make_room() {
  if (by_id_.size() < options_.max_connections) return true;
  for (Phase phase : {Phase::leaving, Phase::head, Phase::idle}) {
    auto& candidates = list_of(phase);
    if (candidates.empty() || candidates.front()->http == nullptr) continue;
    stats_.connections_refused_total.fetch_add(1, std::memory_order_relaxed);
    close(*candidates.front());
    return true;
  }
  return false;
}

void Connections::on_sweep(evutil_socket_t, short, void* arg) {
  static_cast<Connections*>(arg)->sweep();
}

// evhttp does not read while a request is handled, and so would not see its client leave.
void Connections::notice_the_gone() {
  for (Connection* connection : list_of(Phase::handling)) {
    pollfd state{bufferevent_getfd(connection->buffer), POLLRDHUP, 0};
    if (::poll(&state, 1, 0) > 0) connection->gone->store(true, std::memory_order_relaxed);
  }
}

void Connections::sweep() {
  notice_the_gone();
  close_overdue(Phase::head, options_.header_timeout);
  close_overdue(Phase::body, options_.body_timeout);
  close_overdue(Phase::writing, kWriteTime);
  close_overdue(Phase::idle, options_.idle_timeout);
  close_overdue(Phase::leaving, kLingerTime);
}

void Connections::close_overdue(Phase phase, milliseconds limit) {
  auto& candidates = list_of(phase);
  const auto oldest = Connection::Clock::now() - limit;
  while (!candidates.empty() && candidates.front()->since <= oldest) {
    if (candidates.front()->http == nullptr) return;
    if (phase == Phase::head) stats_.header_timeouts_total.fetch_add(1, std::memory_order_relaxed);
    close(*candidates.front());
  }
}

void Connections::stop() {
  stopping_ = true;
  resolve_pending();
  for (Phase phase : {Phase::head, Phase::idle, Phase::leaving}) {
    auto& candidates = list_of(phase);
    while (!candidates.empty() && candidates.front()->http != nullptr) close(*candidates.front());
  }
}

void Connections::forget_clients() {
  for (const auto& [id, connection] : by_id_) {
    connection->gone->store(true, std::memory_order_relaxed);
  }
}

bool Connections::busy() const {
  const auto size = [this](Phase phase) { return phases_[static_cast<std::size_t>(phase)].size(); };
  return size(Phase::body) + size(Phase::handling) + size(Phase::writing) > 0;
}

}  // namespace exporter

// The rude fronts: one that accepts and says nothing, and one that sends given bytes, all at once
// or drop by drop, whatever the peer says.
#include <list>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>

#include "exporter/demo/front.h"

namespace exporter::demo {
namespace {

constexpr std::chrono::milliseconds kHurry{0};

class RawFront final : public Front {
 public:
  RawFront(FrontOptions options, std::string bytes, std::chrono::milliseconds interval)
      : options_(std::move(options)), bytes_(std::move(bytes)), interval_(interval) {
    listener_.reset(evconnlistener_new(options_.base, &RawFront::on_accept, this,
                                       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
                                       options_.listening_fd));
  }

 private:
  struct Connection {
    RawFront* front;
    std::list<Connection>::iterator self;
    BufferEvent stream;
    Event timer;
    std::size_t sent = 0;
  };

  static void on_accept(evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* self) {
    static_cast<RawFront*>(self)->accept(fd);
  }

  void accept(evutil_socket_t fd) {
    if (connections_.size() >= kMaxConnections) {
      evutil_closesocket(fd);
      return;
    }
    if (options_.on_request) options_.on_request();
    connections_.emplace_front();
    Connection& connection = connections_.front();
    connection.front = this;
    connection.self = connections_.begin();
    connection.stream.reset(open_stream(fd));
    connection.timer.reset(evtimer_new(options_.base, &RawFront::on_drop, &connection));
    bufferevent_setcb(connection.stream.get(), &RawFront::on_read, nullptr, &RawFront::on_event,
                      &connection);
    bufferevent_enable(connection.stream.get(), EV_READ | EV_WRITE);
    if (!options_.tls) start_sending(connection);
  }

  bufferevent* open_stream(evutil_socket_t fd) {
    if (!options_.tls) return bufferevent_socket_new(options_.base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent* stream = bufferevent_openssl_socket_new(
        options_.base, fd, SSL_new(options_.tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    return stream;
  }

  // Whatever the peer says is thrown away, or it would pile up.
  static void on_read(bufferevent* stream, void*) {
    evbuffer* input = bufferevent_get_input(stream);
    evbuffer_drain(input, evbuffer_get_length(input));
  }

  static void on_event(bufferevent*, short events, void* argument) {
    auto* connection = static_cast<Connection*>(argument);
    if (events & BEV_EVENT_CONNECTED) return start_sending(*connection);  // the handshake is done
    drop(*connection);
  }

  static void start_sending(Connection& connection) {
    RawFront* front = connection.front;
    if (front->bytes_.empty()) return;
    if (front->interval_ > kHurry) return schedule_drop(connection);

    bufferevent_setcb(connection.stream.get(), &RawFront::on_read, &RawFront::on_sent,
                      &RawFront::on_event, &connection);
    bufferevent_write(connection.stream.get(), front->bytes_.data(), front->bytes_.size());
  }

  static void schedule_drop(Connection& connection) {
    const timeval interval = to_timeval(connection.front->interval_);
    evtimer_add(connection.timer.get(), &interval);
  }

  static void on_drop(evutil_socket_t, short, void* argument) {
    auto& connection = *static_cast<Connection*>(argument);
    const std::string& bytes = connection.front->bytes_;
    bufferevent_write(connection.stream.get(), &bytes[connection.sent], 1);
    ++connection.sent;
    if (connection.sent < bytes.size()) return schedule_drop(connection);
    bufferevent_setcb(connection.stream.get(), &RawFront::on_read, &RawFront::on_sent,
                      &RawFront::on_event, &connection);
  }

  static void on_sent(bufferevent*, void* argument) { drop(*static_cast<Connection*>(argument)); }

  static void drop(Connection& connection) {
    connection.front->connections_.erase(connection.self);
  }

  FrontOptions options_;
  std::string bytes_;
  std::chrono::milliseconds interval_;
  Listener listener_;
  std::list<Connection> connections_;
};

}  // namespace

std::unique_ptr<Front> make_silent_front(FrontOptions options) {
  options.tls = nullptr;  // it does not even shake hands
  return std::make_unique<RawFront>(std::move(options), "", kHurry);
}

std::unique_ptr<Front> make_raw_front(FrontOptions options, std::string bytes,
                                      std::chrono::milliseconds interval) {
  return std::make_unique<RawFront>(std::move(options), std::move(bytes), interval);
}

}  // namespace exporter::demo

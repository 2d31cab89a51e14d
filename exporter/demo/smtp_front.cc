// Carries an SmtpDialog over a connection: splits lines, sends replies, turns TLS on.
#include <list>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>

#include "exporter/demo/front.h"
#include "exporter/demo/smtp_dialog.h"

namespace exporter::demo {
namespace {

constexpr std::size_t kMaxPendingInput = 16 * 1024;
constexpr timeval kIdle = {.tv_sec = 60, .tv_usec = 0};

class SmtpFront final : public Front {
 public:
  SmtpFront(FrontOptions options, bool unavailable)
      : options_(std::move(options)), unavailable_(unavailable) {
    listener_.reset(evconnlistener_new(options_.base, &SmtpFront::on_accept, this,
                                       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
                                       options_.listening_fd));
  }

 private:
  // Input is taken while talking only. The last two wait until all that was written has reached
  // the socket.
  enum class Phase { before_greeting, talking, starting_tls, closing };

  struct Connection {
    SmtpFront* front;
    std::list<Connection>::iterator self;
    BufferEvent stream;
    Event greeting_timer;
    SmtpDialog dialog;
    Phase phase = Phase::before_greeting;
  };

  static void on_accept(evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* self) {
    static_cast<SmtpFront*>(self)->accept(fd);
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
    connection.stream.reset(bufferevent_socket_new(options_.base, fd, BEV_OPT_CLOSE_ON_FREE));
    connection.greeting_timer.reset(
        evtimer_new(options_.base, &SmtpFront::on_greeting_due, &connection));
    listen_to(connection);
    // A slow server is one whose greeting comes late, as under load or with early-talker tests.
    const timeval delay = to_timeval(options_.delay);
    evtimer_add(connection.greeting_timer.get(), &delay);
  }

  static void listen_to(Connection& connection) {
    bufferevent_setcb(connection.stream.get(), &SmtpFront::on_read, &SmtpFront::on_written,
                      &SmtpFront::on_event, &connection);
    bufferevent_set_timeouts(connection.stream.get(), &kIdle, &kIdle);
    bufferevent_setwatermark(connection.stream.get(), EV_READ, 0, kMaxPendingInput);
    bufferevent_enable(connection.stream.get(), EV_READ | EV_WRITE);
  }

  static void on_greeting_due(evutil_socket_t, short, void* argument) {
    auto& connection = *static_cast<Connection*>(argument);
    connection.phase = Phase::talking;
    if (connection.front->unavailable_) {
      return send(connection,
                  {.reply = "421 4.3.2 Service not available, try again later\r\n", .close = true});
    }
    send(connection, {.reply = connection.dialog.greeting()});
    on_read(connection.stream.get(), &connection);
  }

  static void on_read(bufferevent* stream, void* argument) {
    auto& connection = *static_cast<Connection*>(argument);
    evbuffer* input = bufferevent_get_input(stream);
    if (connection.phase == Phase::before_greeting) return;
    while (connection.phase == Phase::talking) {
      std::size_t length = 0;
      char* text = evbuffer_readln(input, &length, EVBUFFER_EOL_CRLF);
      if (!text) break;
      const std::string line(text, length);
      free(text);
      const bool fits = length + 2 <= connection.dialog.max_line_bytes();
      send(connection, fits ? connection.dialog.receive(line) : connection.dialog.line_too_long());
    }
    if (connection.phase != Phase::talking) {
      // Nothing that was sent ahead of the handshake may be taken for part of what follows it.
      evbuffer_drain(input, evbuffer_get_length(input));
    } else if (evbuffer_get_length(input) > connection.dialog.max_line_bytes()) {
      send(connection, connection.dialog.line_too_long());
    }
  }

  static void send(Connection& connection, const SmtpDialog::Step& step) {
    if (step.start_tls) connection.phase = Phase::starting_tls;
    if (step.close) connection.phase = Phase::closing;
    bufferevent_write(connection.stream.get(), step.reply.data(), step.reply.size());
  }

  static void on_written(bufferevent*, void* argument) {
    auto& connection = *static_cast<Connection*>(argument);
    if (connection.phase == Phase::closing) return drop(connection);
    if (connection.phase == Phase::starting_tls) start_tls(connection);
  }

  // Takes the socket from the plain stream and gives it to an encrypted one.
  static void start_tls(Connection& connection) {
    connection.phase = Phase::talking;
    const evutil_socket_t fd = bufferevent_getfd(connection.stream.get());
    bufferevent_disable(connection.stream.get(), EV_READ | EV_WRITE);
    bufferevent_setfd(connection.stream.get(), -1);
    const FrontOptions& options = connection.front->options_;
    connection.stream.reset(bufferevent_openssl_socket_new(
        options.base, fd, SSL_new(options.tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE));
    bufferevent_openssl_set_allow_dirty_shutdown(connection.stream.get(), 1);
    listen_to(connection);
  }

  static void on_event(bufferevent*, short events, void* argument) {
    auto& connection = *static_cast<Connection*>(argument);
    if (events & BEV_EVENT_CONNECTED) return connection.dialog.tls_started();
    drop(connection);  // the peer has gone, was idle too long, or did not like the certificate
  }

  static void drop(Connection& connection) {
    connection.front->connections_.erase(connection.self);
  }

  FrontOptions options_;
  bool unavailable_;
  Listener listener_;
  std::list<Connection> connections_;
};

}  // namespace

std::unique_ptr<Front> make_smtp_front(FrontOptions options, bool unavailable) {
  return std::make_unique<SmtpFront>(std::move(options), unavailable);
}

}  // namespace exporter::demo

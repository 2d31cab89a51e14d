// Leads a request from the socket to its handler and back. See evhttp_server.h for the parts.
#include "exporter/web/server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include "exporter/web/accept.h"
#include "exporter/web/evhttp_server.h"
#include "exporter/web/listen.h"
#include "exporter/web/reply.h"
#include "exporter/web/request.h"

namespace exporter {
namespace {

using Phase = Connection::Phase;

constexpr std::size_t kMaxQueuedRequests = 256;
constexpr std::size_t kMaxQueuedPasswords = 64;
// Answers under way may be finished for so long after the server was told to stop.
constexpr std::chrono::seconds kDrainTime{5};
// How often a stop looks whether all is sent, and how long a listener rests that ran out of
// descriptors (the kernel keeps the clients in its queue meanwhile).
constexpr timeval kTick{0, 50'000};

constexpr ev_uint16_t kEveryMethod = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                     EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                     EVHTTP_REQ_TRACE | EVHTTP_REQ_PATCH;

// A page of another origin must not be able to make a browser, which may know our password, change
// anything here. Programs send neither header.
bool from_another_origin(const WebRequest& request) {
  if (request.method == "GET" || request.method == "HEAD") return false;
  const auto site = request.headers.find("sec-fetch-site");
  if (site != request.headers.end()) {
    return site->second != "same-origin" && site->second != "none";
  }
  const auto origin = request.headers.find("origin");
  if (origin == request.headers.end()) return false;
  const auto host = request.headers.find("host");
  return host == request.headers.end() || !origin->second.ends_with("://" + host->second);
}

// A handler that throws is a fault of ours; the client learns no more than that.
WebResponse call(const Route& route, const WebRequest& request) {
  try {
    return route.handler(request);
  } catch (const std::exception& error) {
    spdlog::error("handler of {} failed: {}", route.path, error.what());
    return error_response(500, "this page could not be made; the log says more");
  }
}

// libevent's own complaints go where ours go.
void log_event(int severity, const char* message) {
  if (severity >= EVENT_LOG_WARN) spdlog::warn("web server: {}", message);
}

}  // namespace

std::expected<std::unique_ptr<WebServer>, std::string> WebServer::start(WebOptions options,
                                                                        std::vector<Route> routes) {
  event_set_log_callback(log_event);
  auto access = Access::open(options.web_config_file);
  if (!access) return std::unexpected(access.error());
  auto server =
      std::make_unique<EvhttpServer>(std::move(options), std::move(routes), std::move(*access));
  auto opened = server->open();
  if (!opened) return std::unexpected(opened.error());
  return server;
}

EvhttpServer::EvhttpServer(WebOptions options, std::vector<Route> routes,
                           std::unique_ptr<Access> access)
    : options_(std::move(options)),
      router_(std::move(routes)),
      access_(std::move(access)),
      base_(event_base_new()),
      queue_(base_.get()),
      connections_(base_.get(), options_, stats_),
      http_(evhttp_new(base_.get())),
      workers_(std::max<std::size_t>(options_.workers, 1), kMaxQueuedRequests),
      queries_(std::max<std::size_t>(options_.query_workers, 1), kMaxQueuedRequests),
      passwords_(1, kMaxQueuedPasswords),
      tick_(event_new(base_.get(), -1, EV_PERSIST, &EvhttpServer::on_tick, this)) {
  event_add(tick_, &kTick);
  // The scanner of heads is stricter; evhttp's own bound only has to lie above it.
  evhttp_set_max_headers_size(http_.get(), static_cast<ev_ssize_t>(2 * options_.max_header_bytes));
  evhttp_set_max_body_size(http_.get(), static_cast<ev_ssize_t>(options_.max_body_bytes));
  evhttp_set_allowed_methods(http_.get(), kEveryMethod);
  evhttp_set_default_content_type(http_.get(), nullptr);
  evhttp_set_timeout(
      http_.get(),
      static_cast<int>(std::chrono::ceil<std::chrono::seconds>(options_.idle_timeout).count()));
  evhttp_set_bevcb(http_.get(), &EvhttpServer::on_accept, this);
  evhttp_set_gencb(http_.get(), &EvhttpServer::on_request, this);
}

EvhttpServer::~EvhttpServer() {
  if (thread_.joinable()) {
    queue_.post([this] { begin_stop(); });
    thread_.join();
  }
  connections_.forget_clients();
  queries_.stop();
  workers_.stop();
  passwords_.stop();
  http_.reset();
  event_free(tick_);
}

std::expected<void, std::string> EvhttpServer::open() {
  if (options_.listen.empty()) return std::unexpected("no listen address was given");
  for (const std::string& address : options_.listen) {
    auto listening = listen(address);
    if (!listening) return listening;
  }
  stats_.certificate_expires_seconds = access_->certificate_expires();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "web");
    // Signals belong to the main thread; a peer that goes away must not end the program.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
  });
  return {};
}

std::expected<void, std::string> EvhttpServer::listen(const std::string& address) {
  auto opened = open_listener(address);
  if (!opened) return std::unexpected(opened.error());
  evconnlistener* listener = evconnlistener_new(
      base_.get(), nullptr, nullptr, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, opened->fd);
  evhttp_bound_socket* bound =
      listener == nullptr ? nullptr : evhttp_bind_listener(http_.get(), listener);
  if (bound == nullptr) {
    listener == nullptr ? static_cast<void>(::close(opened->fd)) : evconnlistener_free(listener);
    return std::unexpected(fmt::format("cannot listen on {}: out of memory", address));
  }
  evconnlistener_set_error_cb(listener, &EvhttpServer::on_accept_error);
  bound_.push_back(bound);
  ports_.push_back(opened->port);
  return {};
}

bufferevent* EvhttpServer::on_accept(event_base*, void* arg) {
  auto& server = *static_cast<EvhttpServer*>(arg);
  ssl_st* session = server.access_->new_session();
  // Out of memory: evhttp goes on with a plain connection that we do not know, and whose requests
  // therefore get nothing but a 500.
  if (server.access_->tls() && session == nullptr) return nullptr;
  server.stats_.certificate_expires_seconds = server.access_->certificate_expires();
  return server.connections_.accept(session);
}

// Out of descriptors: the listener rests until the next tick instead of spinning on the same error.
void EvhttpServer::on_accept_error(evconnlistener* listener, void*) {
  const int error = EVUTIL_SOCKET_ERROR();
  spdlog::warn(
      "web server: cannot accept a connection: {}; raise the limit of open files if this "
      "goes on",
      evutil_socket_error_to_string(error));
  evconnlistener_disable(listener);
}

void EvhttpServer::on_tick(evutil_socket_t, short, void* arg) {
  auto& server = *static_cast<EvhttpServer*>(arg);
  for (evhttp_bound_socket* bound : server.bound_) {
    evconnlistener_enable(evhttp_bound_socket_get_listener(bound));
  }
  if (server.stopping_) server.drain();
}

void EvhttpServer::on_request(evhttp_request* request, void* arg) {
  auto& server = *static_cast<EvhttpServer*>(arg);
  Connection* connection = server.connections_.find(evhttp_request_get_connection(request));
  if (connection == nullptr) return evhttp_send_error(request, 500, nullptr);
  server.take(request, *connection);
}

void EvhttpServer::take(evhttp_request* request, Connection& connection) {
  connections_.enter(connection, Phase::handling);
  auto exchange = std::make_shared<Exchange>();
  exchange->http = request;
  exchange->connection = connection.id;
  exchange->accepts_gzip = accepts_gzip(request_header(request, "Accept-Encoding"));
  auto parsed = read_request(request);
  if (!parsed) {
    exchange->response = error_response(400, "the path holds a broken % escape");
    return finish(exchange);
  }
  exchange->request = std::move(*parsed);
  exchange->request.gone = connection.gone;
  admit(exchange, request_header(request, "Authorization"));
}

void EvhttpServer::admit(const ExchangePtr& exchange, std::string_view authorization) {
  const auto found = router_.find(exchange->request);
  const auto* route = std::get_if<const Route*>(&found);
  const bool unnamed = route != nullptr && (*route)->guards_itself;
  if (unnamed && !authorization.empty())
    exchange->request.headers["authorization"] = std::string(authorization);
  Access::Decision decision = unnamed ? access_->admit_unnamed() : access_->admit(authorization);
  if (auto* answer = std::get_if<WebResponse>(&decision)) {
    exchange->response = std::move(*answer);
    return finish(exchange);
  }
  if (auto* job = std::get_if<Access::Compare>(&decision)) {
    return compare(exchange, std::move(*job));
  }
  exchange->request.user = std::get<Access::Admitted>(decision).user;
  dispatch(exchange);
}

// A comparison takes tens of milliseconds, which the server thread has not got.
void EvhttpServer::compare(const ExchangePtr& exchange, Access::Compare job) {
  const bool taken = passwords_.post([this, exchange, job = std::move(job)] {
    const bool matches = bcrypt_matches(job.credentials.password, job.hash) && job.known;
    queue_.post([this, exchange, matches, key = job.key, user = job.credentials.user] {
      access_->remember(key, matches);
      exchange->request.user = user;
      if (matches) return dispatch(exchange);
      exchange->response = Access::unauthorized();
      finish(exchange);
    });
  });
  if (taken) return;
  exchange->response = busy();
  finish(exchange);
}

WebResponse EvhttpServer::busy() {
  WebResponse response = error_response(503, "too many requests are waiting; try again shortly");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

void EvhttpServer::dispatch(const ExchangePtr& exchange) {
  auto found = router_.find(exchange->request);
  if (from_another_origin(exchange->request)) {
    exchange->response = error_response(403, "requests from other sites may not change anything");
    return finish(exchange);
  }
  if (auto* answer = std::get_if<WebResponse>(&found)) {
    exchange->response = std::move(*answer);
    return finish(exchange);
  }
  const Route& route = *std::get<const Route*>(found);
  const auto run = [&route](Exchange& e) {
    e.response = call(route, e.request);
    compress(e.response, e.accepts_gzip);
  };
  if (!route.slow && !route.long_running) {
    run(*exchange);
    return finish(exchange);
  }
  Workers& workers = route.long_running ? queries_ : workers_;
  const bool taken = workers.post([this, run, exchange] {
    run(*exchange);
    queue_.post([this, exchange] { finish(exchange); });
  });
  if (taken) return;
  exchange->response = busy();
  finish(exchange);
}

void EvhttpServer::finish(const ExchangePtr& exchange) {
  WebResponse& response = exchange->response;
  const auto status_class = static_cast<std::size_t>(std::clamp(response.status / 100, 0, 5));
  stats_.requests_by_class[status_class].fetch_add(1, std::memory_order_relaxed);
  Connection* connection = connections_.find(exchange->connection);
  if (connection != nullptr) {
    connections_.enter(*connection, Phase::writing);
    evhttp_request_set_on_complete_cb(exchange->http, &EvhttpServer::on_sent, this);
  }
  // When the connection has gone meanwhile, evhttp frees the request instead of sending it.
  add_standard_headers(response, access_->headers());
  const bool head = exchange->request.method == "HEAD";
  send_reply(exchange->http, std::move(response), head, stopping_);
}

void EvhttpServer::on_sent(evhttp_request* request, void* arg) {
  auto& server = *static_cast<EvhttpServer*>(arg);
  Connection* connection = server.connections_.find(evhttp_request_get_connection(request));
  if (connection != nullptr) server.connections_.rearm(*connection);
}

void EvhttpServer::begin_stop() {
  stopping_ = true;
  stop_by_ = std::chrono::steady_clock::now() + kDrainTime;
  for (evhttp_bound_socket* bound : std::exchange(bound_, {})) {
    evhttp_del_accept_socket(http_.get(), bound);
  }
  drain();
}

void EvhttpServer::drain() {
  connections_.stop();
  if (connections_.busy() && std::chrono::steady_clock::now() < stop_by_) return;
  event_base_loopbreak(base_.get());
}

}  // namespace exporter

// The WebServer that server.h promises. Its parts: Connections (limits), Access (TLS, users),
// Router (who answers), Workers (what is slow), LoopQueue (the way back to the server thread). This
// class only leads a request from one to the next.
//
// Everything but the destructor and stats() runs on the server thread once start() has returned.
#pragma once

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "exporter/web/access.h"
#include "exporter/web/connections.h"
#include "exporter/web/loop_queue.h"
#include "exporter/web/router.h"
#include "exporter/web/server.h"
#include "exporter/web/workers.h"

namespace exporter {

class EvhttpServer : public WebServer {
 public:
  EvhttpServer(WebOptions options, std::vector<Route> routes, std::unique_ptr<Access> access);
  ~EvhttpServer() override;

  // Binds and starts the thread; the error is a sentence for the operator.
  std::expected<void, std::string> open();

  std::vector<std::uint16_t> ports() const override { return ports_; }
  const WebStats& stats() const override { return stats_; }

 private:
  // One request on its way through the server.
  struct Exchange {
    evhttp_request* http = nullptr;
    std::uint64_t connection = 0;
    WebRequest request;
    WebResponse response;
    bool accepts_gzip = false;
  };
  using ExchangePtr = std::shared_ptr<Exchange>;

  struct FreeBase {
    void operator()(event_base* base) const { event_base_free(base); }
  };
  struct FreeHttp {
    void operator()(evhttp* http) const { evhttp_free(http); }
  };

  static bufferevent* on_accept(event_base*, void* arg);
  static void on_accept_error(evconnlistener* listener, void* arg);
  static void on_request(evhttp_request* request, void* arg);
  static void on_sent(evhttp_request* request, void* arg);
  static void on_tick(evutil_socket_t, short, void* arg);

  std::expected<void, std::string> listen(const std::string& address);
  void take(evhttp_request* request, Connection& connection);
  void admit(const ExchangePtr& exchange, std::string_view authorization);
  void compare(const ExchangePtr& exchange, Access::Compare job);
  static WebResponse busy();
  void dispatch(const ExchangePtr& exchange);
  void finish(const ExchangePtr& exchange);
  void begin_stop();
  void drain();

  const WebOptions options_;
  const Router router_;
  const std::unique_ptr<Access> access_;
  WebStats stats_;
  std::vector<std::uint16_t> ports_;
  std::vector<evhttp_bound_socket*> bound_;  // evhttp's
  std::unique_ptr<event_base, FreeBase> base_;
  LoopQueue queue_;
  Connections connections_;
  std::unique_ptr<evhttp, FreeHttp>
      http_;  // freed first of these: its connections report to the others
  Workers workers_;
  Workers queries_;
  Workers passwords_;  // one thread: one comparison at a time
  event* tick_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point stop_by_{};
  std::thread thread_;
};

}  // namespace exporter

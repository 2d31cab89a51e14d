// The HTTP server: libevent's evhttp on one thread of its own, TLS by our own SSL_CTX per
// connection, and a small worker pool for slow handlers. Limits hold from the first byte: time for
// a header, size of header and body, number of connections. docs: the web config file is the
// exporter-toolkit's.
//
// Handlers are called on the server thread (or on a worker when the route says `slow`), must be
// thread-safe, and see immutable snapshots only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace exporter {

struct WebRequest {
  std::string method;                             // GET, HEAD, POST, ...
  std::string path;                               // decoded, without query
  std::multimap<std::string, std::string> query;  // of the URL and, for forms, of the body
  std::map<std::string, std::string> headers;     // names in lower case, without Authorization
  std::string body;
  std::string remote;  // address of the peer
  std::string user;    // authenticated by basic auth; else empty
  // Turns true when nobody waits for the answer any more; null outside a server.
  std::shared_ptr<const std::atomic<bool>> gone;
};

struct WebResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // compressed by the server when the client accepts gzip
};

struct Route {
  std::vector<std::string> methods;  // HEAD is answered wherever GET is; others get 405 with Allow
  std::string path;                  // exact; a trailing '*' takes everything below
  std::function<WebResponse(const WebRequest&)> handler;
  bool slow = false;  // runs on a worker
  // Slow, and perhaps for minutes: runs on one of the workers for queries, so that pages and
  // scrapes never wait for it.
  bool long_running = false;
  // The handler checks who comes by credentials of its own: it sees the Authorization header, and
  // the users of the web configuration file are not asked for. TLS, client certificates and the
  // rate limit hold here as everywhere.
  bool guards_itself = false;
};

struct WebOptions {
  std::vector<std::string> listen;                   // "host:port", ":9849", "[::1]:0"
  std::filesystem::path web_config_file;             // empty: plain HTTP without authentication
  std::chrono::milliseconds header_timeout{10'000};  // to the end of the header
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 1024 * 1024;
  std::size_t max_connections = 512;  // at the limit the one longest in its header goes
  std::size_t workers = 2;
  std::size_t query_workers = 2;
};

// What the server counts about itself; read by the metrics.
struct WebStats {
  std::atomic<std::uint64_t> requests_by_class[6]{};  // index: status / 100
  std::atomic<std::uint64_t> connections_total{0}, connections_refused_total{0},
      header_timeouts_total{0};
  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> certificate_expires_seconds{0};  // unix time; 0 without TLS
};

class WebServer {
 public:
  // Binds, reads the web config file and starts the thread. The error names the address or the
  // file, line and key, and what to do.
  static std::expected<std::unique_ptr<WebServer>, std::string> start(WebOptions options,
                                                                      std::vector<Route> routes);
  virtual ~WebServer() = default;                        // stops accepting, ends connections, joins
  virtual std::vector<std::uint16_t> ports() const = 0;  // as bound, in order of `listen`
  virtual const WebStats& stats() const = 0;
};

}  // namespace exporter

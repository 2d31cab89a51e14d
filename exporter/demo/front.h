// What answers on the port of a service while it is in one mode. Changing the mode destroys the
// front, with every connection it has, and makes another; so no front ever has to change its mind.
// All of this lives on the loop thread. A front owns the listening socket it is given.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/demo/handles.h"

namespace exporter::demo {

// A front holds so many connections; one more is closed at once.
inline constexpr std::size_t kMaxConnections = 256;

class Front {
 public:
  virtual ~Front() = default;
};

struct FrontOptions {
  event_base* base = nullptr;             // outlives the front
  int listening_fd = -1;                  // owned by the front from here on
  SSL_CTX* tls = nullptr;                 // outlives the front; null: plain text
  std::chrono::milliseconds delay{};      // waits so long before it answers
  std::function<void()> on_request = {};  // called once for each request or dialog; may be empty
};

struct HttpRequest {
  std::string method;                          // GET, HEAD, POST
  std::string path;                            // decoded, without query
  std::map<std::string, std::string> form;     // of the query, or of a form in the body
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/html; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

// HTTP/1.1, over TLS when options say so.
std::unique_ptr<Front> make_http_front(FrontOptions options, HttpHandler handler);

// SMTP with STARTTLS by options.tls. When unavailable it greets with 421 and closes.
std::unique_ptr<Front> make_smtp_front(FrontOptions options, bool unavailable);

// Accepts and never says a word.
std::unique_ptr<Front> make_silent_front(FrontOptions options);

// Sends `bytes` (after the TLS handshake when options.tls is set), then closes. With a positive
// `interval`, one byte each interval.
std::unique_ptr<Front> make_raw_front(FrontOptions options, std::string bytes,
                                      std::chrono::milliseconds interval);

timeval to_timeval(std::chrono::milliseconds duration);

}  // namespace exporter::demo

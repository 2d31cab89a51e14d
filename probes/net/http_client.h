// One HTTP request on a connection of its own: TCP, perhaps a proxy, perhaps TLS, then HTTP/1.1 or,
// when agreed by ALPN, HTTP/2. It stands on the streams of a Net, so the same code runs on loopback
// and on a simulated network. No redirects, no cookies, no reuse of connections or TLS sessions: a
// probe measures the whole way each time. libcurl is not used for transfers: it makes an SSL_CTX
// for every connection, a sixth of the cost of a handshake. Loop thread only; destroying the task
// cancels the transfer at once.
#pragma once

#include <expected>

#include "probes/net/net.h"

namespace probes {

class HttpClient {
 public:
  // `net` is used for connect() alone and must outlive every transfer.
  explicit HttpClient(Net& net) : net_(net) {}

  // Ends by the deadline. Of a proxy `request.connect_to` is the proxy's address. After
  // `max_body_bytes` the response is given as it is, marked truncated.
  Task<std::expected<HttpResponse, HttpFailure>> transfer(HttpRequest request, TimePoint deadline);

 private:
  Net& net_;
};

}  // namespace probes

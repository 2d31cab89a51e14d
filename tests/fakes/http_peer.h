// Speaks HTTP from the server's side on a connection of a LoopbackServer, in plain blocking code:
// tests script what a good or a bad server says. HTTP/2 is answered by nghttp2. Server threads.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/loopback.h"

namespace fakes {

struct PeerRequest {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // by Content-Length

  bool valid() const { return !method.empty(); }
  // Empty when missing.
  std::string header(const std::string& name) const;
};

// The next request on the connection; not valid when the peer went away instead.
PeerRequest read_request(Connection& connection);

// "HTTP/1.1 200 OK" with a Content-Length; `headers` holds whole lines with their ends.
std::string answer(int status, const std::string& body, const std::string& headers = "");

// Serves one HTTP/2 connection that TLS has agreed on: every request is answered with this status,
// headers and body. Ends when the peer goes.
void serve_http2(Connection& connection, int status,
                 const std::vector<std::pair<std::string, std::string>>& headers,
                 const std::string& body);

}  // namespace fakes

// Answers on their way out: what every answer carries (security headers, compression, length) and
// the hand-over to evhttp.
#pragma once

#include <event2/http.h>

#include <string>
#include <utility>
#include <vector>

#include "exporter/web/server.h"

namespace exporter {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Compresses the body when the client accepts it and it gains something. Any thread.
void compress(WebResponse& response, bool client_accepts_gzip);

// Adds what protects pages: nosniff everywhere; for HTML a policy without inline script and no
// framing; no referrer. `configured` (of the web config file) comes last and wins, but headers the
// handler set itself stay. Any thread.
void add_standard_headers(WebResponse& response, const HeaderList& configured);

// Server thread; takes the body. With `head` the body's length is told and the body is not sent.
void send_reply(evhttp_request* request, WebResponse response, bool head, bool close);

}  // namespace exporter

// HTTP/2 from the client's side for one request on one connection, over nghttp2. Like the reader
// of HTTP/1 it never looks at a socket: bytes go in, bytes come out. Loop thread only; request and
// response must outlive it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "probes/net/http1.h"

namespace probes {

class Http2Exchange {
 public:
  // `authority` is the Host header, or the URL's.
  Http2Exchange(const HttpRequest& request, const Url& url, HttpResponse& response);
  ~Http2Exchange();

  ReadState feed(std::string_view bytes);
  ReadState end_of_stream();
  // What is to be sent now; empty when there is nothing.
  std::string take_output();
  const Error& error() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace probes

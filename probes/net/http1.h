// HTTP/1.0 and 1.1 from the client's side (RFC 9112): writes one request, reads one response. The
// reader is fed whatever arrives and never looks at a socket, so that every way a server can lie
// about lengths is a table test and a fuzz target. Plain values; limits come from the request.
#pragma once

#include <string>
#include <string_view>

#include "probes/net/net.h"
#include "probes/net/url.h"

namespace probes {

enum class ReadState { more, done, failed };

// The request as sent. `absolute_form` is for a proxy (RFC 9112 3.2.2).
std::string write_http1_request(const HttpRequest& request, const Url& url, bool absolute_form,
                                const std::string& proxy_authorization);

// The value of a header, empty when it is missing; of several the first. Names match without case.
std::string_view find_header(const std::vector<HttpHeader>& headers, std::string_view name);
bool same_header_name(std::string_view left, std::string_view right);

// What may be kept of a body, for both versions of the protocol.
class BodyKeeper {
 public:
  BodyKeeper(const HttpRequest& request, HttpResponse& response)
      : request_(request), response_(response) {}
  // False when a limit was passed and the transfer must end.
  bool keep(std::string_view bytes);

 private:
  const HttpRequest& request_;
  HttpResponse& response_;
};

class Http1Reader {
 public:
  // Both must outlive the reader.
  Http1Reader(const HttpRequest& request, HttpResponse& response);

  // Takes what arrived. After `done` or `failed` nothing more is taken.
  ReadState feed(std::string_view bytes);
  // The peer closed: the end of a body without length, trouble anywhere else.
  ReadState end_of_stream();
  const Error& error() const { return error_; }
  // Bytes behind the end of the response; a proxy's CONNECT must have none.
  bool has_rest() const { return used_ < buffer_.size(); }

 private:
  enum class Part {
    status,
    headers,
    body,
    chunk_size,
    chunk,
    chunk_end,
    trailers,
    until_close,
    done
  };
  // What one step over the buffered bytes came to: go on, wait for more bytes, finished, failed.
  enum class Step { again, wait, done, failed };

  Step step();
  Step read_status(std::string_view line);
  Step read_header(std::string_view line);
  Step read_chunk_size(std::string_view line);
  Step read_trailer(std::string_view line);
  Step read_body();
  Step end_headers();
  Step begin_body(std::string_view coding);
  Step finish();
  Step fail(Reason reason, std::string message);
  // The next line without its end, or nothing when it has not arrived whole.
  std::optional<std::string_view> take_line();
  std::string_view rest() const { return std::string_view(buffer_).substr(used_); }

  const HttpRequest& request_;
  HttpResponse& response_;
  BodyKeeper keeper_;
  Part part_ = Part::status;
  std::string buffer_;
  std::size_t used_ = 0;      // of the buffer
  std::size_t searched_ = 0;  // of the buffer, for the end of a line
  std::size_t header_bytes_ = 0;
  std::uint64_t body_left_ = 0;
  Error error_;
};

}  // namespace probes

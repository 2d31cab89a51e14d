#include "probes/net/http1.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace probes {
namespace {

constexpr std::size_t kMaxChunkLineBytes = 4096;  // of a chunk's size and its extensions
constexpr std::size_t kShownBytes = 60;           // of a peer's nonsense in a message

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && !std::string_view("()<>@,;:\\\"/[]?={}").contains(c);
  });
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::string shown(std::string_view text) {
  return std::string(text.substr(0, kShownBytes)) + (text.size() > kShownBytes ? "..." : "");
}

bool has(const std::vector<HttpHeader>& headers, std::string_view name) {
  return std::ranges::any_of(
      headers, [&](const HttpHeader& header) { return same_header_name(header.name, name); });
}

bool body_expected(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

bool same_header_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  for (const HttpHeader& header : headers)
    if (same_header_name(header.name, name)) return header.value;
  return {};
}

std::string write_http1_request(const HttpRequest& request, const Url& url, bool absolute_form,
                                const std::string& proxy_authorization) {
  std::string out =
      fmt::format("{} {} HTTP/1.1\r\n", request.method, absolute_form ? url.text() : url.path);
  if (!has(request.headers, "Host")) out += fmt::format("Host: {}\r\n", url.authority());
  for (const HttpHeader& header : request.headers)
    out += fmt::format("{}: {}\r\n", header.name, header.value);
  if (!proxy_authorization.empty())
    out += fmt::format("Proxy-Authorization: {}\r\n", proxy_authorization);
  if ((request.has_body || body_expected(request.method)) &&
      !has(request.headers, "Content-Length"))
    out += fmt::format("Content-Length: {}\r\n", request.body.size());
  // Every probe opens a connection of its own; saying so spares the server keeping it.
  if (!has(request.headers, "Connection")) out += "Connection: close\r\n";
  return out + "\r\n" + request.body;
}

bool BodyKeeper::keep(std::string_view bytes) {
  response_.body_bytes += bytes.size();
  const std::size_t kept = std::min(response_.body.size(), request_.max_body_bytes);
  const std::size_t room = request_.max_body_bytes - kept;
  response_.body += bytes.substr(0, room);
  if (bytes.size() > room) response_.body_truncated = true;
  if (response_.body_truncated && request_.stop_at_limit) return false;
  return response_.body_bytes <= request_.max_transfer_bytes;
}

Http1Reader::Http1Reader(const HttpRequest& request, HttpResponse& response)
    : request_(request), response_(response), keeper_(request, response) {}

ReadState Http1Reader::feed(std::string_view bytes) {
  buffer_.erase(0, used_);
  searched_ -= std::min(searched_, used_);
  used_ = 0;
  buffer_ += bytes;
  Step step_taken = Step::again;
  while (step_taken == Step::again) step_taken = step();
  if (step_taken == Step::done) return ReadState::done;
  return step_taken == Step::failed ? ReadState::failed : ReadState::more;
}

ReadState Http1Reader::end_of_stream() {
  if (part_ == Part::done || part_ == Part::until_close) return ReadState::done;
  if (part_ == Part::status && rest().empty() && header_bytes_ == 0) {
    fail(Reason::protocol, "the server closed the connection without an answer");
  } else if (part_ == Part::status || part_ == Part::headers) {
    fail(Reason::protocol, "the server closed the connection within the headers");
  } else if (response_.content_length >= 0) {
    fail(Reason::protocol,
         fmt::format("the server announced {} bytes and closed the connection after {}",
                     response_.content_length, response_.body_bytes));
  } else {
    fail(Reason::protocol, "the server closed the connection within the body");
  }
  return ReadState::failed;
}

Http1Reader::Step Http1Reader::fail(Reason reason, std::string message) {
  error_ = {reason, std::move(message)};
  return Step::failed;
}

Http1Reader::Step Http1Reader::finish() {
  part_ = Part::done;
  return Step::done;
}

std::optional<std::string_view> Http1Reader::take_line() {
  // Not from the start again: a long line that arrives byte by byte must not cost its square.
  const std::size_t end = buffer_.find('\n', std::max(used_, searched_));
  searched_ = buffer_.size();
  if (end == std::string::npos) return std::nullopt;
  std::string_view line = rest().substr(0, end - used_);
  used_ = searched_ = end + 1;
  // A bare line feed ends a line too (RFC 9112 2.2).
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Http1Reader::Step Http1Reader::step() {
  if (part_ == Part::done) return Step::done;
  if (part_ == Part::body || part_ == Part::chunk || part_ == Part::until_close) return read_body();
  // Said at once, not at the deadline: a server of another protocol may wait for us to speak.
  const std::string_view start = rest().substr(0, 5);
  if (part_ == Part::status && start != std::string_view("HTTP/").substr(0, start.size()))
    return fail(Reason::protocol,
                fmt::format("the server does not speak HTTP: \"{}\"", shown(rest())));

  const std::optional<std::string_view> line = take_line();
  const std::size_t bytes = line ? line->size() + 1 : rest().size();
  if (part_ == Part::chunk_size || part_ == Part::chunk_end) {
    if (bytes > kMaxChunkLineBytes)
      return fail(Reason::protocol, "the server sent a chunk without a size");
    return line ? read_chunk_size(*line) : Step::wait;
  }
  if (header_bytes_ + bytes > request_.max_header_bytes)
    return fail(Reason::size, fmt::format("the server sent more than {} bytes of headers",
                                          request_.max_header_bytes));
  if (!line) return Step::wait;
  header_bytes_ += bytes;
  if (part_ == Part::status) return read_status(*line);
  return part_ == Part::headers ? read_header(*line) : read_trailer(*line);
}

// "HTTP/1.1 200 OK"; the reason phrase may be missing.
Http1Reader::Step Http1Reader::read_status(std::string_view line) {
  const bool known = line.starts_with("HTTP/1.0 ") || line.starts_with("HTTP/1.1 ");
  int status = 0;
  if (!known || !parse_number(line.substr(9, 3), status) || status < 100 ||
      (line.size() > 12 && line[12] != ' '))
    return fail(Reason::protocol,
                fmt::format("the server sent no valid status line: \"{}\"", shown(line)));
  response_.status = status;
  response_.version = line.substr(5, 3);
  response_.headers.clear();
  part_ = Part::headers;
  return Step::again;
}

Http1Reader::Step Http1Reader::read_header(std::string_view line) {
  if (line.empty()) return end_headers();
  // A folded line continues the one before (RFC 9112 5.2).
  if ((line.front() == ' ' || line.front() == '\t') && !response_.headers.empty()) {
    response_.headers.back().value += ' ';
    response_.headers.back().value += trim(line);
    return Step::again;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return fail(Reason::protocol,
                fmt::format("the server sent a malformed header: \"{}\"", shown(line)));
  response_.headers.push_back(
      {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  return Step::again;
}

Http1Reader::Step Http1Reader::end_headers() {
  const int status = response_.status;
  if (status >= 100 && status < 200 && status != 101) {
    part_ = Part::status;  // an interim answer; the real one follows
    return Step::again;
  }
  for (const HttpHeader& header : response_.headers) {
    if (!same_header_name(header.name, "Content-Length")) continue;
    std::int64_t length = 0;
    if (!parse_number(header.value, length) || length < 0)
      return fail(Reason::protocol,
                  fmt::format("the server sent a bad Content-Length: \"{}\"", shown(header.value)));
    if (response_.content_length >= 0 && response_.content_length != length)
      return fail(Reason::protocol, "the server sent two Content-Lengths that differ");
    response_.content_length = length;
  }
  if (status == 204 || status == 304) response_.content_length = 0;
  const bool tunnel = request_.method == "CONNECT" && status / 100 == 2;
  if (tunnel || request_.method == "HEAD" || status == 101 || status == 204 || status == 304)
    return finish();
  return begin_body(find_header(response_.headers, "Transfer-Encoding"));
}

Http1Reader::Step Http1Reader::begin_body(std::string_view coding) {
  if (same_header_name(coding, "chunked") && response_.version != "1.0") {
    response_.content_length = -1;  // RFC 9112 6.3: the coding overrides the length
    part_ = Part::chunk_size;
    return Step::again;
  }
  if (!coding.empty())
    return fail(Reason::protocol,
                fmt::format("the server used an unknown transfer coding: \"{}\"", shown(coding)));
  if (response_.content_length == 0) return finish();
  part_ = response_.content_length < 0 ? Part::until_close : Part::body;
  if (part_ == Part::body) body_left_ = static_cast<std::uint64_t>(response_.content_length);
  return Step::again;
}

// A chunk's size line, or the empty line behind its data.
Http1Reader::Step Http1Reader::read_chunk_size(std::string_view line) {
  if (part_ == Part::chunk_end) {
    if (!line.empty())
      return fail(Reason::protocol, "the server sent a chunk longer than its size");
    part_ = Part::chunk_size;
    return Step::again;
  }
  if (!parse_number(trim(line.substr(0, line.find(';'))), body_left_, 16))
    return fail(Reason::protocol,
                fmt::format("the server sent a bad chunk size: \"{}\"", shown(line)));
  part_ = body_left_ == 0 ? Part::trailers : Part::chunk;
  return Step::again;
}

Http1Reader::Step Http1Reader::read_trailer(std::string_view line) {
  return line.empty() ? finish() : Step::again;
}

Http1Reader::Step Http1Reader::read_body() {
  std::string_view bytes = rest();
  if (bytes.empty()) return Step::wait;
  if (part_ != Part::until_close)
    bytes = bytes.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), body_left_)));
  used_ += bytes.size();
  if (!keeper_.keep(bytes)) return finish();
  if (part_ == Part::until_close) return Step::again;
  body_left_ -= bytes.size();
  if (body_left_ != 0) return Step::again;
  if (part_ == Part::body) return finish();
  part_ = Part::chunk_end;
  return Step::again;
}

}  // namespace probes

// The grammar of RFC 9112 as far as a server that answers GET and small POSTs needs it. Every check
// is a refusal with a status; there is no repair.
#include "exporter/web/head.h"

#include <event2/http.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "exporter/web/accept.h"

namespace exporter {
namespace {

// What evhttp knows, without CONNECT: we are no proxy.
constexpr std::array<std::string_view, 8> kMethods = {"GET",    "HEAD",    "POST",  "PUT",
                                                      "DELETE", "OPTIONS", "TRACE", "PATCH"};

bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

// Header values may hold tabs and bytes above ASCII, but no control characters.
bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The same parser that evhttp will use, so that it cannot find fault later.
bool is_target(const std::string& target) {
  const bool absolute = target.starts_with("http://") || target.starts_with("https://");
  if (target != "*" && !target.starts_with('/') && !absolute) return false;
  evhttp_uri* uri = evhttp_uri_parse_with_flags(target.c_str(), EVHTTP_URI_NONCONFORMANT);
  if (uri == nullptr) return false;
  evhttp_uri_free(uri);
  return true;
}

}  // namespace

HeadScanner::State HeadScanner::feed(std::string_view bytes) {
  for (char c : bytes) {
    if (state_ != State::reading) break;
    if (++bytes_ > max_header_bytes_) {
      refuse(first_line_ ? 414 : 431);
    } else if (c == '\n') {
      end_line();
    } else {
      line_.push_back(c);
    }
  }
  return state_;
}

void HeadScanner::reset() { *this = HeadScanner(max_header_bytes_, max_body_bytes_); }

void HeadScanner::refuse(int status) {
  state_ = State::refused;
  status_ = status;
}

void HeadScanner::end_line() {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  if (first_line_) {
    request_line(line_);
    first_line_ = false;
  } else if (line_.empty()) {
    end_head();
  } else {
    header_line(line_);
  }
  line_.clear();
}

void HeadScanner::request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400);
  const std::string_view method = line.substr(0, first);
  const std::string target(line.substr(first + 1, last - first - 1));
  const std::string_view version = line.substr(last + 1);
  if (!version.starts_with("HTTP/")) return refuse(400);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505);
  http_1_1_ = version == "HTTP/1.1";
  if (!std::ranges::all_of(method, is_token_char)) return refuse(400);
  if (std::ranges::find(kMethods, method) == kMethods.end()) return refuse(501);
  may_have_body_ = method == "POST" || method == "PUT" || method == "PATCH";
  if (!std::ranges::all_of(target, is_visible) || !is_target(target)) return refuse(400);
}

void HeadScanner::header_line(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return refuse(400);
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!std::ranges::all_of(name, is_token_char)) return refuse(400);
  if (!std::ranges::all_of(value, is_value_char)) return refuse(400);
  if (equals_ignoring_case(name, "host")) ++hosts_;
  if (equals_ignoring_case(name, "transfer-encoding")) chunked_ = true;
  if (equals_ignoring_case(name, "content-length")) return content_length(value);
  if (equals_ignoring_case(name, "expect") && !equals_ignoring_case(value, "100-continue")) {
    return refuse(417);
  }
}

void HeadScanner::content_length(std::string_view value) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error == std::errc::result_out_of_range) return refuse(413);
  if (error != std::errc{} || end != value.data() + value.size()) return refuse(400);
  if (content_length_) return refuse(400);
  content_length_ = length;
}

void HeadScanner::end_head() {
  if (chunked_ && content_length_) return refuse(400);
  if (chunked_) return refuse(411);
  if (hosts_ > 1 || (hosts_ == 0 && http_1_1_)) return refuse(400);
  if (content_length_.value_or(0) > max_body_bytes_) return refuse(413);
  if (content_length_.value_or(0) > 0 && !may_have_body_) return refuse(400);
  state_ = State::complete;
}

}  // namespace exporter

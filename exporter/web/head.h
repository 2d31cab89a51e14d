// Watches the head of a request while it arrives, before evhttp parses it. evhttp is lenient and
// answers every mistake with the same 400; this scanner is strict, bounds the head, and knows the
// right status. What it lets through, evhttp parses without an error of its own.
//
// Refused on purpose: bodies in chunks (411; nobody needs to send us one, and two ways to say a
// length are how requests are smuggled), bodies of methods that have none (evhttp takes those of
// some for the next request), folded header lines, blanks before a colon, repeated lengths. RFC
// 9112. One object a connection, used on the server thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter {

class HeadScanner {
 public:
  HeadScanner(std::size_t max_header_bytes, std::size_t max_body_bytes)
      : max_header_bytes_(max_header_bytes), max_body_bytes_(max_body_bytes) {}

  enum class State { reading, complete, refused };

  // Takes the bytes that have just arrived. Bytes after the end of the head are not looked at.
  State feed(std::string_view bytes);
  // Ready for the next request of the same connection.
  void reset();

  State state() const { return state_; }
  int status() const { return status_; }  // why it was refused: an HTTP status, else 0

 private:
  void end_line();
  void request_line(std::string_view line);
  void header_line(std::string_view line);
  void content_length(std::string_view value);
  void end_head();
  void refuse(int status);

  std::size_t max_header_bytes_, max_body_bytes_;
  State state_ = State::reading;
  int status_ = 0;
  std::string line_;
  std::size_t bytes_ = 0;
  bool first_line_ = true, http_1_1_ = false, chunked_ = false, may_have_body_ = false;
  int hosts_ = 0;
  std::optional<std::uint64_t> content_length_;
};

}  // namespace exporter

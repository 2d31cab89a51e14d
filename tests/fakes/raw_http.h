// A blunt HTTP client for tests: what is sent is exactly what the test says, byte for byte, so that
// broken requests can be made too. Blocking, with a deadline on every read; one connection each.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fakes {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class RawHttp {
 public:
  explicit RawHttp(std::uint16_t port, const char* address = "127.0.0.1");
  ~RawHttp();
  RawHttp(RawHttp&& other) noexcept;
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  bool connected() const { return fd_ >= 0; }
  void send(std::string_view bytes) const;
  // The next whole response; nothing when the peer closed or kept silent past the deadline. After
  // HEAD the caller says so, for the body is announced and not sent.
  std::optional<RawResponse> read(bool head = false);
  // True when the peer closes within the time, whatever it sends before.
  bool closes_within(std::chrono::milliseconds time) const;

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
};

// One GET on a connection of its own, with extra header lines ("Accept: text/plain\r\n").
std::optional<RawResponse> get(std::uint16_t port, const std::string& path,
                               const std::string& headers = "");

}  // namespace fakes

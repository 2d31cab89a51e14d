// A TCP port that stays ours while nobody listens on it. A socket that is bound but does not listen
// holds the number, so that "refuse" really refuses and no other process takes the port meanwhile.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace exporter::demo {

class Port {
 public:
  // `address` is a literal, IPv4 or IPv6; number 0 takes a free one.
  static std::expected<Port, std::string> reserve(const std::string& address, std::uint16_t number);
  Port() = default;
  ~Port();
  Port(Port&& other) noexcept;
  Port& operator=(Port&& other) noexcept;

  std::uint16_t number() const { return number_; }
  // A listening, non-blocking socket; the caller owns it and may close and open it again.
  std::expected<int, std::string> listen() const;

 private:
  std::string address_;
  std::uint16_t number_ = 0;
  int fd_ = -1;
};

// An error unless `address` is a literal that could be listened on.
std::expected<void, std::string> check_address(const std::string& address);

// "127.0.0.1:80", "[::1]:80".
std::string host_and_port(const std::string& address, std::uint16_t number);

}  // namespace exporter::demo

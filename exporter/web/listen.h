// Listen addresses as the Prometheus family writes them, and the sockets they become.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace exporter {

struct ListenAddress {
  std::string host;  // empty: every address of the machine, of both families
  std::string port;  // a number; "0" lets the kernel choose
};

// "host:port", ":9849", "[::1]:9849", "192.0.2.1:0". The error says what was expected.
std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

struct Listener {
  int fd = -1;
  std::uint16_t port = 0;  // as bound
};

// A listening, non-blocking socket that the caller closes. The error names the address, what the
// kernel said and what to do.
std::expected<Listener, std::string> open_listener(const std::string& text);

}  // namespace exporter

#include "tests/fakes/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace fakes {
namespace {

constexpr int kReadDeadlineMs = 20'000;

int connect_to(std::uint16_t port, const char* address) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  const bool is_six = ::inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
  const int fd = ::socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = -1;
  if (is_six) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    result = ::connect(fd, reinterpret_cast<sockaddr*>(&six), sizeof six);
  } else {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &four.sin_addr);
    result = ::connect(fd, reinterpret_cast<sockaddr*>(&four), sizeof four);
  }
  if (result == 0) return fd;
  ::close(fd);
  return -1;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

RawResponse parse_head(const std::string& head) {
  RawResponse response;
  if (head.size() > 12) response.status = std::atoi(head.c_str() + 9);
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t end = std::min(head.find("\r\n", at + 2), head.size());
    const std::string line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) {
      response.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    }
    at = end == head.size() ? std::string::npos : end;
  }
  return response;
}

}  // namespace

RawHttp::RawHttp(std::uint16_t port, const char* address) : fd_(connect_to(port, address)) {}
RawHttp::RawHttp(RawHttp&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
RawHttp::~RawHttp() {
  if (fd_ >= 0) ::close(fd_);
}

void RawHttp::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawHttp::fill() {
  pollfd poll_fd{fd_, POLLIN, 0};
  if (::poll(&poll_fd, 1, kReadDeadlineMs) <= 0) return false;
  char bytes[16384];
  const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::optional<RawResponse> RawHttp::read(bool head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawResponse response = parse_head(buffer_.substr(0, end));
  buffer_.erase(0, end + 4);
  const auto length = response.headers.find("content-length");
  if (head || length == response.headers.end()) return response;
  const std::size_t wanted = std::stoul(length->second);
  while (buffer_.size() < wanted) {
    if (!fill()) return std::nullopt;
  }
  response.body = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  return response;
}

bool RawHttp::closes_within(std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + time;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd poll_fd{fd_, POLLIN, 0};
    if (::poll(&poll_fd, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[4096];
    if (::recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
  }
}

std::optional<RawResponse> get(std::uint16_t port, const std::string& path,
                               const std::string& headers) {
  RawHttp client(port);
  if (!client.connected()) return std::nullopt;
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  return client.read();
}

}  // namespace fakes

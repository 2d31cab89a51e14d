// Simple clients for the demo company's tests: libcurl for HTTP and mail, a raw socket for
// everything that should go wrong. Header only, blocking, every wait bounded.
#pragma once

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::demo {

struct HttpOptions {
  std::string body = {};  // not empty: POST
  std::vector<std::string> headers = {};
  std::string authority_pem = {};
  std::chrono::milliseconds timeout{5000};
};

struct HttpResult {
  CURLcode error = CURLE_OK;
  std::string message;
  long status = 0;
  std::string headers, body;
  double seconds = 0;
};

struct CurlHandle {
  CURL* handle = curl_easy_init();
  ~CurlHandle() { curl_easy_cleanup(handle); }
};

inline std::size_t append_to(char* data, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(data, size * count);
  return size * count;
}

inline void trust(CURL* curl, const std::string& authority_pem) {
  curl_blob blob{const_cast<char*>(authority_pem.data()), authority_pem.size(), CURL_BLOB_COPY};
  if (!authority_pem.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
  // Debian's default folder of authorities would be read as well, slowly.
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
}

inline HttpResult http(const std::string& url, const HttpOptions& options) {
  const CurlHandle curl;
  HttpResult result;
  char message[CURL_ERROR_SIZE] = {};
  curl_slist* headers = nullptr;
  for (const auto& header : options.headers) headers = curl_slist_append(headers, header.c_str());
  curl_easy_setopt(curl.handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  curl_easy_setopt(curl.handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(curl.handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl.handle, CURLOPT_WRITEFUNCTION, append_to);
  curl_easy_setopt(curl.handle, CURLOPT_WRITEDATA, &result.body);
  curl_easy_setopt(curl.handle, CURLOPT_HEADERDATA, &result.headers);
  if (!options.body.empty())
    curl_easy_setopt(curl.handle, CURLOPT_POSTFIELDS, options.body.c_str());
  trust(curl.handle, options.authority_pem);
  result.error = curl_easy_perform(curl.handle);
  result.message = message;
  curl_easy_getinfo(curl.handle, CURLINFO_RESPONSE_CODE, &result.status);
  curl_easy_getinfo(curl.handle, CURLINFO_TOTAL_TIME, &result.seconds);
  curl_slist_free_all(headers);
  return result;
}

struct MailResult {
  CURLcode error = CURLE_OK;
  std::string message;
  long code = 0;
};

inline std::size_t read_from(char* data, std::size_t size, std::size_t count, void* source) {
  auto& rest = *static_cast<std::string_view*>(source);
  const std::size_t taken = std::min(size * count, rest.size());
  std::memcpy(data, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}

// Sends a small message with STARTTLS required.
inline MailResult send_mail(std::uint16_t port, const std::string& authority_pem) {
  const CurlHandle curl;
  MailResult result;
  char message[CURL_ERROR_SIZE] = {};
  std::string_view text = "Subject: test\r\n\r\nHello.\r\n";
  const std::string url = "smtp://127.0.0.1:" + std::to_string(port) + "/tester";
  curl_slist* recipients = curl_slist_append(nullptr, "<someone@example.net>");
  curl_easy_setopt(curl.handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.handle, CURLOPT_TIMEOUT_MS, 5000L);
  curl_easy_setopt(curl.handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(curl.handle, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  curl_easy_setopt(curl.handle, CURLOPT_MAIL_FROM, "<tester@example.net>");
  curl_easy_setopt(curl.handle, CURLOPT_MAIL_RCPT, recipients);
  curl_easy_setopt(curl.handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl.handle, CURLOPT_READFUNCTION, read_from);
  curl_easy_setopt(curl.handle, CURLOPT_READDATA, &text);
  trust(curl.handle, authority_pem);
  result.error = curl_easy_perform(curl.handle);
  result.message = message;
  curl_easy_getinfo(curl.handle, CURLINFO_RESPONSE_CODE, &result.code);
  curl_slist_free_all(recipients);
  return result;
}

// A TCP connection to loopback that says and hears plain bytes.
class RawClient {
 public:
  static std::unique_ptr<RawClient> connect(std::uint16_t port) {
    auto client = std::unique_ptr<RawClient>(new RawClient);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(client->fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      return nullptr;
    return client;
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }

  // What comes first within `patience`; empty when nothing does or the peer has hung up.
  std::string read_some(std::chrono::milliseconds patience) {
    if (!pending_.empty()) return std::exchange(pending_, {});
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return {};
    char buffer[4096];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    open_ = got > 0;
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
  }

  std::string read_line() {
    std::string text = std::exchange(pending_, {});
    while (text.find('\n') == std::string::npos) {
      const std::string more = read_some(kPatience);
      if (more.empty()) return text;
      text += more;
    }
    const std::size_t end = text.find('\n') + 1;
    pending_ = text.substr(end);
    return text.substr(0, end);
  }

  std::string read_to_end() {
    std::string text;
    for (std::string more = read_some(kPatience); !more.empty(); more = read_some(kPatience))
      text += more;
    return open_ ? "(still open)" : text;
  }

  bool still_open() const { return open_; }

 private:
  static constexpr std::chrono::milliseconds kPatience{5000};
  RawClient() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  int fd_;
  bool open_ = true;
  std::string pending_;
};

}  // namespace exporter::demo

// Who may come in: the web configuration file in force, kept up to date, and what it demands of
// each request. The file and those it names are looked at (stat only) for every request and every
// connection, and read again when they have changed. While they are broken every request gets a
// 500 and the log says why once; handshakes go on with the last good certificate.
//
// Server thread only. A password that is not in the cache must be compared elsewhere: admit() then
// returns the comparison as a job, and the caller brings the result back with remember().
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "exporter/web/password.h"
#include "exporter/web/server.h"
#include "exporter/web/web_config.h"

struct ssl_st;  // OpenSSL's SSL

namespace exporter {

// One request may be made every `interval`, and `burst` at once after a rest.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;
  explicit TokenBucket(RateLimit limit) : limit_(limit), tokens_(limit.burst) {}
  bool take(Clock::time_point now);

 private:
  RateLimit limit_;
  double tokens_;
  std::optional<Clock::time_point> last_;
};

class Access {
 public:
  // Without a file everybody may come in, over plain HTTP.
  static std::expected<std::unique_ptr<Access>, std::string> open(
      const std::filesystem::path& file);

  bool tls() const { return tls_; }
  // A session for a new connection, owned by the caller; null for plain HTTP.
  ssl_st* new_session();
  std::int64_t certificate_expires() const { return config_->certificate_expires; }

  struct Admitted {
    std::string user;
  };
  struct Compare {
    Credentials credentials;
    std::string hash;
    std::string key;     // for remember()
    bool known = false;  // the user exists
  };
  using Decision = std::variant<Admitted, Compare, WebResponse>;
  // `authorization` is the header as received.
  Decision admit(std::string_view authorization);
  // For a route that checks who comes by itself: whoever passes the limits comes in.
  Decision admit_unnamed();
  void remember(const std::string& key, bool matches) { cache_.insert(key, matches); }

  // Headers of the configuration for every answer.
  const std::vector<std::pair<std::string, std::string>>& headers() const {
    return config_->headers;
  }

  static WebResponse unauthorized();

 private:
  // What stat() says of a file; equal means unchanged.
  struct Print {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;
    std::int64_t changed = 0, modified = 0;  // nanoseconds
    bool operator==(const Print&) const = default;
  };

  explicit Access(std::filesystem::path file) : file_(std::move(file)) {}
  static Print print_of(const std::filesystem::path& file);
  std::vector<Print> prints() const;
  void refresh();
  // What stands in everybody's way.
  std::optional<WebResponse> hindrance();
  void take(WebConfig config);

  const std::filesystem::path file_;
  std::shared_ptr<const WebConfig> config_ = std::make_shared<WebConfig>();
  bool tls_ = false;  // as at the start: a listener cannot change its protocol
  bool broken_ = false;
  std::vector<Print> prints_;
  TokenBucket::Clock::time_point tried_{};
  std::string decoy_;
  std::optional<TokenBucket> limiter_;
  PasswordCache cache_;
};

}  // namespace exporter

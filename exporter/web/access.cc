// The order for each request is the exporter toolkit's: broken file, rate limit, user.
#include "exporter/web/access.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "exporter/web/router.h"

namespace exporter {
namespace {

// While the file is broken it is tried again this often even if nothing seems to change: what is
// broken may be a file that it names and that we do not know of.
constexpr std::chrono::seconds kTryAgain{1};

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// The dearest of the hashes, so that the comparison for an unknown user is not the quickest.
std::string_view dearest(const WebConfig& config) {
  std::string_view best;
  for (const auto& [user, hash] : config.users) {
    const std::string_view candidate = hash.reveal();
    if (best.empty() || candidate.substr(4, 2) > best.substr(4, 2)) best = candidate;
  }
  return best;
}

}  // namespace

bool TokenBucket::take(Clock::time_point now) {
  if (last_) {
    const std::chrono::duration<double, std::nano> passed = now - *last_;
    tokens_ += passed / std::chrono::duration<double, std::nano>(limit_.interval);
  }
  last_ = now;
  tokens_ = std::min(tokens_, static_cast<double>(limit_.burst));
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::expected<std::unique_ptr<Access>, std::string> Access::open(
    const std::filesystem::path& file) {
  std::unique_ptr<Access> access(new Access(file));
  if (file.empty()) return access;
  auto config = load_web_config(file);
  if (!config) return std::unexpected(config.error());
  access->tls_ = config->tls.has_value();
  if (config->rate_limit) access->limiter_.emplace(*config->rate_limit);
  access->take(std::move(*config));
  access->prints_ = access->prints();
  return access;
}

void Access::take(WebConfig config) {
  config_ = std::make_shared<const WebConfig>(std::move(config));
  decoy_ = decoy_hash(dearest(*config_));
  broken_ = false;
}

Access::Print Access::print_of(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_ctim),
          nanoseconds(status.st_mtim)};
}

std::vector<Access::Print> Access::prints() const {
  std::vector<Print> prints;
  for (const auto& file : config_->files) prints.push_back(print_of(file));
  return prints;
}

void Access::refresh() {
  if (file_.empty()) return;
  const auto now = TokenBucket::Clock::now();
  std::vector<Print> current = prints();
  const bool changed = current != prints_;
  if (!changed && !(broken_ && now - tried_ >= kTryAgain)) return;
  tried_ = now;
  auto loaded = load_web_config(file_);
  if (loaded && loaded->tls.has_value() != tls_) {
    loaded = std::unexpected(fmt::format(
        "{}: TLS cannot be switched on or off while running; restart the program", file_.string()));
  }
  if (!loaded) {
    // Said once for each change, not for each request.
    if (changed || !broken_) {
      spdlog::error("the web configuration is broken, every request gets a 500: {}",
                    loaded.error());
    }
    broken_ = true;
    prints_ = std::move(current);
    return;
  }
  spdlog::info("the web configuration {} was read again", file_.string());
  take(std::move(*loaded));
  prints_ = prints();
}

ssl_st* Access::new_session() {
  refresh();
  return tls_ ? SSL_new(config_->tls_context.get()) : nullptr;
}

WebResponse Access::unauthorized() {
  WebResponse response = error_response(401, "a user and a password are needed");
  response.headers.emplace_back("WWW-Authenticate", "Basic");
  return response;
}

std::optional<WebResponse> Access::hindrance() {
  refresh();
  if (broken_) {
    return error_response(500,
                          "the web configuration of this server is broken; its log says where");
  }
  if (limiter_ && !limiter_->take(TokenBucket::Clock::now())) {
    return error_response(429, "requests come faster than the web configuration allows");
  }
  return std::nullopt;
}

Access::Decision Access::admit_unnamed() {
  if (auto answer = hindrance()) return std::move(*answer);
  return Admitted{};
}

Access::Decision Access::admit(std::string_view authorization) {
  if (auto answer = hindrance()) return std::move(*answer);
  if (config_->users.empty()) return Admitted{};
  auto credentials = parse_basic_auth(authorization);
  if (!credentials) return unauthorized();

  Compare compare;
  const auto user = config_->users.find(credentials->user);
  compare.known = user != config_->users.end();
  compare.hash = compare.known ? user->second.reveal() : decoy_;
  compare.key = PasswordCache::key(*credentials, compare.hash);
  const std::optional<bool> cached = cache_.find(compare.key);
  if (cached && *cached && compare.known) return Admitted{credentials->user};
  if (cached) return unauthorized();
  compare.credentials = std::move(*credentials);
  return compare;
}

}  // namespace exporter

#include "exporter/oauth2.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "rules/template/go_text.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using probes::Error;
using probes::HttpAnswer;
using probes::Later;
using probes::Reason;
using probes::Result;
using probes::Secret;
using probes::Task;
using probes::TimePoint;
using rules::templates::query_escape;

constexpr std::size_t kMaxTokenBytes = 64u << 10;  // of an answer; tokens full of claims are large
constexpr std::size_t kMaxQuoted = 200;            // of what the server says about an error
// A token is not used in its last seconds: it must still be good when it arrives.
constexpr std::chrono::seconds kMargin = 30s;
// Whatever the server promises; no clock is reckoned with further than this.
constexpr double kMostSeconds = 365.0 * 24 * 3600;
constexpr std::string_view kRemedy = "see client_id and client_secret_file of oauth2";

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

// RFC 6750 section 2.1, taken as wide as a header value allows.
bool is_bearer_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Some servers write the number as text.
std::optional<double> seconds_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (!found->is_string()) return std::nullopt;
  const std::string text = found->get<std::string>();
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return seconds;
}

// Half of a token's life is used at the least, else one of less than the margin would never be.
probes::Duration use_for(double seconds) {
  const auto life = std::chrono::duration_cast<probes::Duration>(
      std::chrono::duration<double>(std::min(seconds, kMostSeconds)));
  return life - std::min<probes::Duration>(kMargin, life / 2);
}

bool is_bearer(std::string_view type) {
  static constexpr std::string_view kBearer = "bearer";
  return type.empty() || std::ranges::equal(type, kBearer, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

// The server may know the client, but not by this way of saying who it is.
bool is_refusal(int status) {
  return status == 400 || status == 401 || status == 403 || status == 422;
}

std::string form_text(const std::vector<std::pair<std::string, std::string>>& form) {
  std::string text;
  for (const auto& [name, value] : form) {
    if (!text.empty()) text += '&';
    text += query_escape(name) + '=' + query_escape(value);
  }
  return text;
}

probes::ProbeRequest with_token(const probes::ProbeRequest& request, const Secret& token) {
  auto module = std::make_shared<probes::Module>(*request.module);
  auto& http = std::get<probes::HttpModule>(module->spec);
  http.authorization_type = "Bearer";
  http.authorization_credentials = token;
  probes::ProbeRequest authorized = request;
  authorized.module = std::move(module);
  return authorized;
}

HttpAnswer not_asked(const Error& error, probes::Duration after) {
  HttpAnswer answer;
  answer.outcome = probes::Outcome::failed(error);
  answer.outcome.duration = after;
  return answer;
}

}  // namespace

class TokenKeeper::Flight {
 public:
  explicit Flight(TokenKeeper& keeper) : keeper_(keeper) { keeper_.under_way_ = true; }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() {
    keeper_.under_way_ = false;
    for (const auto& waiting : std::exchange(keeper_.waiting_, {})) waiting.set(landed_);
  }
  void land(const Result<Secret>& token) { landed_.token = token; }

 private:
  TokenKeeper& keeper_;
  Landed landed_;
};

TokenKeeper::TokenKeeper(probes::Net& net, OAuth2 settings)
    : net_(net), settings_(std::move(settings)) {
  // Without a secret it is a certificate that shows who the client is, and the form its name
  // (RFC 8705 section 2).
  if (settings_.client_secret.empty()) way_ = Way::body;
}

bool TokenKeeper::is_fresh() const { return !token_.empty() && net_.loop().now() < good_until_; }

void TokenKeeper::forget(const Secret& token) {
  if (token_ == token) token_ = {};
}

Task<Result<Secret>> TokenKeeper::token(TimePoint deadline) {
  while (!is_fresh() && under_way_) {
    const Later<Landed> landing = waiting_.emplace_back(net_.loop());
    const std::optional<Landed> landed = co_await landing.until(deadline);
    if (!landed) co_return std::unexpected(trouble(Reason::timeout, "no answer in time"));
    if (landed->token) co_return *landed->token;
  }
  if (is_fresh()) co_return token_;
  Flight flight(*this);
  Result<Secret> fetched = co_await fetch(deadline);
  flight.land(fetched);
  co_return fetched;
}

// A server that does not take the client by the header is asked again with a form, as long as it is
// not known which way it wants.
Task<Result<Secret>> TokenKeeper::fetch(TimePoint deadline) {
  const TimePoint asked = net_.loop().now();
  const Way way = way_.value_or(Way::header);
  probes::ProbeRequest first = request(way);
  HttpAnswer answer = co_await fetch_http(net_, std::move(first), kMaxTokenBytes, deadline);
  if (way_ || !is_refusal(answer.status)) {
    Result<Secret> token = take(answer, asked);
    if (token) way_ = way;
    co_return token;
  }
  probes::ProbeRequest second = request(Way::body);
  const HttpAnswer again = co_await fetch_http(net_, std::move(second), kMaxTokenBytes, deadline);
  Result<Secret> token = take(again, asked);
  if (token) way_ = Way::body;
  if (token || !is_refusal(again.status)) co_return token;
  co_return std::unexpected(
      trouble(Reason::auth, fmt::format("{}; with the secret in the form: {}; {}", words_of(answer),
                                        words_of(again), kRemedy)));
}

probes::ProbeRequest TokenKeeper::request(Way way) const {
  std::map<std::string, std::string> form = settings_.endpoint_params;
  form.emplace("grant_type", "client_credentials");
  if (!settings_.scopes.empty())
    form["scope"] = fmt::format("{}", fmt::join(settings_.scopes, " "));
  probes::HttpModule http;
  if (way == Way::header) {
    // RFC 6749 section 2.3.1: both are encoded as in a form first.
    http.basic_auth_user = query_escape(settings_.client_id);
    http.basic_auth_password = Secret(query_escape(settings_.client_secret.reveal()));
  } else {
    form["client_id"] = settings_.client_id;
    if (!settings_.client_secret.empty()) form["client_secret"] = settings_.client_secret.reveal();
  }
  http.method = "POST";
  http.body = form_text({form.begin(), form.end()});
  http.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"}};
  http.proxy_url = settings_.proxy_url;
  http.tls = settings_.tls;
  // The form may hold the secret, which must not be led elsewhere.
  http.follow_redirects = false;
  return probes::http_request("oauth2", std::move(http), settings_.token_url);
}

Result<Secret> TokenKeeper::take(const HttpAnswer& answer, TimePoint asked) {
  if (!answer.outcome.good()) {
    const std::string words = words_of(answer);
    return std::unexpected(
        trouble(answer.outcome.reason,
                is_refusal(answer.status) ? fmt::format("{}; {}", words, kRemedy) : words));
  }
  const json object = json::parse(answer.body, nullptr, false);
  if (!object.is_object()) {
    return std::unexpected(trouble(
        Reason::protocol,
        fmt::format("the answer is not a JSON object of at most {} bytes", kMaxTokenBytes)));
  }
  const std::string token = text_at(object, "access_token");
  if (!is_bearer_token(token)) {
    return std::unexpected(trouble(Reason::protocol, "the answer has no usable access_token"));
  }
  if (!is_bearer(text_at(object, "token_type"))) {
    return std::unexpected(
        trouble(Reason::protocol, "its token_type is not Bearer, which is the only one known"));
  }
  const std::optional<double> seconds = seconds_at(object, "expires_in");
  const bool expires = seconds && std::isfinite(*seconds) && *seconds > 0;
  good_until_ = expires ? asked + use_for(*seconds) : TimePoint::max();
  token_ = Secret(token);
  return token_;
}

Error TokenKeeper::trouble(Reason reason, const std::string& what) const {
  return {reason, fmt::format("no access token from {}: {}", settings_.token_url, what)};
}

// What went wrong, with the server's words of RFC 6749 section 5.2 and nothing else of its answer.
std::string TokenKeeper::words_of(const HttpAnswer& answer) const {
  const json object = json::parse(answer.body, nullptr, false);
  if (!object.is_object()) return answer.outcome.message;
  std::string words = text_at(object, "error");
  const std::string more = text_at(object, "error_description");
  if (!more.empty()) words += (words.empty() ? "" : ": ") + more;
  const std::string& secret = settings_.client_secret.reveal();
  const bool tells = !secret.empty() && words.find(secret) != words.npos;
  if (words.empty() || tells) return answer.outcome.message;
  words.resize(std::min(words.size(), kMaxQuoted));
  std::ranges::replace_if(words, [](char c) { return !is_printable(c); }, ' ');
  return fmt::format("{} ({})", answer.outcome.message, words);
}

std::shared_ptr<TokenKeeper> TokenKeepers::of(const OAuth2& settings) {
  if (!settings.configured()) return nullptr;
  std::erase_if(known_, [](const auto& keeper) { return keeper.expired(); });
  for (const auto& known : known_) {
    auto keeper = known.lock();
    if (keeper->settings() == settings) return keeper;
  }
  auto keeper = std::make_shared<TokenKeeper>(net_, settings);
  known_.push_back(keeper);
  return keeper;
}

namespace {

// Of the body as much as `whole` says, or its beginning.
Task<HttpAnswer> ask_once(probes::Net& net, probes::ProbeRequest request,
                          std::optional<std::size_t> whole, TimePoint deadline) {
  if (!whole) co_return co_await ask_http(net, std::move(request), deadline);
  const std::size_t at_most = *whole;
  co_return co_await fetch_http(net, std::move(request), at_most, deadline);
}

Task<HttpAnswer> ask(probes::Net& net, std::shared_ptr<TokenKeeper> keeper,
                     probes::ProbeRequest request, std::optional<std::size_t> whole,
                     TimePoint deadline) {
  if (!keeper) co_return co_await ask_once(net, std::move(request), whole, deadline);
  const TimePoint begun = net.loop().now();
  HttpAnswer answer;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Result<Secret> token = co_await keeper->token(deadline);
    if (!token) co_return not_asked(token.error(), net.loop().now() - begun);
    probes::ProbeRequest authorized = with_token(request, *token);
    answer = co_await ask_once(net, std::move(authorized), whole, deadline);
    if (answer.status != 401) break;
    keeper->forget(*token);
  }
  answer.outcome.duration = net.loop().now() - begun;
  co_return answer;
}

}  // namespace

Task<HttpAnswer> ask_with_token(probes::Net& net, std::shared_ptr<TokenKeeper> keeper,
                                probes::ProbeRequest request, TimePoint deadline) {
  const std::optional<std::size_t> beginning;
  co_return co_await ask(net, std::move(keeper), std::move(request), beginning, deadline);
}

Task<HttpAnswer> fetch_with_token(probes::Net& net, std::shared_ptr<TokenKeeper> keeper,
                                  probes::ProbeRequest request, std::size_t at_most,
                                  TimePoint deadline) {
  const std::optional<std::size_t> whole = at_most;
  co_return co_await ask(net, std::move(keeper), std::move(request), whole, deadline);
}

}  // namespace exporter

#include "exporter/sources/http_asker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "probes/http_date.h"
#include "probes/net/http1.h"

namespace exporter {
namespace {

using probes::HttpAnswer;
using Reason = SourceError::Reason;

// What a failed attempt is called among sources. The rest of the reasons is about what came back.
constexpr auto kTransport = std::to_array<std::pair<probes::Reason, Reason>>({
    {probes::Reason::local, Reason::local},
    {probes::Reason::dns, Reason::connect},
    {probes::Reason::connect, Reason::connect},
    {probes::Reason::tls, Reason::connect},
    {probes::Reason::certificate, Reason::connect},
    {probes::Reason::timeout, Reason::timeout},
});

struct StatusMeaning {
  int from, to;
  Reason reason;
  std::string_view remedy;
};

constexpr auto kStatuses = std::to_array<StatusMeaning>({
    {300, 399, Reason::answer, "configure the address that the redirect leads to"},
    {401, 401, Reason::auth, "see whether the token is right and still valid"},
    {404, 404, Reason::answer, "see whether the url is right and what the account may see"},
    {407, 407, Reason::auth, "the proxy wants credentials"},
    {429, 429, Reason::rate_limited, "lower requests_per_minute"},
    {503, 503, Reason::rate_limited, "it is asked again when it says so"},
    {500, 599, Reason::server, "see the help desk's own log"},
});

std::optional<std::chrono::seconds> retry_after(const HttpAnswer& answer, probes::WallTime now) {
  const std::string_view text = probes::find_header(answer.headers, "Retry-After");
  if (text.empty()) return std::nullopt;
  std::chrono::seconds pause{0};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    const std::int64_t longest = HttpAsker::kLongestRetryAfter.count();
    pause = std::chrono::seconds(std::min(number, longest));
  } else if (const auto at = probes::parse_http_date(text)) {
    pause = *at - std::chrono::floor<std::chrono::seconds>(now);
  } else {
    return std::nullopt;
  }
  return std::clamp(pause, std::chrono::seconds(0), HttpAsker::kLongestRetryAfter);
}

// A query says much and explains little.
std::string_view shown(const SourceRequest& request) {
  const std::string_view path = request.path;
  return path.substr(0, path.find('?'));
}

// Nothing of the body is quoted: it may hold what a customer wrote.
SourceError status_error(const HttpAnswer& answer, const SourceRequest& request,
                         const std::string& source, probes::WallTime now) {
  const int status = answer.status;
  if (status == 403)
    return {Reason::auth,
            fmt::format("{} answers 403 to {}: give the account {}", source, shown(request),
                        request.right),
            std::nullopt};
  SourceError error{Reason::answer, {}, retry_after(answer, now)};
  std::string_view remedy = "see whether the url is that of this kind of help desk";
  const auto meaning = std::ranges::find_if(kStatuses, [status](const StatusMeaning& row) {
    return row.from <= status && status <= row.to;
  });
  if (meaning != kStatuses.end()) {
    error.reason = meaning->reason;
    remedy = meaning->remedy;
  }
  // 503 without a time to come back is trouble of the server, not a limit.
  if (status == 503 && !error.retry_after) {
    error.reason = Reason::server;
    remedy = "see the help desk's own log";
  }
  error.message = fmt::format("{} answers {} to {} {}: {}", source, status, request.method,
                              shown(request), remedy);
  return error;
}

// A whole answer that the prober finds wrong for its status alone.
bool is_among(const std::vector<int>& statuses, const HttpAnswer& answer) {
  const probes::Reason reason = answer.outcome.reason;
  const bool status_alone = reason == probes::Reason::status || reason == probes::Reason::auth;
  return status_alone && std::ranges::find(statuses, answer.status) != statuses.end();
}

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

HttpAsker::HttpAsker(probes::Net& net, const TicketSource& source)
    : net_(net),
      url_(source.url),
      name_(source.name),
      timeout_(source.timeout),
      spacing_(probes::Duration(std::chrono::minutes(1)) / std::max(source.requests_per_minute, 1)),
      module_(http_module(source.http)),
      keeper_(TokenKeepers(net).of(source.http.oauth2)) {}

probes::Task<SourceAnswerResult> HttpAsker::ask(SourceRequest request) {
  probes::Loop& loop = net_.loop();
  const probes::TimePoint turn = take_turn();
  if (turn > loop.now()) co_await sleep_until(loop, turn);
  probes::ProbeRequest probe = probe_for(request);
  const probes::TimePoint deadline = loop.now() + timeout_;
  HttpAnswer answer =
      co_await fetch_with_token(net_, keeper_, std::move(probe), kMaxAnswerBytes, deadline);
  const bool expected = answer.outcome.good() || is_among(request.also_expected, answer);
  if (!expected || answer.body_truncated || !answer.as_asked)
    co_return std::unexpected(source_error_of(answer, request, name_, loop.wall_now()));
  SourceAnswer taken{answer.status, std::move(answer.body)};
  co_return taken;
}

// Evenly spread: no burst after a pause, because a help desk that was away is the last to need one.
probes::TimePoint HttpAsker::take_turn() {
  const probes::TimePoint turn = std::max(net_.loop().now(), next_turn_);
  next_turn_ = turn + spacing_;
  return turn;
}

probes::ProbeRequest HttpAsker::probe_for(const SourceRequest& request) const {
  probes::HttpModule http = module_;
  http.method = request.method;
  http.headers.emplace_back("Accept", "application/json");
  if (!request.body.empty()) {
    http.body = request.body;
    http.headers.emplace_back("Content-Type", "application/json");
  }
  return probes::http_request("ticket source", std::move(http), url_ + request.path);
}

SourceError source_error_of(const HttpAnswer& answer, const SourceRequest& request,
                            const std::string& source, probes::WallTime now) {
  const auto transport = std::ranges::find(kTransport, answer.outcome.reason,
                                           &std::pair<probes::Reason, Reason>::first);
  if (transport != kTransport.end())
    return {transport->second,
            fmt::format("{} was not reached: {}", source, answer.outcome.message), std::nullopt};
  if (answer.status >= 300) return status_error(answer, request, source, now);
  if (answer.body_truncated)
    return {Reason::answer,
            fmt::format("{} answers {} with more than {} bytes: lower `page`", source,
                        shown(request), HttpAsker::kMaxAnswerBytes),
            std::nullopt};
  if (!answer.as_asked)
    return {Reason::answer,
            fmt::format("a redirect of {} turned {} {} into a GET: configure the address it leads "
                        "to",
                        source, request.method, shown(request)),
            std::nullopt};
  return {Reason::answer, fmt::format("{}: {}", source, answer.outcome.message), std::nullopt};
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace exporter

#include "probes/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "probes/http_date.h"
#include "probes/http_judge.h"
#include "probes/http_redirect.h"
#include "probes/net/base64.h"
#include "probes/net/http1.h"
#include "probes/net/url.h"
#include "probes/target.h"

namespace probes {
namespace {

constexpr std::string_view kUserAgent = "sla_exporter/" SLA_VERSION;

// What the caller wants of the answer's body, beside a judgement.
struct Keep {
  std::size_t bytes = 0;
  bool stop_there = false;  // a longer body ends the transfer
};

// One probe over all its hops. Lives in the frame of probe_http.
class HttpProbe {
 public:
  HttpProbe(Net& net, ProbeRequest request, TimePoint deadline, Keep keep = {})
      : net_(net),
        request_(std::move(request)),
        module_(std::get<HttpModule>(request_.module->spec)),
        deadline_(deadline),
        method_(module_.method),
        send_body_(!module_.body.empty()),
        keep_(keep) {}
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

  Task<Outcome> run();
  // The last answer; of the probe nothing else may be asked afterwards.
  HttpAnswer take_answer(Outcome outcome);

 private:
  Task<Result<void>> answer();
  Task<Result<void>> look_up(std::string host);
  Task<Result<void>> look_up_hop();
  Task<Result<void>> ask();
  Result<void> start();
  Result<void> turn_to_location();
  Result<void> judge();

  HttpRequest make_request() const;
  void add_headers(HttpRequest& request) const;
  void add_credentials(HttpRequest& request) const;
  std::string host_header() const;
  std::string server_name() const;
  void add_phases();
  Outcome measure(const Result<void>& result);
  void measure_phases(Outcome& outcome) const;
  void measure_answer(Outcome& outcome) const;

  bool by_proxy() const { return !module_.proxy_url.empty(); }
  bool at_home() const { return may_carry_secrets(first_, url_); }

  Net& net_;
  ProbeRequest request_;
  const HttpModule& module_;
  TimePoint deadline_;

  Url first_, url_;  // the target, and where the redirects have led
  std::string method_;
  bool send_body_;
  Keep keep_;
  std::string kept_body_;
  bool keeps_host_ = true;  // no redirect has named a host yet
  int redirects_ = 0;
  CookieJar cookies_;
  std::vector<Address> candidates_;  // of this hop
  std::optional<Address> first_address_, address_;
  std::optional<Duration> first_lookup_;
  HttpResponse response_;  // the last one, as far as it came
  HttpVerdict verdict_;
  Duration resolve_{}, connect_{}, tls_{}, processing_{}, transfer_{};
};

// The host of a Host header, as SNI wants it.
std::string without_port(const std::string& authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

// Whether a Location is absolute, or at least begins with a host.
bool names_host(std::string_view location) {
  return location.starts_with("//") || location.find("://") < location.find_first_of("/?#");
}

Task<Outcome> HttpProbe::run() {
  const Result<void> result = co_await answer();
  co_return measure(result);
}

// Asks, follows redirects, and judges the answer at the end of the way.
Task<Result<void>> HttpProbe::answer() {
  Result<void> done = start();
  while (done) {
    done = co_await look_up_hop();
    if (!done) break;
    done = co_await ask();
    if (!done) break;
    if (!is_redirect(response_)) co_return judge();
    // Counted when it is met, followed or not, as the blackbox exporter does.
    ++redirects_;
    if (!module_.follow_redirects) co_return judge();
    done = turn_to_location();
  }
  co_return done;
}

Result<void> HttpProbe::start() {
  auto url = parse_url(request_.target);
  // A target that cannot be read is the configuration's fault, not the server's.
  if (!url) return std::unexpected(Error{Reason::local, url.error().message});
  first_ = url_ = std::move(*url);
  return {};
}

Task<Result<void>> HttpProbe::look_up(std::string host) {
  auto resolved =
      co_await resolve_target(net_, std::move(host), module_.ip, request_.both_families, deadline_);
  if (!resolved) co_return std::unexpected(resolved.error());
  candidates_ = std::move(resolved->candidates);
  resolve_ += resolved->lookup_time;
  if (!first_lookup_) {
    first_lookup_ = resolved->lookup_time;
    first_address_ = candidates_.front();
  }
  co_return Result<void>();
}

// Behind a proxy it is the proxy that is connected to; the target's name is still looked up unless
// the module says that only the proxy can.
Task<Result<void>> HttpProbe::look_up_hop() {
  if (!by_proxy() || !module_.skip_resolve_phase_with_proxy) {
    Result<void> target = co_await look_up(url_.host);
    if (!target || !by_proxy()) co_return target;
  }
  const auto proxy = parse_url(module_.proxy_url);
  if (!proxy) co_return std::unexpected(Error{Reason::local, proxy.error().message});
  co_return co_await look_up(proxy->host);
}

// One hop: the addresses one after the other, as long as it is the connection that fails.
Task<Result<void>> HttpProbe::ask() {
  std::optional<Error> failure;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    HttpRequest hop = make_request();
    address_ = hop.connect_to = candidates_[i];
    hop.connect_deadline = attempt_deadline(net_.loop().now(), deadline_, i, candidates_.size());
    auto response = co_await net_.http(std::move(hop), deadline_);
    response_ = response ? std::move(*response) : std::move(response.error().partial);
    add_phases();
    if (response) co_return Result<void>();
    failure = failure ? worse(*failure, response.error().error) : response.error().error;
    if (response_.connected) break;
  }
  co_return std::unexpected(*failure);
}

HttpRequest HttpProbe::make_request() const {
  HttpRequest hop;
  hop.method = method_;
  hop.url = url_.text();
  hop.tls = module_.tls;
  hop.tls.server_name = server_name();
  hop.http2 = module_.enable_http2;
  hop.proxy_url = module_.proxy_url;
  hop.proxy_user_password = module_.proxy_user_password.reveal();
  hop.has_body = send_body_;
  if (send_body_) hop.body = module_.body;
  hop.max_body_bytes = needs_body(module_) ? kMaxJudgedBodyBytes : keep_.bytes;
  hop.stop_at_limit = needs_body(module_) || keep_.stop_there;
  const bool compressed = !module_.compression.empty() && module_.compression != "identity";
  if (module_.body_size_limit != 0 && !compressed)
    hop.max_transfer_bytes = std::min(hop.max_transfer_bytes, module_.body_size_limit);
  add_headers(hop);
  return hop;
}

void HttpProbe::add_headers(HttpRequest& request) const {
  request.headers.push_back({"Host", host_header()});
  bool agent = false;
  for (const auto& [name, value] : module_.headers) {
    if (same_header_name(name, "Host")) continue;
    if (is_sensitive_header(name) && !at_home()) continue;
    agent = agent || same_header_name(name, "User-Agent");
    request.headers.push_back({name, value});
  }
  if (at_home())
    for (const auto& [name, value] : module_.secret_headers)
      request.headers.push_back({name, value.reveal()});
  if (!agent) request.headers.push_back({"User-Agent", std::string(kUserAgent)});
  const std::string cookies = cookies_.header_for(url_);
  if (!cookies.empty() && find_header(request.headers, "Cookie").empty())
    request.headers.push_back({"Cookie", cookies});
  if (at_home() && find_header(request.headers, "Authorization").empty()) add_credentials(request);
}

// Credentials are for the target alone: a redirect to another host must not carry them there.
void HttpProbe::add_credentials(HttpRequest& request) const {
  std::string value;
  if (!module_.basic_auth_user.empty() || !module_.basic_auth_password.empty()) {
    value = "Basic " + base64(module_.basic_auth_user + ':' + module_.basic_auth_password.reveal());
  } else if (!module_.authorization_credentials.empty()) {
    value = module_.authorization_type.empty() ? "Bearer" : module_.authorization_type;
    value += ' ' + module_.authorization_credentials.reveal();
  } else if (!first_.user.empty() || !first_.password.empty()) {
    value = "Basic " + base64(first_.user + ':' + first_.password);
  }
  if (!value.empty()) request.headers.push_back({"Authorization", value});
}

// A name set by the module or by /probe stands for the target until a redirect names a host.
std::string HttpProbe::host_header() const {
  if (!keeps_host_) return url_.authority();
  if (!request_.hostname.empty()) return request_.hostname;
  for (const auto& [name, value] : module_.headers)
    if (same_header_name(name, "Host")) return value;
  return url_.authority();
}

std::string HttpProbe::server_name() const {
  if (url_.host != first_.host || !keeps_host_) return url_.host;
  if (!module_.tls.server_name.empty()) return module_.tls.server_name;
  const std::string host = host_header();
  return host == url_.authority() ? url_.host : without_port(host);
}

// Makes ready for the next hop. `response_` is the redirect.
Result<void> HttpProbe::turn_to_location() {
  if (redirects_ > kMaxRedirects)
    return std::unexpected(Error{
        Reason::redirect, fmt::format("gave up after {} redirects, the next leads to {}",
                                      kMaxRedirects, find_header(response_.headers, "Location"))});
  const std::string location(find_header(response_.headers, "Location"));
  auto next = resolve_url(url_, location);
  if (!next)
    return std::unexpected(
        Error{Reason::redirect, "the redirect leads nowhere: " + next.error().message});
  cookies_.take(url_, response_.headers);
  keeps_host_ = keeps_host_ && !names_host(location);
  if (becomes_get(response_.status, method_)) {
    method_ = "GET";
    send_body_ = false;
  }
  url_ = std::move(*next);
  return {};
}

Result<void> HttpProbe::judge() {
  kept_body_ = response_.body.substr(0, keep_.bytes);
  verdict_ = judge_answer(module_, response_);
  return verdict_.result;
}

void HttpProbe::add_phases() {
  connect_ += response_.connect;
  tls_ += response_.tls_handshake;
  processing_ += response_.processing;
  transfer_ += response_.transfer;
}

Outcome HttpProbe::measure(const Result<void>& result) {
  Result<void> last = result;
  // An answer that broke off after a wrong status is a wrong answer first.
  if (!last && response_.status >= 400)
    if (auto status = judge_status(module_, response_.status); !status) last = status;
  Outcome outcome = last ? Outcome::up() : Outcome::failed(last.error());
  if (first_lookup_) measure_lookup(*first_lookup_, outcome);
  if (first_address_) {
    measure_address(*first_address_, outcome);
  } else {
    measure_no_address(outcome);
  }
  if (address_) outcome.address = address_->text();
  measure_phases(outcome);
  measure_answer(outcome);
  return outcome;
}

void HttpProbe::measure_phases(Outcome& outcome) const {
  const std::array<std::pair<const char*, Duration>, 5> phases = {{{"resolve", resolve_},
                                                                   {"connect", connect_},
                                                                   {"tls", tls_},
                                                                   {"processing", processing_},
                                                                   {"transfer", transfer_}}};
  for (const auto& [phase, duration] : phases)
    outcome.measurements.push_back(
        {"probe_http_duration_seconds", {{"phase", phase}}, to_seconds(duration)});
}

void HttpProbe::measure_answer(Outcome& outcome) const {
  double version = 0;
  std::from_chars(response_.version.data(), response_.version.data() + response_.version.size(),
                  version);
  const bool answered = response_.status != 0;
  const std::uint64_t bytes =
      verdict_.uncompressed_bytes != 0 ? verdict_.uncompressed_bytes : response_.body_bytes;
  auto gauge = [&](const char* name, double value) {
    outcome.measurements.push_back({name, {}, value});
  };
  gauge("probe_http_status_code", response_.status);
  gauge("probe_http_content_length",
        answered ? static_cast<double>(response_.content_length) : 0.0);
  gauge("probe_http_uncompressed_body_length", static_cast<double>(bytes));
  gauge("probe_http_redirects", redirects_);
  gauge("probe_http_ssl", answered && response_.tls ? 1 : 0);
  gauge("probe_http_version", version);
  gauge("probe_failed_due_to_regex", verdict_.failed_due_to_regex ? 1 : 0);
  const auto modified = parse_http_date(find_header(response_.headers, "Last-Modified"));
  if (modified)
    gauge("probe_http_last_modified_timestamp_seconds",
          static_cast<double>(modified->time_since_epoch().count()));
  if (!response_.tls) return;
  measure_tls(*response_.tls, module_.tls.insecure_skip_verify, outcome);
  if (!response_.tls->cipher.empty())
    outcome.measurements.push_back(
        {"probe_tls_cipher_info", {{"cipher", response_.tls->cipher}}, 1});
}

HttpAnswer HttpProbe::take_answer(Outcome outcome) {
  HttpAnswer answer;
  answer.outcome = std::move(outcome);
  answer.status = response_.status;
  answer.headers = std::move(response_.headers);
  answer.body_truncated = response_.body_truncated || response_.body.size() > kept_body_.size();
  answer.body = std::move(kept_body_);
  answer.as_asked = method_ == module_.method;
  return answer;
}

Task<HttpAnswer> ask(Net& net, ProbeRequest request, Keep keep, TimePoint deadline) {
  HttpProbe probe(net, std::move(request), deadline, keep);
  const TimePoint started = net.loop().now();
  Outcome outcome = co_await probe.run();
  outcome.duration = net.loop().now() - started;
  co_return probe.take_answer(std::move(outcome));
}

}  // namespace

Task<Outcome> probe_http(Net& net, ProbeRequest request, TimePoint deadline) {
  HttpProbe probe(net, std::move(request), deadline);
  Outcome outcome = co_await probe.run();
  co_return outcome;
}

ProbeRequest http_request(std::string name, HttpModule module, std::string target) {
  auto named = std::make_shared<Module>();
  named->name = std::move(name);
  named->spec = std::move(module);
  ProbeRequest request;
  request.module = std::move(named);
  request.target = std::move(target);
  return request;
}

Task<HttpAnswer> ask_http(Net& net, ProbeRequest request, TimePoint deadline) {
  const Keep keep{kMaxAnswerBytes};
  co_return co_await ask(net, std::move(request), keep, deadline);
}

Task<HttpAnswer> fetch_http(Net& net, ProbeRequest request, std::size_t at_most,
                            TimePoint deadline) {
  const Keep keep{at_most, true};
  co_return co_await ask(net, std::move(request), keep, deadline);
}

std::vector<Reason> http_reasons(const Module& module) {
  const auto& http = std::get<HttpModule>(module.spec);
  // Any target may turn out to be https, so TLS is always possible.
  std::vector<Reason> reasons = {Reason::tls, Reason::certificate, Reason::protocol, Reason::status,
                                 Reason::size};
  if (http.follow_redirects) reasons.push_back(Reason::redirect);
  if (!http.fail_if_header_matches.empty() || !http.fail_if_header_not_matches.empty())
    reasons.push_back(Reason::header);
  if (needs_body(http)) reasons.push_back(Reason::body);
  if (!http.basic_auth_user.empty() || !http.authorization_credentials.empty())
    reasons.push_back(Reason::auth);
  return reasons;
}

}  // namespace probes

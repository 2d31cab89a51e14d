#include "tests/fakes/sim_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "probes/net/socket.h"

namespace fakes {
namespace {

using namespace probes;

Error late() { return {Reason::timeout, "no answer in time"}; }

std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

Behaviour fails(Reason reason, std::string message) {
  Behaviour behaviour;
  behaviour.error = Error{reason, std::move(message)};
  return behaviour;
}

// "https://host:8443/path" without the path; the port of the scheme where none is named.
std::string host_port_of(const std::string& url) {
  const bool https = url.starts_with("https://");
  const std::size_t begin = url.find("://") + 3;
  std::string authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const bool has_port = authority.find(':', authority.find(']') + 1) != std::string::npos;
  return has_port ? authority : authority + (https ? ":443" : ":80");
}

TlsInfo good_certificate(WallTime now) {
  TlsInfo info;
  info.version = "TLS 1.3";
  info.cipher = "TLS_AES_128_GCM_SHA256";
  info.earliest_expiry = info.last_chain_expiry = now + std::chrono::hours(24 * 60);
  return info;
}

// What a peer says is there at once: its latency was spent on connecting, and each answer takes it
// again.
class SimStream final : public Stream {
 public:
  SimStream(Loop& loop, Behaviour behaviour) : loop_(loop), behaviour_(std::move(behaviour)) {
    incoming_ = behaviour_.banner;
    ready_at_ = loop_.now();
  }

  Task<Result<std::string>> read_some(std::size_t at_most, TimePoint deadline) override {
    if (incoming_.empty() && behaviour_.closes) co_return std::string();
    const TimePoint at = incoming_.empty() ? deadline : std::min(ready_at_, deadline);
    if (at > loop_.now()) co_await sleep_until(loop_, at);
    if (incoming_.empty() || ready_at_ > at) co_return std::unexpected(late());
    std::string some = incoming_.substr(0, at_most);
    incoming_.erase(0, some.size());
    co_return some;
  }

  Task<Result<void>> write_all(std::string bytes, TimePoint) override {
    if (behaviour_.reply) incoming_ += behaviour_.reply(bytes);
    ready_at_ = loop_.now() + behaviour_.latency;
    co_return Result<void>();
  }

  Task<Result<void>> start_tls(TlsOptions, std::string, TimePoint deadline) override {
    const TimePoint done = loop_.now() + behaviour_.latency;
    const TimePoint at = std::min(done, deadline);
    co_await sleep_until(loop_, at);
    if (done > deadline) co_return std::unexpected(late());
    info_ = behaviour_.tls ? *behaviour_.tls : good_certificate(loop_.wall_now());
    if (behaviour_.tls_error) co_return std::unexpected(*behaviour_.tls_error);
    co_return Result<void>();
  }

  const TlsInfo* tls_info() const override { return info_ ? &*info_ : nullptr; }

 private:
  Loop& loop_;
  Behaviour behaviour_;
  std::string incoming_;
  TimePoint ready_at_;
  std::optional<TlsInfo> info_;
};

HttpResponse answer_of(const Behaviour& behaviour, const HttpRequest& request, WallTime now,
                       Duration took) {
  HttpResponse response;
  response.status = behaviour.status;
  response.version = "1.1";
  response.headers = behaviour.headers;
  response.body = behaviour.body;
  response.content_length = static_cast<std::int64_t>(behaviour.body.size());
  response.body_bytes = behaviour.body.size();
  const bool https = request.url.starts_with("https://");
  if (https) response.tls = behaviour.tls ? *behaviour.tls : good_certificate(now);
  response.connect = took / 4;
  response.tls_handshake = https ? took / 4 : Duration::zero();
  response.processing = took - response.connect - response.tls_handshake;
  return response;
}

}  // namespace

Behaviour up(Duration latency) {
  Behaviour behaviour;
  behaviour.latency = latency;
  return behaviour;
}
Behaviour refuses() { return fails(Reason::connect, "the connection was refused"); }
Behaviour resets() { return fails(Reason::connect, "the peer reset the connection"); }
Behaviour nxdomain() { return fails(Reason::dns, "the name does not exist"); }
Behaviour no_route() { return fails(Reason::local, "this machine has no route"); }
Behaviour is_silent() {
  Behaviour behaviour;
  behaviour.silent = true;
  return behaviour;
}
Behaviour status(int code) {
  Behaviour behaviour;
  behaviour.status = code;
  return behaviour;
}
Behaviour page(std::string body) {
  Behaviour behaviour;
  behaviour.body = std::move(body);
  return behaviour;
}
Behaviour speaks(std::string banner, std::function<std::string(std::string_view)> reply) {
  Behaviour behaviour;
  behaviour.banner = std::move(banner);
  behaviour.reply = std::move(reply);
  return behaviour;
}
Behaviour expired_certificate(WallTime expired_at) {
  Behaviour behaviour;
  behaviour.tls = good_certificate(expired_at);
  behaviour.tls->earliest_expiry = expired_at;
  behaviour.tls->last_chain_expiry.reset();
  behaviour.tls_error = Error{Reason::certificate, "certificate expired"};
  return behaviour;
}

SimNet::Peer& SimNet::Peer::then(Behaviour behaviour) {
  fixed_ = std::move(behaviour);
  script_ = nullptr;
  return *this;
}

SimNet::Peer& SimNet::Peer::then(Script script) {
  script_ = std::move(script);
  return *this;
}

SimNet::Peer& SimNet::Peer::but_between(WallTime from, WallTime to, Behaviour behaviour) {
  spells_.push_back({from, to, std::move(behaviour)});
  return *this;
}

Behaviour SimNet::Peer::at(WallTime at) const {
  for (auto spell = spells_.rbegin(); spell != spells_.rend(); ++spell)
    if (at >= spell->from && at < spell->to) return spell->behaviour;
  return script_ ? script_(at) : fixed_;
}

std::size_t SimNet::EndpointHash::operator()(const Endpoint& endpoint) const {
  std::uint64_t words[2];
  std::memcpy(words, endpoint.address.bytes.data(), sizeof words);
  return mix(words[0] ^ mix(words[1] + endpoint.port));
}

SimNet::Peer& SimNet::when(const std::string& key) {
  met_.clear();
  met_pages_.clear();
  return peers_[key];
}

const SimNet::Host& SimNet::host(const std::string& name) {
  const auto [entry, made] = hosts_.try_emplace(name);
  Host& host = entry->second;
  if (!made) return host;
  const std::uint64_t hash = mix(std::hash<std::string>()(name));
  host.ip4.bytes[0] = 10;
  host.ip6.family = Family::ip6;
  host.ip6.bytes[0] = 0xfd;
  std::memcpy(&host.ip4.bytes[1], &hash, 3);
  std::memcpy(&host.ip6.bytes[1], &hash, 8);
  names_[{host.ip4, 0}] = names_[{host.ip6, 0}] = name;
  return host;
}

Address SimNet::address_of(const std::string& name, Family family) {
  return family == Family::ip4 ? host(name).ip4 : host(name).ip6;
}

SimNet::Peer& SimNet::first_of(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const auto peer = peers_.find(key);
    if (peer != peers_.end()) return peer->second;
  }
  return otherwise_;
}

SimNet::Peer& SimNet::peer_at(const Endpoint& endpoint) {
  const auto [entry, made] = met_.try_emplace(endpoint);
  if (!made) return *entry->second;
  std::vector<std::string> keys = {endpoint_text(endpoint)};
  const auto name = names_.find({endpoint.address, 0});
  if (name != names_.end()) keys.push_back(fmt::format("{}:{}", name->second, endpoint.port));
  return *(entry->second = &first_of(keys));
}

SimNet::Peer& SimNet::peer_at(const std::string& url) {
  const auto [entry, made] = met_pages_.try_emplace(url);
  if (!made) return *entry->second;
  return *(entry->second = &first_of({url, host_port_of(url)}));
}

Behaviour SimNet::behaviour_of(Peer& peer) {
  const WallTime at = loop_.wall_now();
  ++peer.attempts_;
  if (interfere_)
    if (auto forced = interfere_(at)) return std::move(*forced);
  return peer.at(at);
}

// When the peer's answer or error comes; after the deadline if it never does.
TimePoint SimNet::answer_at(const Behaviour& behaviour, TimePoint deadline) {
  if (behaviour.silent) return deadline + Duration(1);
  Duration latency = behaviour.latency;
  if (behaviour.jitter > Duration::zero()) {
    random_ = mix(random_);
    latency += Duration(static_cast<std::int64_t>(random_ % behaviour.jitter.count()));
  }
  return loop_.now() + latency;
}

Task<Result<std::vector<Address>>> SimNet::resolve(std::string name, Family family,
                                                   TimePoint deadline) {
  std::vector<Address> addresses;
  if (const auto literal = Address::parse(name)) {
    if (literal->family == family) addresses.push_back(*literal);
    co_return addresses;
  }
  addresses.push_back(address_of(name, family));
  // A name nobody spoke of resolves at once: only its own word and interference delay it.
  const auto peer = peers_.find(name);
  if (peer == peers_.end() && !interfere_) co_return addresses;
  Peer quiet;
  quiet.fixed_.latency = Duration::zero();
  const Behaviour behaviour = behaviour_of(peer == peers_.end() ? quiet : peer->second);
  const TimePoint at = answer_at(behaviour, deadline);
  const TimePoint until = std::min(at, deadline);
  co_await sleep_until(loop_, until);
  if (at > deadline) co_return std::unexpected(late());
  if (behaviour.error) co_return std::unexpected(*behaviour.error);
  co_return addresses;
}

Task<Result<std::unique_ptr<Stream>>> SimNet::connect(Endpoint endpoint, ConnectOptions,
                                                      TimePoint deadline) {
  Behaviour behaviour = behaviour_of(peer_at(endpoint));
  const TimePoint at = answer_at(behaviour, deadline);
  const TimePoint until = std::min(at, deadline);
  co_await sleep_until(loop_, until);
  if (at > deadline) co_return std::unexpected(late());
  if (behaviour.error) co_return std::unexpected(*behaviour.error);
  co_return std::make_unique<SimStream>(loop_, std::move(behaviour));
}

Task<std::expected<HttpResponse, HttpFailure>> SimNet::http(HttpRequest request,
                                                            TimePoint deadline) {
  const TimePoint started = loop_.now();
  Behaviour behaviour = behaviour_of(peer_at(request.url));
  const TimePoint at = answer_at(behaviour, deadline);
  const TimePoint until = std::min(at, deadline);
  co_await sleep_until(loop_, until);
  if (at > deadline) co_return std::unexpected(HttpFailure{late(), {}});
  if (behaviour.error) co_return std::unexpected(HttpFailure{*behaviour.error, {}});
  if (const auto hear = behaviour.hear) hear(request, behaviour);
  HttpResponse response = answer_of(behaviour, request, loop_.wall_now(), loop_.now() - started);
  if (response.tls && behaviour.tls_error)
    co_return std::unexpected(HttpFailure{*behaviour.tls_error, std::move(response)});
  co_return response;
}

Task<Result<std::string>> SimNet::exchange(DatagramExchange exchange,
                                           bool (*accept)(std::string_view, std::string_view),
                                           Duration, TimePoint deadline) {
  const Behaviour behaviour = behaviour_of(peer_at(exchange.server));
  const TimePoint at = answer_at(behaviour, deadline);
  const std::string answer = behaviour.reply ? behaviour.reply(exchange.request) : "";
  const bool answered = behaviour.error || (behaviour.reply && accept(exchange.request, answer));
  const TimePoint until = answered ? std::min(at, deadline) : deadline;
  co_await sleep_until(loop_, until);
  if (!answered || at > deadline) co_return std::unexpected(late());
  if (behaviour.error) co_return std::unexpected(*behaviour.error);
  co_return answer;
}

std::vector<Endpoint> SimNet::system_resolvers() {
  return {Endpoint{*Address::parse("192.0.2.53"), 53}};
}

}  // namespace fakes

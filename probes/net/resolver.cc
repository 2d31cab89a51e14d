#include "probes/net/resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace probes {
namespace {

// RFC 1035 allows 253 characters; the final dot may come on top.
constexpr std::size_t kMaxHostBytes = 254;
constexpr std::chrono::seconds kCheckFileEvery(1);
// How long a lookup is unremarkable. After that, or half of its time, we ask whether the resolver
// is there at all.
constexpr std::chrono::milliseconds kUnremarkable(1000);

// The resolver answered, with bad news that another resolver may not share.
struct BadAnswer {
  int status;
  std::string_view name;
};
constexpr std::array kBadAnswers = {
    BadAnswer{ARES_ESERVFAIL, "SERVFAIL"},
    BadAnswer{ARES_EREFUSED, "REFUSED"},
    BadAnswer{ARES_ENOTIMP, "NOTIMP"},
    BadAnswer{ARES_EFORMERR, "FORMERR"},
    BadAnswer{ARES_EBADRESP, "a malformed answer"},
};

const BadAnswer* find_bad_answer(int status) {
  const auto found = std::ranges::find(kBadAnswers, status, &BadAnswer::status);
  return found == kBadAnswers.end() ? nullptr : &*found;
}

bool came_from_resolver(int status) {
  return status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND ||
         find_bad_answer(status) != nullptr;
}

bool is_localhost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host == "localhost" || host.ends_with(".localhost");
}

// RFC 6761: the name never goes to a resolver. The hosts file may say that it has one family only.
std::vector<Address> localhost(const AresChannel& hosts, Family family) {
  const std::vector<Address> ip4 = hosts.hosts_file("localhost", Family::ip4);
  const std::vector<Address> ip6 = hosts.hosts_file("localhost", Family::ip6);
  if (!ip4.empty() || !ip6.empty()) return family == Family::ip4 ? ip4 : ip6;
  return {*Address::parse(family == Family::ip4 ? "127.0.0.1" : "::1")};
}

std::string servers_text(const std::vector<Endpoint>& servers) {
  std::string text;
  for (const Endpoint& server : servers) text += (text.empty() ? "" : ", ") + server.address.text();
  return text.empty() ? "none is configured" : text;
}

}  // namespace

Resolver::Resolver(Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {
  ares_library_init(ARES_LIB_INIT_ALL);
}

Resolver::~Resolver() {
  configuration_.reset();
  ares_library_cleanup();
}

Task<Result<std::vector<Address>>> Resolver::resolve(std::string host, Family family,
                                                     TimePoint deadline) {
  std::vector<Address> addresses;
  if (const auto literal = Address::parse(host)) {
    if (literal->family == family) addresses.push_back(*literal);
    co_return addresses;
  }
  if (host.empty() || host.size() > kMaxHostBytes || host.find('\0') != std::string::npos)
    co_return std::unexpected(Error{Reason::dns, fmt::format("\"{}\" is not a host name", host)});

  const ConfigurationPtr from = configuration();
  if (from->channels.empty())
    co_return std::unexpected(
        Error{Reason::local, fmt::format("{} cannot be used", options_.resolv_conf)});
  if (is_localhost(host)) co_return localhost(*from->channels.front(), family);

  Error bad_answer{Reason::dns, ""};
  const std::size_t first = from->first;
  for (std::size_t i = 0; i < from->channels.size(); ++i) {
    const std::size_t channel = (first + i) % from->channels.size();
    Result<DnsLookup> lookup = co_await ask(from, channel, host, family, deadline);
    // A second server's silence does not unsay what the first one answered.
    if (!lookup && !bad_answer.message.empty()) break;
    if (!lookup) co_return std::unexpected(lookup.error());
    if (lookup->status == ARES_SUCCESS) co_return std::move(lookup->addresses);
    if (lookup->status == ARES_ENODATA) co_return addresses;
    if (lookup->status == ARES_ENOTFOUND)
      co_return std::unexpected(Error{Reason::dns, fmt::format("{} does not exist", host)});
    const BadAnswer* bad = find_bad_answer(lookup->status);
    if (bad == nullptr)
      co_return std::unexpected(Error{Reason::dns, fmt::format("{} cannot be looked up: {}", host,
                                                               ares_strerror(lookup->status))});
    bad_answer.message = fmt::format("the resolver answered {} for {}", bad->name, host);
  }
  co_return std::unexpected(bad_answer);
}

// One lookup. A value is what a resolver, the hosts file or c-ares itself said about the name; an
// error says that nobody answered.
Task<Result<DnsLookup>> Resolver::ask(ConfigurationPtr from, std::size_t channel, std::string host,
                                      Family family, TimePoint deadline) {
  const TimePoint started = loop_.now();
  Later<DnsLookup> answer(loop_);
  from->channels[channel]->lookup(host, family, answer);
  const bool without_question = answer.has_value();
  const TimePoint half = started + (deadline - started) / 2;
  const TimePoint remarkable = std::min(half, started + kUnremarkable);
  std::optional<DnsLookup> lookup = co_await answer.until(remarkable);
  if (!lookup) {
    ping(from);
    lookup = co_await answer.until(deadline);
  }
  if (!lookup) co_return std::unexpected(silence(*from, host, started));
  if (lookup->status == ARES_ETIMEOUT || lookup->status == ARES_ECONNREFUSED)
    co_return std::unexpected(silence(*from, host, started));
  if (lookup->status == ARES_ENOMEM || lookup->status == ARES_EDESTRUCTION ||
      lookup->status == ARES_ECANCELLED)
    co_return std::unexpected(Error{Reason::local, "the lookup was abandoned: out of memory"});

  if (!without_question && came_from_resolver(lookup->status)) from->last_answer = loop_.now();
  // The server we begin with was silent and another one answered: begin there from now on.
  if (lookup->timeouts > 0 && from->first == channel)
    from->first = (channel + 1) % from->channels.size();
  co_return std::move(*lookup);
}

void Resolver::ping(ConfigurationPtr from) {
  if (from->pinging) return;
  from->pinging = true;
  AresChannel& channel = *from->channels[from->first];
  channel.ping([weak = std::weak_ptr(from), &loop = loop_](int status) {
    const ConfigurationPtr alive = weak.lock();
    if (!alive) return;
    alive->pinging = false;
    if (came_from_resolver(status)) alive->last_answer = loop.now();
  });
}

Error Resolver::silence(const Configuration& from, const std::string& host, TimePoint since) const {
  if (from.last_answer >= since)
    return {Reason::timeout,
            fmt::format("the resolver gave no answer for {} in time, though it answers otherwise",
                        host)};
  return {Reason::local, fmt::format("no resolver answers ({}): see {}", servers_text(from.servers),
                                     options_.resolv_conf)};
}

std::vector<Endpoint> Resolver::servers() { return configuration()->servers; }

Resolver::ConfigurationPtr Resolver::configuration() {
  const TimePoint now = loop_.now();
  if (configuration_ && now - checked_ < kCheckFileEvery) return configuration_;
  checked_ = now;
  const Stamp current = stamp();
  if (!configuration_ || configuration_->stamp != current)
    configuration_ = read_configuration(current);
  return configuration_;
}

Resolver::Stamp Resolver::stamp() const {
  std::error_code error;
  const Stamp written = std::filesystem::last_write_time(options_.resolv_conf, error);
  return error ? Stamp{} : written;
}

Resolver::ConfigurationPtr Resolver::read_configuration(Stamp stamp) const {
  auto made = std::make_shared<Configuration>();
  made->stamp = stamp;
  auto probe = std::make_unique<AresChannel>(loop_, options_.resolv_conf);
  if (!probe->valid()) return made;
  made->servers = options_.servers.empty() ? probe->servers() : options_.servers;
  std::vector<Endpoint> order = made->servers;
  for (std::size_t i = 0; i < made->servers.size(); ++i) {
    auto channel =
        i == 0 ? std::move(probe) : std::make_unique<AresChannel>(loop_, options_.resolv_conf);
    if (channel->valid() && channel->set_servers(order))
      made->channels.push_back(std::move(channel));
    std::ranges::rotate(order, order.begin() + 1);
  }
  return made;
}

}  // namespace probes

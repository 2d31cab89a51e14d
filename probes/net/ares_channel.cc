#include "probes/net/ares_channel.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>

namespace probes {
namespace {

// First repetition after this time, doubling: 1.5 + 3 + 6 s for one silent server. The deadline of
// whoever waits is usually shorter.
constexpr int kFirstTimeoutMs = 1500;
constexpr int kTries = 3;

// c-ares finds its earliest timeout by walking over every question under way, so asking for it
// after each step is quadratic under load. Its own repetitions need no better precision than this.
constexpr std::chrono::milliseconds kTick(100);

int to_family(Family family) { return family == Family::ip4 ? AF_INET : AF_INET6; }

Address make_address(Family family, const void* octets, std::uint32_t scope = 0) {
  Address address{.family = family, .bytes = {}, .scope_id = scope};
  std::memcpy(address.bytes.data(), octets, family == Family::ip4 ? 4 : 16);
  return address;
}

std::optional<Address> from_sockaddr(const sockaddr* from) {
  if (from->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, from, sizeof in);
    return make_address(Family::ip4, &in.sin_addr);
  }
  if (from->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in6{};
  std::memcpy(&in6, from, sizeof in6);
  return make_address(Family::ip6, &in6.sin6_addr, in6.sin6_scope_id);
}

}  // namespace

AresChannel::AresChannel(Loop& loop, const std::string& resolv_conf) : loop_(loop) {
  std::string path = resolv_conf;
  std::string lookups = "fb";
  ares_options options{};
  // Without the check c-ares passes SERVFAIL and REFUSED on; with it they could not be told from a
  // resolver that is not there, and the difference decides who is to blame.
  options.flags = ARES_FLAG_NOCHECKRESP;
  options.timeout = kFirstTimeoutMs;
  options.tries = kTries;
  options.lookups = lookups.data();
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  options.resolvconf_path = path.data();
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
  if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) channel_ = nullptr;
}

AresChannel::~AresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
  if (tick_ != 0) loop_.cancel(tick_);
}

std::vector<Endpoint> AresChannel::servers() const {
  std::vector<Endpoint> result;
  ares_addr_port_node* list = nullptr;
  if (channel_ == nullptr || ares_get_servers_ports(channel_, &list) != ARES_SUCCESS) return result;
  for (const auto* node = list; node != nullptr; node = node->next) {
    const Family family = node->family == AF_INET ? Family::ip4 : Family::ip6;
    const int port = node->udp_port == 0 ? 53 : node->udp_port;
    result.push_back({make_address(family, &node->addr), static_cast<std::uint16_t>(port)});
  }
  ares_free_data(list);
  return result;
}

bool AresChannel::set_servers(const std::vector<Endpoint>& servers) {
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const std::span<const std::uint8_t> octets = servers[i].address.octets();
    nodes[i].next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    nodes[i].family = to_family(servers[i].address.family);
    nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
    std::memcpy(&nodes[i].addr, octets.data(), octets.size());
  }
  return ares_set_servers_ports(channel_, nodes.data()) == ARES_SUCCESS;
}

void AresChannel::lookup(const std::string& host, Family family, Later<DnsLookup> answer) {
  ares_addrinfo_hints hints{};
  hints.ai_family = to_family(family);
  hints.ai_socktype = SOCK_STREAM;
  // Sorting by RFC 6724 would open a socket for each address; whoever asks wants the server's
  // order.
  hints.ai_flags = ARES_AI_NOSORT;
  ++questions_;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_addresses,
                   new Question{*this, std::move(answer)});
  keep_ticking();
}

void AresChannel::ping(std::function<void(int status)> heard) {
  constexpr int kClassIn = 1, kTypeNs = 2;
  ++questions_;
  ares_query(channel_, ".", kClassIn, kTypeNs, on_ping, new Ping{*this, std::move(heard)});
  keep_ticking();
}

std::vector<Address> AresChannel::hosts_file(const std::string& host, Family family) const {
  std::vector<Address> result;
  hostent* entry = nullptr;
  if (ares_gethostbyname_file(channel_, host.c_str(), to_family(family), &entry) != ARES_SUCCESS)
    return result;
  for (char** octets = entry->h_addr_list; *octets != nullptr; ++octets)
    result.push_back(make_address(family, *octets));
  ares_free_hostent(entry);
  return result;
}

void AresChannel::on_socket(void* self, ares_socket_t fd, int readable, int writable) {
  auto* channel = static_cast<AresChannel*>(self);
  const unsigned events = (readable ? Loop::kRead : 0u) | (writable ? Loop::kWrite : 0u);
  if (events == 0) return channel->loop_.unwatch(fd);
  channel->loop_.watch(fd, events, [channel, fd](unsigned happened) {
    channel->process(happened & Loop::kRead ? fd : ARES_SOCKET_BAD,
                     happened & Loop::kWrite ? fd : ARES_SOCKET_BAD);
  });
}

void AresChannel::on_addresses(void* question, int status, int timeouts, ares_addrinfo* info) {
  std::unique_ptr<Question> asked(static_cast<Question*>(question));
  --asked->channel.questions_;
  DnsLookup result{.status = status, .timeouts = timeouts, .addresses = {}};
  if (info != nullptr) {
    for (const auto* node = info->nodes; node != nullptr; node = node->ai_next)
      if (auto address = from_sockaddr(node->ai_addr)) result.addresses.push_back(*address);
    ares_freeaddrinfo(info);
  }
  asked->answer.set(std::move(result));
}

void AresChannel::on_ping(void* ping, int status, int, unsigned char*, int) {
  std::unique_ptr<Ping> asked(static_cast<Ping*>(ping));
  --asked->channel.questions_;
  asked->heard(status);
}

void AresChannel::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  keep_ticking();
}

void AresChannel::keep_ticking() {
  if (questions_ == 0 || tick_ != 0) return;
  tick_ = loop_.call_at(loop_.now() + kTick, [this] {
    tick_ = 0;
    process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace probes

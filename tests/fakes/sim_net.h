// A network made up for simulations: what each peer does is a function of virtual time, latencies
// come from a seed, and nothing but the loop's timers is used, so that millions of probes cost
// little and the same seed gives the same run.
//
//   SimNet net(loop, seed);
//   net.when("www.example.com").then(nxdomain());                     the name
//   net.when("smtp.example.com:25").then(speaks("220 ready\r\n"));    a port, by name or address
//   net.when("https://www.example.com/faq").then([](WallTime at) {    one page of a site
//     return at < opening ? status(503) : up(80ms);
//   });
//
// A peer nobody spoke of is up after 20 ms. Every name has one made-up address of each family. Loop
// thread only; the loop outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "probes/net/net.h"

namespace fakes {

struct Behaviour {
  probes::Duration latency = std::chrono::milliseconds(20);  // to an answer or an error
  probes::Duration jitter{};                                 // at most so much more, from the seed
  bool silent = false;                                       // the deadline ends the wait
  std::optional<probes::Error> error;                        // instead of a connection or an answer
  // HTTP
  int status = 200;
  std::vector<probes::HttpHeader> headers;
  std::string body;
  // Sees each request that arrives, and may still change what is answered.
  std::function<void(const probes::HttpRequest& request, Behaviour& answer)> hear;
  // Streams and datagrams: what is said first, and the answer to what is sent. A peer without
  // `reply` echoes nothing; one that `closes` ends the stream when it has no more to say.
  std::string banner;
  std::function<std::string(std::string_view sent)> reply;
  bool closes = false;
  // TLS: what a handshake shows, and why it fails.
  std::optional<probes::TlsInfo> tls;
  std::optional<probes::Error> tls_error;
};

Behaviour up(probes::Duration latency = std::chrono::milliseconds(20));
Behaviour refuses();
Behaviour is_silent();
Behaviour resets();
Behaviour nxdomain();
Behaviour no_route();  // our own trouble, Reason::local
Behaviour status(int code);
Behaviour page(std::string body);
Behaviour speaks(std::string banner, std::function<std::string(std::string_view)> reply = {});
Behaviour expired_certificate(probes::WallTime expired_at);

class SimNet final : public probes::Net {
 public:
  using Script = std::function<Behaviour(probes::WallTime at)>;

  class Peer {
   public:
    Peer& then(Behaviour behaviour);
    Peer& then(Script script);
    // From `from` until `to` it behaves otherwise; the latest such word wins.
    Peer& but_between(probes::WallTime from, probes::WallTime to, Behaviour behaviour);
    std::uint64_t attempts() const { return attempts_; }

   private:
    friend class SimNet;
    struct Spell {
      probes::WallTime from, to;
      Behaviour behaviour;
    };
    Behaviour at(probes::WallTime at) const;

    Behaviour fixed_;
    Script script_;
    std::vector<Spell> spells_;
    std::uint64_t attempts_ = 0;
  };

  explicit SimNet(probes::Loop& loop, std::uint64_t seed = 1) : loop_(loop), random_(seed) {}

  // A host name; "host:port" or "address:port"; or a URL as it is requested. The most exact counts.
  Peer& when(const std::string& key);
  // Everybody whom no other word meets, names included: the state of our own line, for example.
  Peer& otherwise() { return otherwise_; }
  // Asked before all: what it returns happens, whoever the peer is.
  void interfere(std::function<std::optional<Behaviour>(probes::WallTime at)> how) {
    interfere_ = std::move(how);
  }
  // The made-up address of a name.
  probes::Address address_of(const std::string& host, probes::Family family);

  probes::Loop& loop() override { return loop_; }
  probes::Task<probes::Result<std::vector<probes::Address>>> resolve(
      std::string host, probes::Family family, probes::TimePoint deadline) override;
  probes::Task<probes::Result<std::unique_ptr<probes::Stream>>> connect(
      probes::Endpoint endpoint, probes::ConnectOptions options,
      probes::TimePoint deadline) override;
  probes::Task<std::expected<probes::HttpResponse, probes::HttpFailure>> http(
      probes::HttpRequest request, probes::TimePoint deadline) override;
  probes::Task<probes::Result<std::string>> exchange(probes::DatagramExchange exchange,
                                                     bool (*accept)(std::string_view request,
                                                                    std::string_view answer),
                                                     probes::Duration resend_after,
                                                     probes::TimePoint deadline) override;
  std::vector<probes::Endpoint> system_resolvers() override;

 private:
  // An address and a port, to be found without writing them out as text.
  struct EndpointHash {
    std::size_t operator()(const probes::Endpoint& endpoint) const;
  };
  struct EndpointEqual {
    bool operator()(const probes::Endpoint& a, const probes::Endpoint& b) const {
      return a.port == b.port && a.address == b.address;
    }
  };
  struct Host {
    probes::Address ip4, ip6;
  };

  const Host& host(const std::string& name);
  Peer& peer_at(const probes::Endpoint& endpoint);
  Peer& peer_at(const std::string& url);
  Peer& first_of(const std::vector<std::string>& keys);
  Behaviour behaviour_of(Peer& peer);
  probes::TimePoint answer_at(const Behaviour& behaviour, probes::TimePoint deadline);

  probes::Loop& loop_;
  std::uint64_t random_;
  std::unordered_map<std::string, Peer> peers_;
  Peer otherwise_;
  std::function<std::optional<Behaviour>(probes::WallTime at)> interfere_;
  std::unordered_map<std::string, Host> hosts_;
  std::unordered_map<probes::Endpoint, std::string, EndpointHash, EndpointEqual> names_;  // port 0
  // Who was found before; forgotten whenever somebody new is spoken of.
  std::unordered_map<probes::Endpoint, Peer*, EndpointHash, EndpointEqual> met_;
  std::unordered_map<std::string, Peer*> met_pages_;
};

}  // namespace fakes

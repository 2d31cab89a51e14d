// What the tests of the http prober share: servers on loopback that answer from a script, a network
// where "both.test" has an address of each family, and a fixture that probes.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "probes/http.h"
#include "probes/net/real_net.h"
#include "tests/fakes/http_peer.h"

namespace http_tests {

using namespace std::chrono_literals;
using fakes::answer;
using fakes::Connection;
using fakes::LoopbackServer;
using fakes::PeerRequest;
using fakes::read_request;
using probes::Address;
using probes::Family;
using probes::HttpModule;
using probes::Outcome;
using probes::ProbeRequest;
using probes::Reason;
using probes::Status;
using probes::TimePoint;

// What a probe measured under this name; of phases and infos the label must be given.
inline std::optional<double> measured(const Outcome& outcome, const std::string& name,
                                      const std::string& label = "") {
  for (const auto& measurement : outcome.measurements) {
    if (measurement.name != name) continue;
    if (label.empty() || (!measurement.labels.empty() && measurement.labels[0].second == label))
      return measurement.value;
  }
  return std::nullopt;
}

// Answers every request with the same bytes and keeps what was asked.
class ScriptedServer {
 public:
  using Script = std::function<std::string(const PeerRequest&)>;
  explicit ScriptedServer(Script script, const std::string& address = "127.0.0.1")
      : script_(std::move(script)), server_([this](Connection& c) { serve(c); }, address) {}
  explicit ScriptedServer(std::string bytes)
      : ScriptedServer([bytes = std::move(bytes)](const PeerRequest&) { return bytes; }) {}

  std::string url(const std::string& path = "/") const {
    return "http://" + server_.target() + path;
  }
  std::uint16_t port() const { return server_.endpoint().port; }
  std::vector<PeerRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve(Connection& connection) {
    const PeerRequest request = read_request(connection);
    if (!request.valid()) return;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    connection.send(script_(request));
  }

  Script script_;
  std::mutex mutex_;
  std::vector<PeerRequest> requests_;
  LoopbackServer server_;
};

// The real network, but "both.test" has an address of each family whatever this machine's files
// say.
class NamedNet final : public probes::Net {
 public:
  explicit NamedNet(probes::Net& real) : real_(real) {}
  probes::Loop& loop() override { return real_.loop(); }
  probes::Task<probes::Result<std::vector<Address>>> resolve(std::string host, Family family,
                                                             TimePoint deadline) override {
    if (host == "both.test") host = family == Family::ip4 ? "127.0.0.1" : "::1";
    return real_.resolve(std::move(host), family, deadline);
  }
  probes::Task<probes::Result<std::unique_ptr<probes::Stream>>> connect(
      probes::Endpoint endpoint, probes::ConnectOptions options, TimePoint deadline) override {
    return real_.connect(endpoint, std::move(options), deadline);
  }
  probes::Task<std::expected<probes::HttpResponse, probes::HttpFailure>> http(
      probes::HttpRequest request, TimePoint deadline) override {
    return real_.http(std::move(request), deadline);
  }
  probes::Task<probes::Result<std::string>> exchange(
      probes::DatagramExchange exchange, bool (*accept)(std::string_view, std::string_view),
      probes::Duration resend_after, TimePoint deadline) override {
    return real_.exchange(std::move(exchange), accept, resend_after, deadline);
  }
  std::vector<probes::Endpoint> system_resolvers() override { return real_.system_resolvers(); }

 private:
  probes::Net& real_;
};

class HttpProbeTest : public testing::Test {
 protected:
  Outcome probe(const std::string& target, const HttpModule& module = ip4(),
                probes::Duration timeout = 10s) {
    auto spec = std::make_shared<probes::Module>();
    spec->name = "test";
    spec->spec = module;
    ProbeRequest request;
    request.module = spec;
    request.target = target;
    request.both_families = both_families_;
    request.hostname = hostname_;
    started_ = loop_.now();
    return fakes::run_task(loop_, probes::probe_http(named_, request, started_ + timeout));
  }

  static HttpModule ip4() {
    HttpModule module;
    module.ip.preferred = Family::ip4;
    return module;
  }

  void expect_took_about(probes::Duration timeout) {
    EXPECT_GE(loop_.now() - started_, timeout);
    EXPECT_LT(loop_.now() - started_, timeout + 2s);
  }

  static void expect_down(const Outcome& outcome, Reason reason, const std::string& message) {
    EXPECT_EQ(outcome.status, Status::down) << outcome.message;
    EXPECT_EQ(name_of(outcome.reason), name_of(reason)) << outcome.message;
    EXPECT_EQ(outcome.message, message);
  }

  probes::EpollLoop loop_;
  fakes::TestCa ca_;
  fakes::TempFile bundle_{ca_.ca_pem()};
  probes::RealNet net_{loop_, {.resolver = {}, .ca_bundle = bundle_.path()}};
  NamedNet named_{net_};
  TimePoint started_;
  std::string hostname_;
  bool both_families_ = true;
};

}  // namespace http_tests

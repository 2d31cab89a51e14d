// The simulated network: that peers do what they were told, when they were told to, and that a
// seed repeats itself. The probes that run here are the real ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/async/finish_by.h"
#include "probes/probe.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/sim_net.h"

using namespace std::chrono_literals;
using fakes::FakeLoop;
using fakes::SimNet;
using probes::Family;
using probes::Outcome;
using probes::Reason;
using probes::Status;
using probes::Task;
using probes::TcpModule;
using probes::WallTime;

namespace {

std::shared_ptr<const probes::Module> tcp(TcpModule module = {}) {
  return std::make_shared<probes::Module>(probes::Module{"tcp", {}, std::move(module)});
}

class SimNetTest : public testing::Test {
 protected:
  Outcome probe(const std::string& target, std::shared_ptr<const probes::Module> module = tcp(),
                bool both_families = true) {
    probes::ProbeRequest request;
    request.module = std::move(module);
    request.target = target;
    request.both_families = both_families;
    return loop_.run_task(probes::run_probe(net_, request, loop_.now() + 10s));
  }

  FakeLoop loop_;
  SimNet net_{loop_, 42};
};

TEST_F(SimNetTest, DoesAsItWasTold) {
  net_.when("up.example.com:25").then(fakes::up(300ms));
  net_.when("refused.example.com:25").then(fakes::refuses());
  net_.when("silent.example.com:25").then(fakes::is_silent());
  net_.when("nowhere.example.com").then(fakes::nxdomain());
  net_.when("192.0.2.9:25").then(fakes::no_route());
  const Outcome up = probe("up.example.com:25");
  EXPECT_EQ(up.status, Status::up);
  EXPECT_EQ(up.duration, 300ms);
  EXPECT_EQ(probe("refused.example.com:25").reason, Reason::connect);
  EXPECT_EQ(probe("nowhere.example.com:25").reason, Reason::dns);
  EXPECT_EQ(probe("192.0.2.9:25").status, Status::unknown);
  const Outcome silent = probe("silent.example.com:25");
  EXPECT_EQ(silent.reason, Reason::timeout);
  EXPECT_EQ(silent.duration, 10s);
  EXPECT_EQ(net_.when("up.example.com:25").attempts(), 1u);
}

TEST_F(SimNetTest, FollowsVirtualTime) {
  const WallTime start = loop_.wall_now();
  net_.when("a.example.com:25")
      .then(fakes::up())
      .but_between(start + 1h, start + 2h, fakes::refuses());
  net_.when("b.example.com:25").then([start](WallTime at) {
    return at < start + 90min ? fakes::up() : fakes::is_silent();
  });
  EXPECT_TRUE(probe("a.example.com:25").good());
  loop_.run_until_wall(start + 1h);
  EXPECT_FALSE(probe("a.example.com:25").good());
  EXPECT_TRUE(probe("b.example.com:25").good());
  loop_.run_until_wall(start + 2h);
  EXPECT_TRUE(probe("a.example.com:25").good());
  EXPECT_FALSE(probe("b.example.com:25").good());
}

TEST_F(SimNetTest, CutsOurOwnLine) {
  net_.interfere([](WallTime) { return std::optional(fakes::no_route()); });
  EXPECT_EQ(probe("any.example.com:25").status, Status::unknown);
  EXPECT_EQ(probe("192.0.2.1:25").status, Status::unknown);
}

TEST_F(SimNetTest, SpeaksADialog) {
  net_.when("smtp.example.com:25").then(fakes::speaks("220 ready\r\n", [](std::string_view sent) {
    return std::string(sent.starts_with("EHLO") ? "250 hello\r\n" : "500 what\r\n");
  }));
  TcpModule module;
  module.query_response.resize(2);
  module.query_response[0].expect = "^220";
  module.query_response[0].send = "EHLO me\r";
  module.query_response[1].expect = "^250";
  EXPECT_EQ(probe("smtp.example.com:25", tcp(module)).status, Status::up);
  module.query_response[0].send = "HELO me\r";
  EXPECT_EQ(probe("smtp.example.com:25", tcp(module)).reason, Reason::timeout);
}

TEST_F(SimNetTest, ShowsAnExpiredCertificate) {
  const WallTime yesterday = loop_.wall_now() - 24h;
  net_.when("imap.example.com:993").then(fakes::expired_certificate(yesterday));
  TcpModule module;
  module.tls = true;
  const Outcome outcome = probe("imap.example.com:993", tcp(module));
  EXPECT_EQ(outcome.reason, Reason::certificate);
  const auto expiry = std::ranges::find(outcome.measurements, "probe_ssl_earliest_cert_expiry",
                                        &probes::Measurement::name);
  ASSERT_NE(expiry, outcome.measurements.end());
  EXPECT_EQ(expiry->value, std::chrono::duration<double>(yesterday.time_since_epoch()).count());
}

TEST_F(SimNetTest, RepeatsItselfFromASeed) {
  const auto durations = [](std::uint64_t seed) {
    FakeLoop loop;
    SimNet net(loop, seed);
    fakes::Behaviour jittery = fakes::up(10ms);
    jittery.jitter = 1s;
    net.otherwise().then(jittery);
    std::vector<probes::Duration> result;
    for (int i = 0; i < 20; ++i) {
      probes::ProbeRequest request;
      request.module = tcp();
      request.target = "a.example.com:1";
      result.push_back(loop.run_task(probes::run_probe(net, request, loop.now() + 10s)).duration);
    }
    return result;
  };
  EXPECT_EQ(durations(1), durations(1));
  EXPECT_NE(durations(1), durations(2));
}

// The rules about families, where a real network cannot easily be made to misbehave.

TEST_F(SimNetTest, TriesTheOtherFamilyWithinTheTimeout) {
  const auto ip6 = net_.address_of("a.example.com", Family::ip6).text();
  net_.when("[" + ip6 + "]:25").then(fakes::is_silent());
  const Outcome outcome = probe("a.example.com:25");
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, net_.address_of("a.example.com", Family::ip4).text());
  EXPECT_EQ(outcome.duration, 5s + 20ms);
}

TEST_F(SimNetTest, MakesOneAttemptUnderTheBlackboxRule) {
  const auto ip6 = net_.address_of("a.example.com", Family::ip6).text();
  net_.when("[" + ip6 + "]:25").then(fakes::refuses());
  const Outcome outcome = probe("a.example.com:25", tcp(), false);
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.address, ip6);
}

TEST_F(SimNetTest, BlamesUsOnlyWhenNoFamilyHasARoute) {
  const auto ip6 = net_.address_of("a.example.com", Family::ip6).text();
  const auto ip4 = net_.address_of("a.example.com", Family::ip4).text();
  net_.when("[" + ip6 + "]:25").then(fakes::no_route());
  EXPECT_EQ(probe("a.example.com:25").status, Status::up);
  net_.when(ip4 + ":25").then(fakes::refuses());
  const Outcome refused = probe("a.example.com:25");
  EXPECT_EQ(refused.status, Status::down);
  EXPECT_EQ(refused.reason, Reason::connect);
  net_.when(ip4 + ":25").then(fakes::no_route());
  EXPECT_EQ(probe("a.example.com:25").status, Status::unknown);
}

TEST_F(SimNetTest, PrefersTheFamilyOfTheModule) {
  TcpModule module;
  module.ip.preferred = Family::ip4;
  EXPECT_EQ(probe("a.example.com:25", tcp(module)).address,
            net_.address_of("a.example.com", Family::ip4).text());
  module.ip.preferred = Family::ip6;
  module.ip.fallback = false;
  const Outcome outcome = probe("192.0.2.1:25", tcp(module), false);
  EXPECT_EQ(outcome.reason, Reason::dns);
}

Task<int> never_ends(FakeLoop& loop, std::shared_ptr<int> alive) {
  while (true) {
    const probes::TimePoint next = loop.now() + 1h;
    co_await probes::sleep_until(loop, next);
    ++*alive;
  }
}

TEST(FinishBy, CutsOffWhatDoesNotEnd) {
  FakeLoop loop;
  const auto start = loop.now();
  auto alive = std::make_shared<int>(0);
  const auto ended = loop.run_task(probes::finish_by(loop, never_ends(loop, alive), start + 90min));
  EXPECT_EQ(ended, std::nullopt);
  EXPECT_EQ(loop.now() - start, 90min);
  loop.run_ready();
  EXPECT_EQ(*alive, 1);
  EXPECT_EQ(alive.use_count(), 1) << "the task is destroyed";
  EXPECT_EQ(loop.timers(), 0u);
}

TEST_F(SimNetTest, ProbesManyTimesInAMoment) {
  const auto before = loop_.now();
  auto module = tcp();
  for (int i = 0; i < 10'000; ++i) {
    probes::ProbeRequest request;
    request.module = module;
    request.target = "a.example.com:25";
    ASSERT_TRUE(loop_.run_task(probes::run_probe(net_, request, loop_.now() + 10s)).good());
  }
  EXPECT_EQ(loop_.now() - before, 10'000 * 20ms);
}

}  // namespace

// Servers that misbehave: each probe must end in time, with bounded memory and the right reason.
#include <sys/resource.h>

#include <thread>

#include "tests/probes/http_probe_fixture.h"

namespace http_tests {
namespace {

TEST_F(HttpProbeTest, EndsAtTheDeadlineWhenTheServerIsSilent) {
  LoopbackServer server([](Connection& c) { c.wait_until_cut(); });
  const Outcome outcome = probe("http://" + server.target(), ip4(), 200ms);
  EXPECT_EQ(outcome.reason, Reason::timeout) << outcome.message;
  expect_took_about(200ms);
}

TEST_F(HttpProbeTest, EndsAtTheDeadlineWhenTheServerDrips) {
  // One byte after the other, more than fit into any deadline.
  LoopbackServer server([&](Connection& c) {
    read_request(c);
    c.send("HTTP/1.1 200 OK\r\n\r\n");
    while (c.send("x")) std::this_thread::yield();
  });
  const Outcome outcome = probe("http://" + server.target(), ip4(), 200ms);
  EXPECT_EQ(outcome.reason, Reason::timeout) << outcome.message;
  expect_took_about(200ms);
}

TEST_F(HttpProbeTest, EndsAtTheDeadlineWithinTheBody) {
  LoopbackServer server([](Connection& c) {
    read_request(c);
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    c.wait_until_cut();
  });
  const Outcome outcome = probe("http://" + server.target(), ip4(), 200ms);
  EXPECT_EQ(outcome.reason, Reason::timeout) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_status_code"), 200) << "as far as it came";
  expect_took_about(200ms);
}

TEST_F(HttpProbeTest, NamesAResetWithinTheBody) {
  LoopbackServer server([](Connection& c) {
    read_request(c);
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    c.reset();
  });
  const Outcome outcome = probe("http://" + server.target());
  EXPECT_TRUE(outcome.reason == Reason::connect || outcome.reason == Reason::protocol)
      << outcome.message;
  EXPECT_EQ(outcome.status, Status::down);
}

TEST_F(HttpProbeTest, NamesALieAboutTheLength) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
  expect_down(probe(server.url()), Reason::protocol,
              "the server announced 100 bytes and closed the connection after 4");
}

TEST_F(HttpProbeTest, NamesASilentClose) {
  ScriptedServer server("");
  expect_down(probe(server.url()), Reason::protocol,
              "the server closed the connection without an answer");
}

TEST_F(HttpProbeTest, StopsAnEndlessBody) {
  const std::string block(1 << 20, 'x');
  LoopbackServer server([&](Connection& c) {
    read_request(c);
    c.send("HTTP/1.1 200 OK\r\n\r\n");
    while (c.send(block)) continue;
  });
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  expect_down(probe("http://" + server.target()), Reason::size,
              "the body is larger than 67108864 bytes, the most a probe reads");
  HttpModule module = ip4();
  module.body_size_limit = 1000;
  expect_down(probe("http://" + server.target(), module), Reason::size,
              "the body is larger than body_size_limit, 1000 bytes");
  module.body_size_limit = 0;
  module.fail_if_body_matches_regexp = {"y"};
  expect_down(probe("http://" + server.target(), module), Reason::size,
              "the body is larger than 10485760 bytes, the most that conditions and decompression "
              "look at");
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  // In kilobytes; what is kept may be copied once while it grows. AddressSanitizer keeps what was
  // freed in a quarantine of up to 256 MB, which says nothing about the probe.
#if __has_feature(address_sanitizer)
  constexpr long kQuarantine = 256 * 1024;
#else
  constexpr long kQuarantine = 0;
#endif
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, kQuarantine + 64 * 1024);
}

TEST_F(HttpProbeTest, StopsEndlessHeaders) {
  const std::string block = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  LoopbackServer server([&](Connection& c) {
    read_request(c);
    c.send("HTTP/1.1 200 OK\r\n");
    while (c.send(block)) continue;
  });
  expect_down(probe("http://" + server.target()), Reason::size,
              "the server sent more than 262144 bytes of headers");
}

TEST_F(HttpProbeTest, CanBeCancelledAnywhere) {
  LoopbackServer server([](Connection& c) {
    read_request(c);
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    c.wait_until_cut();
  });
  for (int step = 0; step < 20; ++step) {
    auto spec = std::make_shared<probes::Module>();
    spec->spec = ip4();
    ProbeRequest request;
    request.module = spec;
    request.target = server.target();
    probes::Task<Outcome> task = probes::probe_http(net_, request, loop_.now() + 10s);
    task.start();
    // Destroyed while it waits; nothing may be left that calls it back.
    loop_.call_at(loop_.now() + std::chrono::microseconds(step * 100), [this] { loop_.stop(); });
    loop_.run();
  }
  ScriptedServer well(answer(200, ""));
  EXPECT_EQ(probe(well.url()).status, Status::up) << "the loop and the network live on";
}

}  // namespace
}  // namespace http_tests

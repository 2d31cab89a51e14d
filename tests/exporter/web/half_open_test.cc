// Slow clients by the hundred: connections that begin a request and never finish it must not keep
// anybody else from /metrics. 300 of them by default, 2,000 with SLA_FULL=1 (the figure promised).
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "exporter/metrics/route.h"
#include "exporter/web/server.h"
#include "tests/fakes/raw_http.h"
#include "tests/fakes/sample_snapshot.h"
#include "tests/fakes/test_certs.h"
#include "tests/fakes/tls_http.h"

namespace exporter {
namespace {

using std::chrono::milliseconds;

std::size_t attackers() { return std::getenv("SLA_FULL") != nullptr ? 2000 : 300; }

// Both ends of every connection are in this process.
void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class HalfOpenTest : public testing::Test {
 protected:
  void start(WebOptions options) {
    raise_descriptor_limit();
    options.listen = {"127.0.0.1:0"};
    auto started = WebServer::start(
        std::move(options), {metrics_route([snapshot = snapshot_] { return snapshot; }, stats_,
                                           [] { return static_cast<const WebStats*>(nullptr); })});
    ASSERT_TRUE(started) << started.error();
    server_ = std::move(*started);
    port_ = server_->ports()[0];
  }

  // One more connection that says the beginning of a request and no more.
  void open_half() {
    half_open_.emplace_back(port_);
    half_open_.back().send("GET /metrics HTTP/1.1\r\nHost: slow\r\nX-Drip: ");
  }

  // One byte more on each, as a slow client would do to look alive.
  void drip() {
    for (const auto& client : half_open_) client.send("x");
  }

  std::shared_ptr<const Snapshot> snapshot_ = fakes::sample_snapshot(20);
  ExporterStats stats_;
  std::unique_ptr<WebServer> server_;
  std::uint16_t port_ = 0;
  std::deque<fakes::RawHttp> half_open_;
};

double p99_ms(std::vector<double> times) {
  std::ranges::sort(times);
  return times[times.size() * 99 / 100];
}

TEST_F(HalfOpenTest, MetricsAnswerUnderASecondWhileHundredsDrip) {
  start({});
  std::vector<double> times;
  const std::size_t count = attackers();
  for (std::size_t i = 0; i < count; ++i) {
    open_half();
    if (i % 5 != 0) continue;
    if (i % 100 == 0) drip();
    const auto begun = std::chrono::steady_clock::now();
    const auto response = fakes::get(port_, "/metrics");
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begun;
    ASSERT_TRUE(response) << "after " << i << " half-open connections";
    ASSERT_EQ(response->status, 200);
    times.push_back(taken.count());
  }
  RecordProperty("p99_ms", std::to_string(p99_ms(times)));
  EXPECT_LT(p99_ms(times), 1000);
  EXPECT_LE(server_->stats().connections, 512);
}

TEST_F(HalfOpenTest, TheirConnectionsEndWhenTheirTimeIsUp) {
  WebOptions options;
  options.header_timeout = milliseconds(1000);
  start(std::move(options));
  for (std::size_t i = 0; i < 50; ++i) open_half();
  for (const auto& client : half_open_) EXPECT_TRUE(client.closes_within(milliseconds(10'000)));
  EXPECT_EQ(server_->stats().header_timeouts_total, 50u);
  EXPECT_EQ(server_->stats().connections, 0);
}

TEST_F(HalfOpenTest, HandshakesThatNeverEndAreNoBetter) {
  const fakes::TestCa ca;
  const fakes::TestCert own = ca.issue({"localhost"});
  const fakes::TempFile cert(own.cert_pem), key(own.key_pem);
  const fakes::TempFile config("tls_server_config: {cert_file: " + cert.path() +
                               ", key_file: " + key.path() + "}\n");
  WebOptions options;
  options.web_config_file = config.path();
  options.header_timeout = milliseconds(1000);
  options.max_connections = 40;
  start(std::move(options));
  for (std::size_t i = 0; i < 60; ++i) {
    half_open_.emplace_back(port_);
    half_open_.back().send("\x16\x03\x01");  // the first bytes of a handshake
  }
  fakes::TlsHttp client(port_, {.ca_pem = ca.ca_pem(),
                                .cert_pem = "",
                                .key_pem = "",
                                .max_version = 0,
                                .ciphers = "",
                                .groups = ""});
  EXPECT_EQ(client.get("/metrics"), 200);
  for (const auto& stuck : half_open_) EXPECT_TRUE(stuck.closes_within(milliseconds(10'000)));
}

}  // namespace
}  // namespace exporter

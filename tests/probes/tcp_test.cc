// The tcp prober against servers on loopback: dialogs as the blackbox exporter leads them, the
// reason for each way to fail, the metrics of each, and the two rules about address families.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "probes/dialog.h"
#include "probes/net/real_net.h"
#include "probes/net/socket.h"
#include "probes/probe.h"
#include "probes/tcp.h"
#include "tests/fakes/loopback.h"

using namespace std::chrono_literals;
using fakes::Connection;
using fakes::LoopbackServer;
using probes::Outcome;
using probes::ProbeRequest;
using probes::QueryResponse;
using probes::RealNet;
using probes::Reason;
using probes::Status;
using probes::TcpModule;
using probes::TimePoint;
using testing::HasSubstr;

namespace {

std::optional<double> value_of(const Outcome& outcome, std::string_view name) {
  for (const auto& measurement : outcome.measurements)
    if (measurement.name == name) return measurement.value;
  return std::nullopt;
}

std::string label_of(const Outcome& outcome, std::string_view name, std::string_view label) {
  for (const auto& measurement : outcome.measurements) {
    if (measurement.name != name) continue;
    for (const auto& [key, value] : measurement.labels)
      if (key == label) return value;
  }
  return "absent";
}

QueryResponse expect(std::string pattern, std::string send = "") {
  QueryResponse step;
  step.expect = std::move(pattern);
  step.send = std::move(send);
  return step;
}

QueryResponse send(std::string text) { return expect("", std::move(text)); }

class TcpProbeTest : public testing::Test {
 protected:
  Outcome probe(const std::string& target, TcpModule module = {}, probes::Duration timeout = 10s) {
    ProbeRequest request;
    module.tls_options.ca_file = ca_file_.path();
    request.module = std::make_shared<probes::Module>(probes::Module{"m", {}, module});
    request.target = target;
    request.slow_after = slow_after_;
    request.both_families = both_families_;
    started_ = loop_.now();
    return fakes::run_task(loop_, probes::run_probe(net_, request, started_ + timeout));
  }
  Outcome probe(const LoopbackServer& server, TcpModule module = {},
                probes::Duration timeout = 10s) {
    return probe(server.target(), std::move(module), timeout);
  }
  static TcpModule steps(std::vector<QueryResponse> query_response) {
    TcpModule module;
    module.query_response = std::move(query_response);
    return module;
  }

  fakes::TestCa ca_;
  fakes::TempFile ca_file_{ca_.ca_pem()};
  probes::EpollLoop loop_;
  RealNet net_{loop_};
  TimePoint started_;
  probes::Duration slow_after_{};
  bool both_families_ = true;
};

TEST_F(TcpProbeTest, IsUpWhenThePortAnswers) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_closed(); });
  const Outcome outcome = probe(server);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, "127.0.0.1");
  EXPECT_EQ(value_of(outcome, "probe_success"), 1);
  EXPECT_EQ(value_of(outcome, "probe_ip_protocol"), 4);
  EXPECT_EQ(value_of(outcome, "probe_ip_addr_hash"), 3668918509);  // FNV-1a of 7f 00 00 01
  EXPECT_EQ(value_of(outcome, "probe_failed_due_to_regex"), 0);
  EXPECT_TRUE(value_of(outcome, "probe_dns_lookup_time_seconds"));
  EXPECT_GT(*value_of(outcome, "probe_duration_seconds"), 0);
}

TEST_F(TcpProbeTest, IsDownWhenThePortIsRefused) {
  const Outcome outcome = probe(probes::endpoint_text(fakes::closed_port()));
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::connect);
  EXPECT_EQ(value_of(outcome, "probe_success"), 0);
  EXPECT_EQ(value_of(outcome, "probe_ip_protocol"), 4);
  EXPECT_EQ(value_of(outcome, "probe_failed_due_to_regex"), 0);
}

TEST_F(TcpProbeTest, IsUnknownWhenTheTargetMakesNoSense) {
  for (const char* target : {"", "host", "host:", "host:0", "host:70000", ":25", "[::1", "[::1]25",
                             "::1:25x", "a:b:c"}) {
    const Outcome outcome = probe(target);
    EXPECT_EQ(outcome.status, Status::unknown) << target;
    EXPECT_EQ(outcome.reason, Reason::local) << target;
  }
}

TEST_F(TcpProbeTest, LeadsADialogAndSkipsLinesThatDoNotMatch) {
  LoopbackServer server([](Connection& peer) {
    peer.send("220-be patient\r\n220-mail.example.com greets\r\n220 go\r\n");
    peer.send("250 you are " + peer.read_line() + "\r\n");
    if (peer.read_line() == "QUIT") peer.send("221 bye");
  });
  const Outcome outcome = probe(
      server, steps({expect("^220-(\\S+\\.com) (?P<verb>\\w+)", "EHLO ${1} $verb $$ ${nothing}"),
                     expect("^250 you are EHLO mail.example.com greets "
                            "\\$ $"),
                     send("QUIT"), expect("^221 bye$")}));
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
}

TEST_F(TcpProbeTest, MatchesThePatternsOfGo) {
  LoopbackServer server([](Connection& peer) { peer.send("OK ready\r\n"); });
  // Most engines refuse a repeated anchor; configurations in the field have it.
  EXPECT_EQ(probe(server, steps({expect("^+OK")})).status, Status::up);
}

TEST_F(TcpProbeTest, ExposesWhatItCaptured) {
  LoopbackServer server([](Connection& peer) { peer.send("SSH-2.0-OpenSSH_9.2\n"); });
  QueryResponse step = expect("^SSH-(?P<version>[0-9.]+)-(.+)$");
  step.labels = {{"version", "${version}"}, {"software", "is $2"}};
  const Outcome outcome = probe(server, steps({step}));
  EXPECT_EQ(outcome.status, Status::up);
  EXPECT_EQ(label_of(outcome, "probe_expect_info", "version"), "2.0");
  EXPECT_EQ(label_of(outcome, "probe_expect_info", "software"), "is OpenSSH_9.2");
}

TEST_F(TcpProbeTest, IsDownWhenThePeerClosesWithoutTheExpectedLine) {
  LoopbackServer server([](Connection& peer) { peer.send("554 go \x01 away\r\n"); });
  const Outcome outcome = probe(server, steps({expect("^220")}));
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::protocol);
  EXPECT_THAT(outcome.message, HasSubstr("554 go \\x01 away"));
  EXPECT_EQ(value_of(outcome, "probe_failed_due_to_regex"), 1);
}

TEST_F(TcpProbeTest, IsDownAtTheDeadlineWhenThePeerDrips) {
  LoopbackServer server([](Connection& peer) {
    peer.send("22");  // and never the rest of the line
    peer.wait_until_closed();
  });
  const Outcome outcome = probe(server, steps({expect("^220")}), 80ms);
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::timeout);
  EXPECT_EQ(value_of(outcome, "probe_failed_due_to_regex"), 0);
  EXPECT_GE(outcome.duration, 80ms);
  EXPECT_LT(outcome.duration, 2s);
}

TEST_F(TcpProbeTest, IsDownWhenThePeerResets) {
  LoopbackServer server([](Connection& peer) {
    peer.read_line();
    peer.reset();
  });
  const Outcome outcome = probe(server, steps({send("hello"), expect("^220")}));
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::connect);
}

TEST_F(TcpProbeTest, StopsAtAHugeLineAndAtAHugeDialog) {
  LoopbackServer line([](Connection& peer) { peer.send(std::string(300'000, 'x') + "\n"); });
  LoopbackServer dialog([](Connection& peer) {
    while (peer.send(std::string(999, 'x') + "\n")) continue;
  });
  for (const LoopbackServer* server : {&line, &dialog}) {
    const Outcome outcome = probe(*server, steps({expect("^220")}));
    EXPECT_EQ(outcome.status, Status::down);
    EXPECT_EQ(outcome.reason, Reason::size) << outcome.message;
  }
}

TEST_F(TcpProbeTest, ComparesBytes) {
  LoopbackServer server([](Connection& peer) {
    peer.send(std::string_view("\x00\x01\xff", 3));
    peer.wait_until_closed();
  });
  QueryResponse step;
  step.expect_bytes = std::string("\x00\x01\xff", 3);
  EXPECT_EQ(probe(server, steps({step})).status, Status::up);
  step.expect_bytes = std::string("\x00\x02", 2);
  const Outcome outcome = probe(server, steps({step}));
  EXPECT_EQ(outcome.reason, Reason::protocol);
  EXPECT_EQ(value_of(outcome, "probe_failed_due_to_bytes"), 1);
}

LoopbackServer::Handler submission(fakes::TestCert certificate, std::string after_220) {
  return [certificate, after_220](Connection& peer) {
    peer.send("220 mail.example.com ESMTP\r\n");
    if (peer.read_line().empty()) return;
    peer.send("250-mail.example.com\r\n250 STARTTLS\r\n");
    if (peer.read_line() != "STARTTLS") return;
    peer.send("220 go ahead\r\n" + after_220);
    if (!peer.start_tls(
            {.certificate = certificate, .max_version = 0, .client_ca_pem = "", .alpn = {}}))
      return;
    if (peer.read_line().starts_with("EHLO")) peer.send("250 AUTH PLAIN\r\n");
    peer.wait_until_closed();
  };
}

TcpModule smtp_starttls() {
  QueryResponse upgrade;
  upgrade.starttls = true;
  TcpModule module;
  module.tls_options.server_name = "mail.example.com";
  module.query_response = {expect("^220 ([^ ]+) ESMTP", "EHLO prober\r"),
                           expect("^250[- ]STARTTLS"),
                           send("STARTTLS\r"),
                           expect("^220"),
                           upgrade,
                           send("EHLO prober\r"),
                           expect("^250[- ]AUTH")};
  return module;
}

TEST_F(TcpProbeTest, UpgradesToTls) {
  LoopbackServer server(submission(ca_.issue({"mail.example.com"}), ""));
  const Outcome outcome = probe(server, smtp_starttls());
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(label_of(outcome, "probe_tls_version_info", "version"), "TLS 1.3");
  EXPECT_EQ(label_of(outcome, "probe_ssl_last_chain_info", "subjectalternative"),
            "mail.example.com");
  EXPECT_GT(value_of(outcome, "probe_ssl_earliest_cert_expiry"), 1.7e9);
  EXPECT_EQ(value_of(outcome, "probe_ssl_last_chain_expiry_timestamp_seconds"),
            value_of(outcome, "probe_ssl_earliest_cert_expiry"));
}

TEST_F(TcpProbeTest, RefusesAnswersSlippedInBeforeTheUpgrade) {
  LoopbackServer server(submission(ca_.issue({"mail.example.com"}), "250 AUTH PLAIN\r\n"));
  const Outcome outcome = probe(server, smtp_starttls());
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::protocol);
  EXPECT_THAT(outcome.message, HasSubstr("before the TLS handshake"));
}

TEST_F(TcpProbeTest, StillMeasuresACertificateItRefuses) {
  const auto expiry = fakes::certificate_now() - 24h;
  LoopbackServer server(submission(ca_.issue({"mail.example.com"}, expiry - 24h * 90, expiry), ""));
  const Outcome outcome = probe(server, smtp_starttls());
  EXPECT_EQ(outcome.status, Status::down);
  EXPECT_EQ(outcome.reason, Reason::certificate);
  EXPECT_EQ(value_of(outcome, "probe_ssl_earliest_cert_expiry"),
            std::chrono::duration<double>(expiry.time_since_epoch()).count());
  EXPECT_EQ(value_of(outcome, "probe_ssl_last_chain_expiry_timestamp_seconds"), std::nullopt);
}

TEST_F(TcpProbeTest, SpeaksTlsFromTheFirstByte) {
  const auto certificate = ca_.issue({"localhost", "imap.example.com"});
  LoopbackServer server([certificate](Connection& peer) {
    if (peer.start_tls(
            {.certificate = certificate, .max_version = 0, .client_ca_pem = "", .alpn = {}}))
      peer.send("* OK ready\r\n");
    peer.wait_until_closed();
  });
  TcpModule module = steps({expect("^\\* OK")});
  module.tls = true;
  EXPECT_EQ(probe("localhost:" + std::to_string(server.endpoint().port), module).status,
            Status::up);
  const Outcome by_address = probe(server, module);
  EXPECT_EQ(by_address.reason, Reason::certificate);
  module.tls_options.insecure_skip_verify = true;
  const Outcome unverified = probe(server, module);
  EXPECT_EQ(unverified.status, Status::up);
  EXPECT_EQ(value_of(unverified, "probe_ssl_last_chain_expiry_timestamp_seconds"), -62135596800);
}

TEST_F(TcpProbeTest, IsDegradedWhenItWasSlow) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_closed(); });
  slow_after_ = 1ns;
  const Outcome outcome = probe(server);
  EXPECT_EQ(outcome.status, Status::degraded);
  EXPECT_EQ(outcome.reason, Reason::slow);
  EXPECT_EQ(value_of(outcome, "probe_success"), 1);
}

TEST_F(TcpProbeTest, ReachesATargetThatListensOnIp6Only) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_closed(); }, "::1");
  const Outcome outcome = probe(server);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, "::1");
  EXPECT_EQ(value_of(outcome, "probe_ip_protocol"), 6);
}

TEST(ExpandCaptures, FollowsGo) {
  const re2::RE2 regexp("(?P<first>a+)(b)?(c)");
  const std::vector<std::string_view> captures = {"aac", "aa", "", "c"};
  const auto expanded = [&](std::string_view form) {
    return probes::expand_captures(form, regexp, captures);
  };
  EXPECT_EQ(expanded("$0-$1-$2-$3"), "aac-aa--c");
  EXPECT_EQ(expanded("${first}x $firstx $first"), "aax  aa");
  EXPECT_EQ(expanded("$1x ${1}x"), " aax");
  EXPECT_EQ(expanded("$$1 $ ${ ${} ${first $9 $"), "$1 $ ${ ${} ${first  $");
  EXPECT_EQ(expanded(""), "");
}

TEST(PossibleReasons, AreOnlyThoseThatCanOccur) {
  using probes::Module;
  using testing::ElementsAre;
  TcpModule plain;
  EXPECT_THAT(probes::possible_reasons(Module{"m", {}, plain}),
              ElementsAre(Reason::dns, Reason::connect, Reason::timeout, Reason::local));
  TcpModule tls;
  tls.tls = true;
  tls.query_response = {expect("x")};
  EXPECT_THAT(probes::possible_reasons(Module{"m", {}, tls}),
              ElementsAre(Reason::dns, Reason::connect, Reason::tls, Reason::certificate,
                          Reason::timeout, Reason::protocol, Reason::size, Reason::local));
}

}  // namespace

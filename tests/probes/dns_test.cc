// The dns prober against scripted servers on loopback, and its conditions without any. Bytes are in
// dns_codec_test.cc.
#include "probes/dns.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "probes/dns_judge.h"
#include "probes/net/real_net.h"
#include "tests/fakes/loopback.h"
#include "tests/fakes/udp_peer.h"

using namespace std::chrono_literals;
using namespace std::string_literals;
using fakes::Connection;
using fakes::LoopbackServer;
using fakes::UdpPeer;
using probes::DnsModule;
using probes::Outcome;
using probes::Reason;
using probes::Status;

namespace {

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

// The answer to this query with these flags and counts, and records behind the question.
std::string reply(std::string_view query, unsigned flags, std::vector<unsigned> counts = {0, 0, 0},
                  const std::string& records = "") {
  return std::string(query.substr(0, 2)) + u16(flags) + u16(1) + u16(counts[0]) + u16(counts[1]) +
         u16(counts[2]) + std::string(query.substr(12)) + records;
}

std::string record(unsigned type, const std::string& data) {
  return "\xc0\x0c" + u16(type) + u16(1) + u16(0) + u16(300) +
         u16(static_cast<unsigned>(data.size())) + data;
}

const std::string kOneAddress = record(1, "\xc0\x00\x02\x01"s);
const std::string kTwoAddresses = kOneAddress + record(1, "\xc0\x00\x02\x02"s);

std::vector<std::string> answer_one(std::string_view query) {
  return {reply(query, 0x8180, {1, 0, 0}, kOneAddress)};
}

class DnsProbeTest : public testing::Test {
 protected:
  static DnsModule module() {
    DnsModule module;
    module.query_name = "www.example.com";
    module.query_type = "A";
    return module;
  }

  Outcome probe(const std::string& target, const DnsModule& dns, probes::Duration timeout = 10s) {
    auto spec = std::make_shared<probes::Module>();
    spec->spec = dns;
    probes::ProbeRequest request;
    request.module = spec;
    request.target = target;
    started_ = loop_.now();
    return fakes::run_task(loop_, probes::probe_dns(net_, request, started_ + timeout));
  }

  static std::optional<double> measured(const Outcome& outcome, const std::string& name) {
    for (const auto& measurement : outcome.measurements)
      if (measurement.name == name) return measurement.value;
    return std::nullopt;
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
  probes::TimePoint started_;
};

TEST_F(DnsProbeTest, MeasuresAnAnswer) {
  UdpPeer server([](std::string_view query) {
    return std::vector{
        reply(query, 0x8580, {2, 1, 0}, kTwoAddresses + record(2, "\x02ns\xc0\x0c"s))};
  });
  DnsModule dns = module();
  dns.answer.fail_if_not_matches_regexp = {R"(^www\.example\.com\.\t300\tIN\tA\t192\.0\.2\.\d$)"};
  dns.authority.fail_if_none_matches_regexp = {"ns.www.example.com.$"};
  const Outcome outcome = probe(server.target(), dns);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, "127.0.0.1");
  EXPECT_EQ(measured(outcome, "probe_dns_query_succeeded"), 1);
  EXPECT_EQ(measured(outcome, "probe_dns_answer_rrs"), 2);
  EXPECT_EQ(measured(outcome, "probe_dns_authority_rrs"), 1);
  EXPECT_EQ(measured(outcome, "probe_dns_additional_rrs"), 0);
  EXPECT_EQ(measured(outcome, "probe_ip_protocol"), 4);
  EXPECT_TRUE(measured(outcome, "probe_dns_lookup_time_seconds"));
  EXPECT_FALSE(measured(outcome, "probe_dns_serial"));
  int phases = 0;
  for (const auto& measurement : outcome.measurements)
    phases += measurement.name == "probe_dns_duration_seconds";
  EXPECT_EQ(phases, 3);
}

TEST_F(DnsProbeTest, AsksWhatTheModuleSays) {
  std::string asked;
  UdpPeer server([&](std::string_view query) {
    asked = query.substr(2);
    return answer_one(query);
  });
  DnsModule dns = module();
  dns.query_name = "a.";
  dns.query_type = "TYPE257";
  dns.query_class = "CH";
  dns.recursion_desired = false;
  EXPECT_EQ(probe(server.target(), dns).status, Status::up);
  EXPECT_EQ(asked, "\0\0\0\1\0\0\0\0\0\0\1a\0\1\1\0\3"s);
}

TEST_F(DnsProbeTest, ReadsTheSerial) {
  UdpPeer server([](std::string_view query) {
    const std::string soa = record(6, "\0\0"s + u16(0x7b27) + u16(0x1234) + std::string(16, '\0'));
    return std::vector{reply(query, 0x8580, {1, 0, 0}, soa)};
  });
  DnsModule dns = module();
  dns.query_type = "SOA";
  EXPECT_EQ(measured(probe(server.target(), dns), "probe_dns_serial"), 0x7b271234);
}

TEST_F(DnsProbeTest, TellsAWrongCode) {
  UdpPeer server([](std::string_view query) { return std::vector{reply(query, 0x8183)}; });
  const Outcome outcome = probe(server.target(), module());
  expect_down(outcome, Reason::status, "the server answered NXDOMAIN, NOERROR was expected");
  EXPECT_EQ(measured(outcome, "probe_dns_query_succeeded"), 1);
  DnsModule dns = module();
  dns.valid_rcodes = {"NOERROR", "NXDOMAIN"};
  EXPECT_EQ(probe(server.target(), dns).status, Status::up);
}

TEST_F(DnsProbeTest, PassesOverForgeries) {
  UdpPeer server([](std::string_view query) {
    std::string wrong_id = reply(query, 0x8180, {1, 0, 0}, kTwoAddresses);
    wrong_id[0] = static_cast<char>(wrong_id[0] ^ 1);
    std::string wrong_name = reply(query, 0x8180, {1, 0, 0}, kTwoAddresses);
    wrong_name[13] = 'x';
    return std::vector{wrong_id, wrong_name, "junk"s, answer_one(query)[0]};
  });
  const Outcome outcome = probe(server.target(), module());
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_dns_answer_rrs"), 1);
}

TEST_F(DnsProbeTest, AsksAgainWhenADatagramIsLost) {
  std::atomic<int> seen = 0;
  UdpPeer server([&](std::string_view query) {
    return ++seen == 1 ? std::vector<std::string>() : answer_one(query);
  });
  EXPECT_EQ(probe(server.target(), module(), 600ms).status, Status::up);
  EXPECT_EQ(server.datagrams(), 2);
}

TEST_F(DnsProbeTest, EndsAtTheDeadline) {
  UdpPeer server([](std::string_view) { return std::vector<std::string>(); });
  const Outcome outcome = probe(server.target(), module(), 200ms);
  EXPECT_EQ(outcome.reason, Reason::timeout) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_dns_query_succeeded"), 0);
  EXPECT_GE(loop_.now() - started_, 200ms);
  EXPECT_LT(loop_.now() - started_, 2s);
}

TEST_F(DnsProbeTest, NamesABrokenAnswer) {
  UdpPeer server([](std::string_view query) {
    return std::vector{reply(query, 0x8180, {1, 0, 0}, kOneAddress.substr(0, 14))};
  });
  const Outcome outcome = probe(server.target(), module());
  EXPECT_EQ(outcome.reason, Reason::protocol) << outcome.message;
}

TEST_F(DnsProbeTest, NamesAClosedPort) {
  const Outcome outcome =
      probe(fmt::format("127.0.0.1:{}", fakes::closed_port().port), module(), 2s);
  EXPECT_EQ(outcome.reason, Reason::connect) << outcome.message;
}

TEST_F(DnsProbeTest, QuestionsThatCannotBeAskedAreOurFault) {
  DnsModule dns = module();
  dns.query_name = "a..b";
  EXPECT_EQ(probe("127.0.0.1", dns).reason, Reason::local);
  dns = module();
  dns.query_type = "NONSENSE";
  EXPECT_EQ(probe("127.0.0.1", dns).reason, Reason::local);
  dns = module();
  dns.dns_over_tls = true;
  EXPECT_EQ(probe("127.0.0.1", dns).reason, Reason::local);
}

// Reads one framed query and sends the answer as the test likes.
std::string read_query(Connection& connection) {
  std::string bytes;
  while (bytes.size() < 2 || bytes.size() < 2u + static_cast<unsigned char>(bytes[0]) * 256u +
                                                static_cast<unsigned char>(bytes[1])) {
    const std::string more = connection.read_some();
    if (more.empty()) return "";
    bytes += more;
  }
  return bytes.substr(2);
}

std::string framed(const std::string& message) {
  return u16(static_cast<unsigned>(message.size())) + message;
}

TEST_F(DnsProbeTest, AsksByTcp) {
  LoopbackServer server([](Connection& c) {
    const std::string whole = framed(answer_one(read_query(c))[0]);
    c.send(whole.substr(0, 1));
    c.send(whole.substr(1, 20));
    c.send(whole.substr(21));
  });
  DnsModule dns = module();
  dns.tcp = true;
  const Outcome outcome = probe(server.target(), dns);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_dns_answer_rrs"), 1);
}

TEST_F(DnsProbeTest, NamesWhatIsWrongByTcp) {
  LoopbackServer early(
      [](Connection& c) { c.send(framed(answer_one(read_query(c))[0]).substr(0, 20)); });
  LoopbackServer other([](Connection& c) {
    std::string query = read_query(c);
    query[0] = static_cast<char>(query[0] ^ 1);
    c.send(framed(answer_one(query)[0]));
  });
  DnsModule dns = module();
  dns.tcp = true;
  expect_down(probe(early.target(), dns), Reason::protocol,
              "the server closed the connection before its answer was whole");
  expect_down(probe(other.target(), dns), Reason::protocol,
              "the server answered another question than ours");
}

TEST_F(DnsProbeTest, AsksByTls) {
  Connection::TlsServer tls;
  tls.certificate = ca_.issue({"127.0.0.1"});
  LoopbackServer server([&](Connection& c) {
    if (c.start_tls(tls)) c.send(framed(answer_one(read_query(c))[0]));
  });
  DnsModule dns = module();
  dns.tcp = dns.dns_over_tls = true;
  const Outcome outcome = probe(server.target(), dns);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_TRUE(measured(outcome, "probe_ssl_earliest_cert_expiry"));
  dns.tls.server_name = "other.example";
  EXPECT_EQ(probe(server.target(), dns).reason, Reason::certificate);
}

// --- conditions, without a server -------------------------------------------------------------

probes::dns::Message two_addresses() {
  probes::dns::Message message;
  for (const char* text : {"192.0.2.1", "192.0.2.2"}) {
    probes::dns::Record record;
    record.name = "a.";
    record.type = record.dns_class = 1;
    record.ttl = 60;
    record.rdata_text = text;
    message.answers.push_back(record);
  }
  return message;
}

std::string verdict(const probes::RrMatch& answer,
                    const probes::dns::Message& message = two_addresses()) {
  DnsModule module;
  module.answer = answer;
  const auto judged = judge_dns(module, message);
  return judged ? "fine" : judged.error().message;
}

TEST(DnsJudge, TriesTheFourLists) {
  EXPECT_EQ(verdict({.fail_if_matches_regexp = {"2\\.3$"}}), "fine");
  EXPECT_EQ(verdict({.fail_if_matches_regexp = {"2\\.2$"}}),
            "record \"a. 60 IN A 192.0.2.2\" matches \"2\\.2$\"");
  EXPECT_EQ(verdict({.fail_if_not_matches_regexp = {"192", "\tA\t"}}), "fine");
  EXPECT_EQ(verdict({.fail_if_not_matches_regexp = {"2\\.1$"}}),
            "record \"a. 60 IN A 192.0.2.2\" does not match \"2\\.1$\"");
  EXPECT_EQ(verdict({.fail_if_none_matches_regexp = {"x", "2\\.1$"}}), "fine");
  EXPECT_EQ(verdict({.fail_if_none_matches_regexp = {"x", "y"}}),
            "no record of the answer section matches \"x\" or \"y\"");
}

// Version 0.23.0 was asked: it fails when not all match, and lets an empty section pass.
TEST(DnsJudge, FailIfAllMatchMeansWhatItMeansThere) {
  EXPECT_EQ(verdict({.fail_if_all_match_regexp = {"192"}}), "fine");
  EXPECT_EQ(verdict({.fail_if_all_match_regexp = {"2\\.1$"}}),
            "record \"a. 60 IN A 192.0.2.2\" does not match \"2\\.1$\"");
  EXPECT_EQ(verdict({.fail_if_all_match_regexp = {"x"}}, {}), "fine");
}

TEST(DnsJudge, MissesRecordsThatWereExpected) {
  for (auto list : {&probes::RrMatch::fail_if_not_matches_regexp,
                    &probes::RrMatch::fail_if_none_matches_regexp}) {
    probes::RrMatch match;
    match.*list = {"x"};
    EXPECT_EQ(verdict(match, {}), "the answer section holds no record, one was expected");
  }
  EXPECT_EQ(verdict({.fail_if_matches_regexp = {"x"}}, {}), "fine");
}

}  // namespace

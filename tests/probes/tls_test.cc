// TLS over real sockets of loopback: which certificates are refused and in what words, what is
// known of them nevertheless, versions, STARTTLS and its injection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "probes/net/real_net.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/loopback.h"

using namespace std::chrono_literals;
using fakes::Connection;
using fakes::LoopbackServer;
using fakes::TestCa;
using fakes::TestCert;
using probes::Endpoint;
using probes::Error;
using probes::RealNet;
using probes::Reason;
using probes::Result;
using probes::Stream;
using probes::Task;
using probes::TimePoint;
using probes::TlsInfo;
using probes::TlsOptions;
using testing::HasSubstr;

namespace {

constexpr auto kDay = std::chrono::hours(24);

struct Handshake {
  std::optional<Error> error;
  TlsInfo info;
  std::string said;  // by the peer, under TLS
};

struct Plan {
  Endpoint peer;
  TlsOptions options;
  std::string host = "www.example.com";
  std::string say_first;  // in the clear; the answer is read before the handshake
  TimePoint deadline;
};

Task<Result<std::string>> read_under_tls(Stream& stream, Plan plan) {
  Result<void> secured = co_await stream.start_tls(plan.options, plan.host, plan.deadline);
  if (!secured) co_return std::unexpected(secured.error());
  co_return co_await stream.read_some(100, plan.deadline);
}

Task<Handshake> shake_hands(RealNet& net, Plan plan) {
  Handshake result;
  probes::ConnectOptions options;
  auto connected = co_await net.connect(plan.peer, options, plan.deadline);
  if (!connected) {
    result.error = connected.error();
    co_return result;
  }
  Stream& stream = **connected;
  if (!plan.say_first.empty()) {
    co_await stream.write_all(plan.say_first, plan.deadline);
    co_await stream.read_some(4, plan.deadline);
  }
  Result<std::string> said = co_await read_under_tls(stream, plan);
  if (said) result.said = *said;
  if (!said) result.error = said.error();
  if (stream.tls_info() != nullptr) result.info = *stream.tls_info();
  co_return result;
}

class TlsTest : public testing::Test {
 protected:
  // A server that greets under TLS.
  static LoopbackServer::Handler greets(Connection::TlsServer tls) {
    return [tls](Connection& peer) {
      if (!peer.start_tls(tls)) return;
      peer.send("hello " + peer.server_name());
      peer.wait_until_closed();
    };
  }
  Handshake to(const LoopbackServer& server, Plan plan = {}) {
    plan.peer = server.endpoint();
    if (plan.options.ca_file.empty()) plan.options.ca_file = ca_file_.path();
    plan.deadline = loop_.now() + 10s;
    return fakes::run_task(loop_, shake_hands(net_, plan));
  }
  Handshake to_server_with(const TestCert& certificate, const Plan& plan = {}) {
    LoopbackServer server(greets({.certificate = certificate}));
    return to(server, plan);
  }

  TestCa ca_;
  fakes::TempFile ca_file_{ca_.ca_pem()};
  probes::EpollLoop loop_;
  RealNet net_{loop_};
  probes::WallTime now_ = fakes::certificate_now();
};

TEST_F(TlsTest, TellsAllAboutAGoodCertificate) {
  const auto expiry = now_ + 30 * kDay;
  const auto shaken =
      to_server_with(ca_.issue({"www.example.com", "example.com"}, now_ - kDay, expiry));
  ASSERT_FALSE(shaken.error) << shaken.error->message;
  EXPECT_EQ(shaken.said, "hello www.example.com");
  EXPECT_EQ(shaken.info.version, "TLS 1.3");
  EXPECT_THAT(shaken.info.cipher, testing::StartsWith("TLS_"));
  EXPECT_EQ(shaken.info.earliest_expiry, expiry);
  EXPECT_EQ(shaken.info.last_chain_expiry, expiry);
  EXPECT_EQ(shaken.info.subject, "CN=www.example.com,O=SLA Exporter tests");
  EXPECT_EQ(shaken.info.issuer, "CN=SLA Test CA,O=SLA Exporter tests");
  EXPECT_EQ(shaken.info.subject_alternative_names, "www.example.com,example.com");
  EXPECT_EQ(shaken.info.fingerprint_sha256.size(), 64u);
  EXPECT_EQ(shaken.info.serial_number.size(), 16u);
}

TEST_F(TlsTest, RefusesAnExpiredCertificateAndStillKnowsItsDate) {
  const auto expiry = now_ - 3 * kDay;
  const auto shaken = to_server_with(ca_.issue({"www.example.com"}, now_ - 90 * kDay, expiry));
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::certificate);
  EXPECT_THAT(shaken.error->message, testing::StartsWith("certificate expired on 2"));
  EXPECT_EQ(shaken.info.earliest_expiry, expiry);
  EXPECT_EQ(shaken.info.last_chain_expiry, std::nullopt);
  EXPECT_EQ(shaken.info.version, "TLS 1.3");
  EXPECT_EQ(shaken.info.subject_alternative_names, "www.example.com");
}

TEST_F(TlsTest, RefusesACertificateThatIsNotYetValid) {
  const auto shaken = to_server_with(ca_.issue({"www.example.com"}, now_ + kDay, now_ + 90 * kDay));
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::certificate);
  EXPECT_THAT(shaken.error->message, HasSubstr("is not valid before"));
}

TEST_F(TlsTest, RefusesACertificateForAnotherName) {
  const auto shaken = to_server_with(ca_.issue({"mail.example.com", "smtp.example.com"}));
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::certificate);
  EXPECT_EQ(shaken.error->message,
            "certificate is for mail.example.com, smtp.example.com, not www.example.com");
}

TEST_F(TlsTest, RefusesASelfSignedCertificate) {
  const auto shaken = to_server_with(fakes::self_signed({"www.example.com"}));
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::certificate);
  EXPECT_EQ(shaken.error->message, "certificate is not trusted: it is signed by itself");
}

TEST_F(TlsTest, RefusesACertificateOfAnUnknownAuthority) {
  const TestCa other("Nobody's CA");
  const auto shaken = to_server_with(other.issue({"www.example.com"}));
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::certificate);
  EXPECT_THAT(shaken.error->message, HasSubstr("its issuer CN=Nobody's CA"));
}

TEST_F(TlsTest, TrustsOnlyTheSystemsBundleUnlessToldOtherwise) {
  LoopbackServer server(greets({.certificate = ca_.issue({"www.example.com"})}));
  Plan plan;
  plan.peer = server.endpoint();
  plan.deadline = loop_.now() + 10s;
  const auto refused = fakes::run_task(loop_, shake_hands(net_, plan));
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->reason, Reason::certificate);
  RealNet with_our_bundle(loop_, {.resolver = {}, .ca_bundle = ca_file_.path()});
  EXPECT_FALSE(fakes::run_task(loop_, shake_hands(with_our_bundle, plan)).error);
}

TEST_F(TlsTest, AcceptsAnythingWhenVerificationIsSkipped) {
  Plan plan;
  plan.options.insecure_skip_verify = true;
  const auto shaken = to_server_with(fakes::self_signed({"elsewhere.example"}), plan);
  EXPECT_FALSE(shaken.error);
  EXPECT_EQ(shaken.info.subject_alternative_names, "elsewhere.example");
  EXPECT_EQ(shaken.info.last_chain_expiry, std::nullopt);
}

TEST_F(TlsTest, AsksForAndVerifiesTheConfiguredName) {
  Plan plan;
  plan.options.server_name = "other.example.com";
  const auto shaken = to_server_with(ca_.issue({"other.example.com"}), plan);
  EXPECT_EQ(shaken.said, "hello other.example.com");
}

TEST_F(TlsTest, VerifiesAddressesWithoutAskingForThemByName) {
  Plan plan;
  plan.host = "127.0.0.1";
  EXPECT_EQ(to_server_with(ca_.issue({"127.0.0.1"}), plan).said, "hello ");
  plan.host = "2001:db8::1";
  const auto shaken = to_server_with(ca_.issue({"127.0.0.1"}), plan);
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::certificate);
}

TEST_F(TlsTest, MatchesWildcardsAndATrailingDot) {
  Plan plan;
  plan.host = "www.example.com.";
  EXPECT_EQ(to_server_with(ca_.issue({"*.example.com"}), plan).said, "hello www.example.com");
}

TEST_F(TlsTest, RefusesOldVersionsAndTakesThemWhenAllowed) {
  Connection::TlsServer tls{.certificate = ca_.issue({"www.example.com"}),
                            .max_version = TLS1_1_VERSION,
                            .client_ca_pem = "",
                            .alpn = {}};
  LoopbackServer server(greets(tls));
  const auto refused = to(server);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->reason, Reason::tls);
  EXPECT_EQ(refused.error->message, "the peer offers no TLS version from TLS 1.2 to TLS 1.3");
  Plan plan;
  plan.options.min_version = "TLS10";
  const auto accepted = to(server, plan);
  ASSERT_FALSE(accepted.error) << accepted.error->message;
  EXPECT_EQ(accepted.info.version, "TLS 1.1");
}

TEST_F(TlsTest, KeepsToTheHighestVersionAllowed) {
  Plan plan;
  plan.options.max_version = "TLS12";
  const auto shaken = to_server_with(ca_.issue({"www.example.com"}), plan);
  EXPECT_EQ(shaken.info.version, "TLS 1.2");
  EXPECT_THAT(shaken.info.cipher, HasSubstr("_WITH_"));
}

TEST_F(TlsTest, AgreesOnAProtocol) {
  Connection::TlsServer tls{.certificate = ca_.issue({"www.example.com"}),
                            .max_version = 0,
                            .client_ca_pem = "",
                            .alpn = {"h2", "http/1.1"}};
  LoopbackServer server(greets(tls));
  Plan plan;
  plan.options.alpn = {"http/1.1"};
  EXPECT_EQ(to(server, plan).info.alpn, "http/1.1");
  EXPECT_EQ(to(server).info.alpn, "");
}

TEST_F(TlsTest, ShowsItsClientCertificate) {
  const TestCert client = ca_.issue({"probe.example.com"});
  fakes::TempFile cert_file(client.cert_pem), key_file(client.key_pem);
  Connection::TlsServer tls{.certificate = ca_.issue({"www.example.com"}),
                            .max_version = 0,
                            .client_ca_pem = ca_.ca_pem(),
                            .alpn = {}};
  LoopbackServer server(greets(tls));
  const auto refused = to(server);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->reason, Reason::tls);
  EXPECT_THAT(refused.error->message, HasSubstr("certificate required"));
  Plan plan;
  plan.options.cert_file = cert_file.path();
  plan.options.key_file = key_file.path();
  EXPECT_EQ(to(server, plan).said, "hello www.example.com");
}

TEST_F(TlsTest, BlamesUsForFilesItCannotRead) {
  Plan plan;
  plan.options.ca_file = "/nonexistent/ca.pem";
  auto shaken = to_server_with(ca_.issue({"www.example.com"}), plan);
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::local);
  EXPECT_THAT(shaken.error->message, HasSubstr("/nonexistent/ca.pem"));
  plan.options.ca_file.clear();
  plan.options.cert_file = plan.options.key_file = "/nonexistent/client.pem";
  shaken = to_server_with(ca_.issue({"www.example.com"}), plan);
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::local);
}

TEST_F(TlsTest, CallsAPeerWithoutTlsBySuchAName) {
  LoopbackServer server([](Connection& peer) {
    peer.send("220 mail.example.com ESMTP\r\n");
    peer.wait_until_closed();
  });
  const auto shaken = to(server);
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::tls);
  EXPECT_THAT(shaken.error->message, HasSubstr("does not speak TLS"));
}

TEST_F(TlsTest, SeesAPeerThatClosesOrResetsDuringTheHandshake) {
  LoopbackServer closes([](Connection& peer) { peer.read_some(); });
  LoopbackServer resets([](Connection& peer) {
    peer.read_some();
    peer.reset();
  });
  for (const LoopbackServer* server : {&closes, &resets}) {
    const auto shaken = to(*server);
    ASSERT_TRUE(shaken.error);
    EXPECT_EQ(shaken.error->reason, Reason::tls);
    EXPECT_THAT(shaken.error->message, HasSubstr("during the TLS handshake"));
  }
}

TEST_F(TlsTest, EndsAtTheDeadlineWhenTheHandshakeHangs) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_closed(); });
  Plan plan;
  plan.peer = server.endpoint();
  const TimePoint started = loop_.now();
  plan.deadline = started + 50ms;
  const auto shaken = fakes::run_task(loop_, shake_hands(net_, plan));
  ASSERT_TRUE(shaken.error);
  EXPECT_EQ(shaken.error->reason, Reason::timeout);
  EXPECT_LT(loop_.now() - started, 2s);
}

TEST_F(TlsTest, RefusesWhatWasSlippedInBeforeTheHandshake) {
  for (const bool injected : {false, true}) {
    Connection::TlsServer tls{.certificate = ca_.issue({"www.example.com"}),
                              .max_version = 0,
                              .client_ca_pem = "",
                              .alpn = {}};
    LoopbackServer server([tls, injected](Connection& peer) {
      peer.read_line();
      peer.send(injected ? "220\n250 slipped in\n" : "220\n");
      if (peer.start_tls(tls)) peer.send("secure");
      peer.wait_until_closed();
    });
    Plan plan;
    plan.say_first = "STARTTLS\n";
    const auto shaken = to(server, plan);
    EXPECT_EQ(shaken.error.has_value(), injected);
    if (shaken.error) EXPECT_EQ(shaken.error->reason, Reason::protocol);
  }
}

TEST(TlsContexts, ReadReplacedFilesAgain) {
  fakes::FakeLoop loop;
  fakes::TempFile bundle(TestCa().ca_pem());
  probes::TlsContexts contexts(loop, bundle.path());
  const TlsOptions options;
  SSL_CTX* first = *contexts.get(options);
  SSL_CTX_up_ref(first);  // so that its address is not used again
  loop.run_for(10s);
  EXPECT_EQ(*contexts.get(options), first);

  std::ofstream(bundle.path()) << TestCa("Another").ca_pem() << TestCa("And another").ca_pem();
  EXPECT_EQ(*contexts.get(options), first) << "files are looked at once a second";
  loop.run_for(2s);
  SSL_CTX* second = *contexts.get(options);
  EXPECT_NE(second, first);
  EXPECT_EQ(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(second))), 2);
  SSL_CTX_free(first);
}

TEST(TlsContexts, AreSharedByAllNames) {
  fakes::FakeLoop loop;
  fakes::TempFile bundle(TestCa().ca_pem());
  probes::TlsContexts contexts(loop, bundle.path());
  TlsOptions one, other;
  one.server_name = "one.example.com";
  other.server_name = "other.example.com";
  other.alpn = {"h2"};
  EXPECT_EQ(*contexts.get(one), *contexts.get(other));
  other.max_version = "TLS12";
  EXPECT_NE(*contexts.get(one), *contexts.get(other));
}

}  // namespace

// The http prober over TLS: certificates good and bad, HTTP/2, and tunnels through proxies.
#include "tests/probes/http_probe_fixture.h"

namespace http_tests {
namespace {

class HttpsProbeTest : public HttpProbeTest {
 protected:
  // A server that greets with this certificate and answers 200 by whichever protocol was agreed.
  std::unique_ptr<LoopbackServer> serve(fakes::TestCert certificate,
                                        std::vector<std::string> alpn = {}) {
    Connection::TlsServer tls;
    tls.certificate = std::move(certificate);
    tls.alpn = alpn;
    const bool http2 = !alpn.empty() && alpn.front() == "h2";
    return std::make_unique<LoopbackServer>([tls, http2](Connection& c) {
      if (!c.start_tls(tls)) return;
      const std::string name = c.server_name();
      if (http2) return serve_http2(c, 200, {{"x-name", name}}, "by two");
      read_request(c);
      c.send(answer(200, "hello", "X-Name: " + name + "\r\n"));
    });
  }
  static std::string url(const LoopbackServer& server, const std::string& host = "both.test") {
    return fmt::format("https://{}:{}/", host, server.endpoint().port);
  }
};

TEST_F(HttpsProbeTest, VerifiesAndMeasuresTheCertificate) {
  const auto server = serve(ca_.issue({"both.test"}));
  const Outcome outcome = probe(url(*server));
  ASSERT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_ssl"), 1);
  EXPECT_EQ(measured(outcome, "probe_tls_version_info", "TLS 1.3"), 1);
  EXPECT_EQ(measured(outcome, "probe_tls_cipher_info", "TLS_AES_256_GCM_SHA384"), 1);
  const double now =
      std::chrono::duration<double>(fakes::certificate_now().time_since_epoch()).count();
  EXPECT_NEAR(*measured(outcome, "probe_ssl_earliest_cert_expiry"), now + 90 * 86400.0, 2 * 86400);
  EXPECT_TRUE(measured(outcome, "probe_ssl_last_chain_expiry_timestamp_seconds"));
  EXPECT_TRUE(measured(outcome, "probe_ssl_last_chain_info"));
  EXPECT_GT(measured(outcome, "probe_http_duration_seconds", "tls"), 0.0);
}

TEST_F(HttpsProbeTest, SpeaksHttp2WhenTheServerDoes) {
  const auto server = serve(ca_.issue({"both.test"}), {"h2", "http/1.1"});
  HttpModule module = ip4();
  module.fail_if_body_not_matches_regexp = {"^by two$"};
  module.fail_if_header_not_matches = {{"X-Name", "^both.test$", false}};
  const Outcome outcome = probe(url(*server), module);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_version"), 2);
  EXPECT_EQ(measured(outcome, "probe_http_uncompressed_body_length"), 6);
}

TEST_F(HttpsProbeTest, SpeaksHttp1WhenTheModuleWantsNoHttp2) {
  const auto server = serve(ca_.issue({"both.test"}), {"http/1.1"});
  HttpModule module = ip4();
  module.enable_http2 = false;
  EXPECT_EQ(measured(probe(url(*server), module), "probe_http_version"), 1.1);
  module.valid_http_versions = {"HTTP/2.0"};
  expect_down(probe(url(*server), module), Reason::protocol,
              "the server answered with HTTP/1.1, HTTP/2.0 was expected");
}

TEST_F(HttpsProbeTest, ShowsTheDateOfAnExpiredCertificate) {
  const auto now = fakes::certificate_now();
  const auto server = serve(ca_.issue({"both.test"}, now - 48h, now - 24h));
  const Outcome outcome = probe(url(*server));
  EXPECT_EQ(outcome.reason, Reason::certificate) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_ssl_earliest_cert_expiry"),
            std::chrono::duration<double>((now - 24h).time_since_epoch()).count());
  EXPECT_EQ(measured(outcome, "probe_http_status_code"), 0);
  HttpModule module = ip4();
  module.tls.insecure_skip_verify = true;
  EXPECT_EQ(probe(url(*server), module).status, Status::up);
}

TEST_F(HttpsProbeTest, RefusesStrangersAndWrongNames) {
  const auto stranger = serve(fakes::self_signed({"both.test"}));
  EXPECT_EQ(probe(url(*stranger)).reason, Reason::certificate);
  const auto misnamed = serve(ca_.issue({"other.example"}));
  EXPECT_EQ(probe(url(*misnamed)).reason, Reason::certificate);
  HttpModule module = ip4();
  module.headers = {{"Host", "other.example:8443"}};
  module.fail_if_header_not_matches = {{"X-Name", "^other.example$", false}};
  EXPECT_EQ(probe(url(*misnamed), module).status, Status::up) << "the Host header names the server";
}

TEST_F(HttpsProbeTest, NamesAServerThatSpeaksNoTls) {
  ScriptedServer server(answer(200, ""));
  const Outcome outcome = probe(fmt::format("https://127.0.0.1:{}/", server.port()));
  EXPECT_EQ(outcome.reason, Reason::tls) << outcome.message;
}

TEST_F(HttpsProbeTest, FollowsARedirectIntoTls) {
  const auto secure = serve(ca_.issue({"both.test"}));
  ScriptedServer server(
      [&](const PeerRequest&) { return answer(301, "", "Location: " + url(*secure) + "\r\n"); });
  HttpModule module = ip4();
  module.fail_if_not_ssl = true;
  const Outcome outcome = probe(server.url(), module);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_ssl"), 1);
  module.fail_if_not_ssl = false;
  module.fail_if_ssl = true;
  EXPECT_EQ(probe(server.url(), module).reason, Reason::tls);
}

TEST_F(HttpsProbeTest, TunnelsTlsThroughAProxy) {
  Connection::TlsServer tls;
  tls.certificate = ca_.issue({"nowhere.invalid"});
  std::string asked;
  LoopbackServer proxy([&](Connection& c) {
    asked = read_request(c).target;
    c.send("HTTP/1.1 200 Connected\r\n\r\n");
    if (!c.start_tls(tls)) return;
    read_request(c);
    c.send(answer(200, "through"));
  });
  HttpModule module = ip4();
  module.proxy_url = "http://" + proxy.target();
  module.skip_resolve_phase_with_proxy = true;
  const Outcome outcome = probe("https://nowhere.invalid/", module);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(asked, "nowhere.invalid:443");
}

TEST_F(HttpsProbeTest, NamesAProxyThatRefuses) {
  ScriptedServer proxy(answer(403, "no"));
  HttpModule module = ip4();
  module.proxy_url = proxy.url("");
  module.skip_resolve_phase_with_proxy = true;
  expect_down(probe("https://nowhere.invalid/", module), Reason::connect,
              "the proxy answered 403 to CONNECT");
}

}  // namespace
}  // namespace http_tests

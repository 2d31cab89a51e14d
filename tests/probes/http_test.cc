// The http prober against scripted servers on loopback: what it sends, what it measures, where
// redirects and proxies lead. Judging answers is in http_judge_test.cc, bytes in http1_test.cc.
#include "probes/http.h"

#include "tests/probes/http_probe_fixture.h"

namespace http_tests {
namespace {

TEST_F(HttpProbeTest, MeasuresAnAnswer) {
  ScriptedServer server(answer(200, "hello", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  const Outcome outcome = probe(server.url("/a?b"));
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, "127.0.0.1");
  EXPECT_EQ(measured(outcome, "probe_http_status_code"), 200);
  EXPECT_EQ(measured(outcome, "probe_http_content_length"), 5);
  EXPECT_EQ(measured(outcome, "probe_http_uncompressed_body_length"), 5);
  EXPECT_EQ(measured(outcome, "probe_http_redirects"), 0);
  EXPECT_EQ(measured(outcome, "probe_http_ssl"), 0);
  EXPECT_EQ(measured(outcome, "probe_http_version"), 1.1);
  EXPECT_EQ(measured(outcome, "probe_failed_due_to_regex"), 0);
  EXPECT_EQ(measured(outcome, "probe_http_last_modified_timestamp_seconds"), 784111777);
  EXPECT_EQ(measured(outcome, "probe_ip_protocol"), 4);
  EXPECT_TRUE(measured(outcome, "probe_dns_lookup_time_seconds"));
  EXPECT_FALSE(measured(outcome, "probe_ssl_earliest_cert_expiry"));
  for (const char* phase : {"resolve", "connect", "processing", "transfer"})
    EXPECT_GE(measured(outcome, "probe_http_duration_seconds", phase), 0.0) << phase;
  EXPECT_EQ(measured(outcome, "probe_http_duration_seconds", "tls"), 0);
}

TEST_F(HttpProbeTest, SendsWhatTheModuleSays) {
  ScriptedServer server(answer(200, ""));
  HttpModule module = ip4();
  module.method = "POST";
  module.body = "ping\n";
  module.headers = {{"X-One", "1"}, {"Host", "virtual.example"}};
  module.secret_headers = {{"X-Token", probes::Secret("s3cret")}};
  module.basic_auth_user = "me";
  module.basic_auth_password = probes::Secret("p");
  ASSERT_EQ(probe(server.url("/x"), module).status, Status::up);
  const PeerRequest request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/x");
  EXPECT_EQ(request.body, "ping");
  EXPECT_EQ(request.header("host"), "virtual.example");
  EXPECT_EQ(request.header("x-one"), "1");
  EXPECT_EQ(request.header("x-token"), "s3cret");
  EXPECT_EQ(request.header("authorization"), "Basic bWU6cA==");
  EXPECT_EQ(request.header("content-length"), "5");
  EXPECT_TRUE(request.header("user-agent").starts_with("sla_exporter/"));
}

TEST_F(HttpProbeTest, TakesCredentialsFromModuleOrUrl) {
  ScriptedServer server(answer(200, ""));
  HttpModule module = ip4();
  module.authorization_credentials = probes::Secret("tok");
  probe(server.url(), module);
  probe(fmt::format("http://me:p%40@127.0.0.1:{}/", server.port()));
  hostname_ = "named.example";
  probe(server.url());
  const auto requests = server.requests();
  EXPECT_EQ(requests.at(0).header("authorization"), "Bearer tok");
  EXPECT_EQ(requests.at(1).header("authorization"), "Basic bWU6cEA=");
  EXPECT_EQ(requests.at(2).header("authorization"), "");
  EXPECT_EQ(requests.at(2).header("host"), "named.example");
}

TEST_F(HttpProbeTest, TellsAWrongStatus) {
  ScriptedServer server(answer(503, "busy"));
  expect_down(probe(server.url()), Reason::status, "the server answered 503, a 2xx was expected");
  HttpModule module = ip4();
  module.valid_status_codes = {200, 204};
  expect_down(probe(server.url(), module), Reason::status,
              "the server answered 503, 200 or 204 was expected");
}

TEST_F(HttpProbeTest, AWrongStatusOutweighsABrokenBody) {
  ScriptedServer server("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\npart");
  expect_down(probe(server.url()), Reason::status, "the server answered 500, a 2xx was expected");
}

TEST_F(HttpProbeTest, MatchesTheBody) {
  ScriptedServer server(answer(200, "all systems operational"));
  HttpModule module = ip4();
  module.fail_if_body_not_matches_regexp = {"operational$"};
  EXPECT_EQ(probe(server.url(), module).status, Status::up);
  module.fail_if_body_matches_regexp = {"(?i)SYSTEMS"};
  const Outcome outcome = probe(server.url(), module);
  expect_down(outcome, Reason::body, "the body matches \"(?i)SYSTEMS\"");
  EXPECT_EQ(measured(outcome, "probe_failed_due_to_regex"), 1);
}

TEST_F(HttpProbeTest, FollowsRedirectsAndSumsThem) {
  ScriptedServer server([](const PeerRequest& request) {
    if (request.target == "/") return answer(302, "", "Location: /a\r\nSet-Cookie: seen=1\r\n");
    if (request.target == "/a") return answer(301, "", "Location: b?c\r\n");
    return answer(request.header("cookie") == "seen=1" ? 200 : 500, "end");
  });
  const Outcome outcome = probe(server.url());
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_redirects"), 2);
  EXPECT_EQ(measured(outcome, "probe_http_status_code"), 200);
  EXPECT_EQ(server.requests().at(2).target, "/b?c");
}

TEST_F(HttpProbeTest, LeavesRedirectsAloneWhenTold) {
  ScriptedServer server(answer(302, "", "Location: /a\r\n"));
  HttpModule module = ip4();
  module.follow_redirects = false;
  module.valid_status_codes = {302};
  const Outcome outcome = probe(server.url(), module);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_redirects"), 1);
}

TEST_F(HttpProbeTest, GivesUpOnRedirectsInACircle) {
  ScriptedServer server(answer(302, "", "Location: /again\r\n"));
  expect_down(probe(server.url()), Reason::redirect,
              "gave up after 10 redirects, the next leads to /again");
  EXPECT_EQ(server.requests().size(), 11u);
}

TEST_F(HttpProbeTest, FollowsNoRedirectOutOfTheWeb) {
  ScriptedServer server(answer(302, "", "Location: file:///etc/passwd\r\n"));
  const Outcome outcome = probe(server.url());
  EXPECT_EQ(outcome.reason, Reason::redirect) << outcome.message;
}

TEST_F(HttpProbeTest, KeepsSecretsFromOtherHosts) {
  ScriptedServer other(answer(200, ""));
  ScriptedServer server([&](const PeerRequest&) {
    return answer(302, "", fmt::format("Location: http://both.test:{}/\r\n", other.port()));
  });
  HttpModule module = ip4();
  module.headers = {{"Host", "virtual.example"}, {"X-Open", "1"}, {"Cookie", "a=1"}};
  module.secret_headers = {{"X-Token", probes::Secret("s3cret")}};
  module.basic_auth_user = "me";
  ASSERT_EQ(probe(server.url(), module).status, Status::up);
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Basic bWU6");
  const PeerRequest request = other.requests().at(0);
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(request.header("x-token"), "");
  EXPECT_EQ(request.header("cookie"), "");
  EXPECT_EQ(request.header("x-open"), "1");
  EXPECT_EQ(request.header("host"), fmt::format("both.test:{}", other.port()));
}

TEST_F(HttpProbeTest, TurnsAPostIntoAGetAsBrowsersDo) {
  ScriptedServer server([](const PeerRequest& request) {
    if (request.target == "/see") return answer(303, "", "Location: /end\r\n");
    if (request.target == "/keep") return answer(307, "", "Location: /end\r\n");
    return answer(200, "");
  });
  HttpModule module = ip4();
  module.method = "POST";
  module.body = "x\n";
  probe(server.url("/see"), module);
  probe(server.url("/keep"), module);
  const auto requests = server.requests();
  EXPECT_EQ(requests.at(1).method, "GET");
  EXPECT_EQ(requests.at(1).body, "");
  EXPECT_EQ(requests.at(3).method, "POST");
  EXPECT_EQ(requests.at(3).body, "x");
}

TEST_F(HttpProbeTest, NamesARefusedPort) {
  const Outcome outcome = probe(fmt::format("127.0.0.1:{}", fakes::closed_port().port));
  EXPECT_EQ(outcome.reason, Reason::connect) << outcome.message;
  EXPECT_EQ(measured(outcome, "probe_http_status_code"), 0);
  EXPECT_EQ(measured(outcome, "probe_http_content_length"), 0);
}

TEST_F(HttpProbeTest, TriesTheOtherFamilyWhenAllowed) {
  ScriptedServer server([](const PeerRequest&) { return answer(200, ""); }, "127.0.0.1");
  HttpModule module;
  module.ip.preferred = Family::ip6;
  const std::string target = fmt::format("http://both.test:{}/", server.port());
  const Outcome outcome = probe(target, module);
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, "127.0.0.1");
  both_families_ = false;
  EXPECT_EQ(probe(target, module).reason, Reason::connect) << "the blackbox exporter's rule";
}

TEST_F(HttpProbeTest, ReachesAServerOnIp6Alone) {
  ScriptedServer server([](const PeerRequest&) { return answer(200, ""); }, "::1");
  const Outcome outcome = probe(fmt::format("http://both.test:{}/", server.port()));
  EXPECT_EQ(outcome.status, Status::up) << outcome.message;
  EXPECT_EQ(outcome.address, "::1");
  EXPECT_EQ(probe(fmt::format("[::1]:{}", server.port())).status, Status::up);
}

TEST_F(HttpProbeTest, ABadTargetIsOurFault) {
  const Outcome outcome = probe("http://exa mple/");
  EXPECT_EQ(outcome.status, Status::unknown);
  EXPECT_EQ(outcome.reason, Reason::local);
}

TEST_F(HttpProbeTest, AsksAProxyForTheWholeUrl) {
  ScriptedServer proxy(answer(200, "by proxy"));
  HttpModule module = ip4();
  module.proxy_url = proxy.url("");
  module.proxy_user_password = probes::Secret("me:p");
  module.skip_resolve_phase_with_proxy = true;
  EXPECT_EQ(probe("http://nowhere.invalid/x", module).status, Status::up);
  const PeerRequest request = proxy.requests().at(0);
  EXPECT_EQ(request.target, "http://nowhere.invalid/x");
  EXPECT_EQ(request.header("proxy-authorization"), "Basic bWU6cA==");
}

}  // namespace
}  // namespace http_tests

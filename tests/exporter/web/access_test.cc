// TLS, client certificates, users and rate limit from the outside, and what happens when the web
// configuration file changes under a running server.
#include <crypt.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "exporter/web/access.h"
#include "exporter/web/server.h"
#include "tests/fakes/raw_http.h"
#include "tests/fakes/test_certs.h"
#include "tests/fakes/tls_http.h"

namespace exporter {
namespace {

// The cheapest hash there is, so that the tests are quick.
std::string hash_of(const std::string& password) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  crypt_gensalt_rn("$2b$", 4, "0123456789abcdef", 16, setting, sizeof setting);
  crypt_data work{};
  return crypt_r(password.c_str(), setting, &work);
}

// A folder with a web configuration and what it names.
class WebAccessTest : public testing::Test {
 protected:
  WebAccessTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("web-access-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(folder_);
    put_certificate(ca_.issue({"localhost", "127.0.0.1"}));
    put("ca.pem", client_ca_.ca_pem());
  }
  ~WebAccessTest() override { std::filesystem::remove_all(folder_); }

  // Replaced as editors and certbot do it: a new file takes the place of the old one.
  void put(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / (name + ".new")) << content;
    std::filesystem::rename(folder_ / (name + ".new"), folder_ / name);
  }
  void put_certificate(const fakes::TestCert& certificate) {
    put("server.crt", certificate.cert_pem);
    put("server.key", certificate.key_pem);
  }

  void start(const std::string& config) {
    put("web.yml", config);
    WebOptions options;
    options.listen = {"127.0.0.1:0"};
    options.web_config_file = folder_ / "web.yml";
    auto started = WebServer::start(options, {{{"GET"},
                                               "/who",
                                               [](const WebRequest& request) {
                                                 WebResponse response;
                                                 response.body = request.user;
                                                 return response;
                                               },
                                               false}});
    ASSERT_TRUE(started) << started.error();
    server_ = std::move(*started);
    port_ = server_->ports()[0];
  }

  fakes::RawResponse get(const std::string& headers = "") {
    return fakes::get(port_, "/who", headers).value_or(fakes::RawResponse{});
  }
  // "alice:sesame" in base64 and the like are spelt out in the tests.
  static std::string basic(const std::string& base64) {
    return "Authorization: Basic " + base64 + "\r\n";
  }
  int tls_get(fakes::TlsClientOptions options = {}) {
    options.ca_pem = ca_.ca_pem();
    return fakes::TlsHttp(port_, options).get("/who");
  }
  fakes::TlsClientOptions with_certificate(const fakes::TestCa& ca, const std::string& name) {
    const fakes::TestCert own = ca.issue({name});
    return {.ca_pem = ca_.ca_pem(),
            .cert_pem = own.cert_pem,
            .key_pem = own.key_pem,
            .max_version = 0,
            .ciphers = "",
            .groups = ""};
  }

  const std::string tls_ = "  cert_file: server.crt\n  key_file: server.key\n";
  std::filesystem::path folder_;
  fakes::TestCa ca_, client_ca_{"Client CA"}, other_ca_{"Other CA"};
  std::unique_ptr<WebServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(WebAccessTest, ServesTlsWithTheConfiguredCertificate) {
  start("tls_server_config:\n" + tls_);
  fakes::TlsHttp client(port_, {.ca_pem = ca_.ca_pem(),
                                .cert_pem = "",
                                .key_pem = "",
                                .max_version = 0,
                                .ciphers = "",
                                .groups = ""});
  ASSERT_TRUE(client.connected()) << client.error();
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.get("/who"), 200);
  EXPECT_EQ(client.get("/nothing"), 404);  // the same connection
  EXPECT_GT(server_->stats().certificate_expires_seconds, 0);
}

TEST_F(WebAccessTest, HangsUpOnPlainHttpWhereTlsIsSpoken) {
  start("tls_server_config:\n" + tls_);
  EXPECT_EQ(get().status, 0);
  EXPECT_EQ(tls_get(), 200);
}

TEST_F(WebAccessTest, KeepsToTheTlsVersionsAndSuitesConfigured) {
  start("tls_server_config:\n" + tls_ +
        "  min_version: TLS12\n  max_version: TLS12\n"
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
        "  curve_preferences: [CurveP384]\n");
  fakes::TlsClientOptions options{.ca_pem = ca_.ca_pem(),
                                  .cert_pem = "",
                                  .key_pem = "",
                                  .max_version = 0,
                                  .ciphers = "",
                                  .groups = ""};
  fakes::TlsHttp client(port_, options);
  ASSERT_TRUE(client.connected()) << client.error();
  EXPECT_EQ(client.version(), "TLSv1.2");
  EXPECT_EQ(client.cipher(), "ECDHE-ECDSA-AES256-GCM-SHA384");
  options.max_version = TLS1_1_VERSION;
  EXPECT_FALSE(fakes::TlsHttp(port_, options).connected());
  options.max_version = 0;
  options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_FALSE(fakes::TlsHttp(port_, options).connected());
  options.ciphers.clear();
  options.groups = "X25519";
  EXPECT_FALSE(fakes::TlsHttp(port_, options).connected());
}

TEST_F(WebAccessTest, DemandsAClientCertificateOfTheRightCa) {
  start("tls_server_config:\n" + tls_ +
        "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n");
  EXPECT_EQ(tls_get(), 0);
  EXPECT_EQ(tls_get(with_certificate(other_ca_, "prometheus")), 0);
  EXPECT_EQ(tls_get(with_certificate(client_ca_, "prometheus")), 200);
}

TEST_F(WebAccessTest, DemandsAnyClientCertificateWithoutVerifyingIt) {
  start("tls_server_config:\n" + tls_ + "  client_auth_type: RequireAnyClientCert\n");
  EXPECT_EQ(tls_get(), 0);
  EXPECT_EQ(tls_get(with_certificate(other_ca_, "prometheus")), 200);
}

TEST_F(WebAccessTest, VerifiesAClientCertificateOnlyIfGiven) {
  start("tls_server_config:\n" + tls_ +
        "  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n");
  EXPECT_EQ(tls_get(), 200);
  EXPECT_EQ(tls_get(with_certificate(other_ca_, "prometheus")), 0);
}

TEST_F(WebAccessTest, AsksForAClientCertificateAndTakesAny) {
  start("tls_server_config:\n" + tls_ + "  client_auth_type: RequestClientCert\n");
  EXPECT_EQ(tls_get(), 200);
  EXPECT_EQ(tls_get(with_certificate(other_ca_, "prometheus")), 200);
}

TEST_F(WebAccessTest, LetsOnlyAllowedNamesIn) {
  start("tls_server_config:\n" + tls_ +
        "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
        "  client_allowed_sans: [prometheus.example.com, 192.0.2.7]\n");
  EXPECT_EQ(tls_get(with_certificate(client_ca_, "prometheus.example.com")), 200);
  EXPECT_EQ(tls_get(with_certificate(client_ca_, "192.0.2.7")), 200);
  EXPECT_EQ(tls_get(with_certificate(client_ca_, "grafana.example.com")), 0);
}

TEST_F(WebAccessTest, TakesANewCertificateWithoutARestart) {
  start("tls_server_config:\n" + tls_);
  const auto common_name = [this] {
    fakes::TlsHttp client(port_, {.ca_pem = ca_.ca_pem(),
                                  .cert_pem = "",
                                  .key_pem = "",
                                  .max_version = 0,
                                  .ciphers = "",
                                  .groups = ""});
    return client.peer_common_name();
  };
  EXPECT_EQ(common_name(), "localhost");
  put_certificate(ca_.issue({"renewed", "localhost"}));
  EXPECT_EQ(common_name(), "renewed");
  EXPECT_EQ(tls_get(), 200);
}

TEST_F(WebAccessTest, AnswersBrokenWhileTheKeyIsNotTheCertificates) {
  start("tls_server_config:\n" + tls_);
  const fakes::TestCert next = ca_.issue({"renewed"});
  put("server.crt", next.cert_pem);
  EXPECT_EQ(tls_get(), 500);  // with the last good certificate, so that the answer can be seen
  put("server.key", next.key_pem);
  EXPECT_EQ(tls_get(), 200);
}

TEST_F(WebAccessTest, LetsKnownUsersInAndNobodyElse) {
  start("basic_auth_users:\n  alice: " + hash_of("sesame") + "\n");
  const auto none = get();
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.headers.at("www-authenticate"), "Basic");
  EXPECT_EQ(get(basic("YWxpY2U6c2VzYW1l")).body, "alice");    // alice:sesame
  EXPECT_EQ(get(basic("YWxpY2U6d3Jvbmc=")).status, 401);      // alice:wrong
  EXPECT_EQ(get(basic("Ym9iOnNlc2FtZQ==")).status, 401);      // bob:sesame
  EXPECT_EQ(get(basic("YWxpY2U6c2VzYW1lAHg=")).status, 401);  // alice:sesame\0x
  EXPECT_EQ(get(basic("YWxpY2U6c2VzYW1l")).body, "alice");    // now from the cache
  EXPECT_EQ(get("Authorization: Bearer x\r\n").status, 401);
}

TEST_F(WebAccessTest, TakesUsersAndHeadersFromTheChangedFile) {
  start("basic_auth_users: {alice: \"" + hash_of("sesame") + "\"}\n");
  EXPECT_EQ(get(basic("YWxpY2U6c2VzYW1l")).status, 200);
  put("web.yml", "basic_auth_users: {alice: \"" + hash_of("wrong") +
                     "\"}\nhttp_server_config: {headers: {X-Frame-Options: sameorigin}}\n");
  const auto after = get(basic("YWxpY2U6c2VzYW1l"));
  EXPECT_EQ(after.status, 401);
  EXPECT_EQ(after.headers.at("x-frame-options"), "sameorigin");
  EXPECT_EQ(get(basic("YWxpY2U6d3Jvbmc=")).status, 200);
}

TEST_F(WebAccessTest, Answers500WhileTheFileIsBrokenAndRecovers) {
  start("http_server_config: {}\n");
  EXPECT_EQ(get().status, 200);
  put("web.yml", "basic_auth_userz: {}\n");
  EXPECT_EQ(get().status, 500);
  EXPECT_EQ(get().status, 500);
  put("web.yml", "http_server_config: {}\n");
  EXPECT_EQ(get().status, 200);
  std::filesystem::remove(folder_ / "web.yml");
  EXPECT_EQ(get().status, 500);
}

TEST_F(WebAccessTest, RefusesToSwitchTlsWhileRunning) {
  start("http_server_config: {}\n");
  put("web.yml", "tls_server_config:\n" + tls_);
  EXPECT_EQ(get().status, 500);
}

TEST_F(WebAccessTest, AnswersTooManyRequestsBeyondTheRate) {
  start("rate_limit: {interval: 1h, burst: 2}\n");
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(get().status, 429);
}

TEST_F(WebAccessTest, DoesNotStartWithABrokenFile) {
  put("web.yml", "basic_auth_users: {alice: plain}\n");
  WebOptions options;
  options.listen = {"127.0.0.1:0"};
  options.web_config_file = folder_ / "web.yml";
  const auto started = WebServer::start(options, {});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), (folder_ / "web.yml").string() +
                                 ":1:27: the password of alice is not a bcrypt hash; make one with "
                                 "htpasswd -nBC 10 alice");
}

TEST(TokenBucketTest, RefillsWithTimeUpToItsBurst) {
  TokenBucket bucket({std::chrono::seconds(1), 2});
  const TokenBucket::Clock::time_point start{};
  EXPECT_TRUE(bucket.take(start));
  EXPECT_TRUE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start + std::chrono::milliseconds(900)));
  EXPECT_TRUE(bucket.take(start + std::chrono::milliseconds(1900)));
  EXPECT_TRUE(bucket.take(start + std::chrono::hours(1)));
  EXPECT_TRUE(bucket.take(start + std::chrono::hours(1)));
  EXPECT_FALSE(bucket.take(start + std::chrono::hours(1)));
}

}  // namespace
}  // namespace exporter

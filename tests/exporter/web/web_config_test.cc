// The web configuration file: what is taken, and the exact words for what is not.
#include "exporter/web/web_config.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "exporter/web/password.h"
#include "exporter/web/tls_names.h"
#include "tests/fakes/test_certs.h"

namespace exporter {
namespace {

constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuuO8ZWuXsyhBQVhTkcFHPVMFm3qzvO9ye";

std::expected<WebConfig, std::string> parse(const std::string& text) {
  return parse_web_config(
      text, "web.yml",
      [](const std::filesystem::path& path) -> std::expected<std::string, std::string> {
        if (path.filename() == "missing.pem")
          return std::unexpected("cannot read " + path.string());
        return "PEM of " + path.string();
      });
}

TEST(WebConfigTest, TakesAnEmptyFileAsPlainHttp) {
  for (const char* text : {"", "# nothing\n", "tls_server_config:\n", "{}"}) {
    const auto config = parse(text);
    ASSERT_TRUE(config) << config.error();
    EXPECT_FALSE(config->tls);
    EXPECT_TRUE(config->users.empty());
  }
}

TEST(WebConfigTest, ReadsEveryKeyOfTheFormat) {
  const auto config = parse(std::string(R"(
tls_server_config:
  cert_file: server.crt
  key_file: /etc/keys/server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example.com, 192.0.2.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: sameorigin
    X-XSS-Protection: ""
basic_auth_users:
  alice: )") + kHash + "\nrate_limit: {interval: 1m30s, burst: 20}\n");
  ASSERT_TRUE(config) << config.error();
  ASSERT_TRUE(config->tls);
  EXPECT_EQ(config->tls->certificate, "PEM of server.crt");
  EXPECT_EQ(config->tls->key.reveal(), "PEM of /etc/keys/server.key");
  EXPECT_EQ(config->tls->client_auth, ClientAuth::require_and_verify);
  EXPECT_EQ(config->tls->client_allowed_sans.size(), 2u);
  EXPECT_EQ(config->tls->min_version, TLS1_2_VERSION);
  EXPECT_EQ(config->tls->cipher_suites,
            (std::vector<std::string>{"ECDHE-ECDSA-AES128-GCM-SHA256"}));
  EXPECT_EQ(config->tls->curves, (std::vector<std::string>{"X25519", "P-256"}));
  EXPECT_FALSE(config->tls->prefer_server_cipher_suites);
  EXPECT_FALSE(config->http2);
  ASSERT_EQ(config->headers.size(), 2u);  // a blank one is unset
  EXPECT_EQ(config->users.at("alice").reveal(), kHash);
  EXPECT_EQ(config->rate_limit->interval, std::chrono::seconds(90));
  EXPECT_EQ(config->rate_limit->burst, 20);
  EXPECT_EQ(config->files.size(), 4u);  // all are watched
}

struct BadFile {
  const char* text;
  const char* error;
};

const BadFile kBadFiles[] = {
    {"tls_server_confg: {}\n",
     "web.yml:1:1: unknown key \"tls_server_confg\" in the web configuration; known are "
     "tls_server_config, http_server_config, basic_auth_users, rate_limit"},
    {"- a\n", "web.yml:1:1: the web configuration must be a mapping of keys"},
    {"rate_limit: {}\nrate_limit: {}\n", "web.yml:2:1: rate_limit is there twice"},
    {"tls_server_config:\n  cert_file: a\n  key_file: missing.pem\n",
     "web.yml:3:13: cannot read missing.pem"},
    {"tls_server_config:\n  cert_file: a\n",
     "web.yml:2:3: the key is missing: give key_file (or key)"},
    {"tls_server_config:\n  key_file: a\n",
     "web.yml:2:3: the certificate is missing: give cert_file (or cert)"},
    {"tls_server_config:\n  cert_file: a\n  cert: b\n  key: c\n",
     "web.yml:3:9: this is given inline and as a file; give one"},
    {"tls_server_config:\n  cert_file: a\n  key_file: b\n  client_ca_file: c\n",
     "web.yml:2:3: a client CA is configured, but no client_auth_type that uses it; write "
     "client_auth_type: RequireAndVerifyClientCert"},
    {"tls_server_config: {cert: a, key: b, client_auth_type: Always}\n",
     "web.yml:1:56: unknown client_auth_type \"Always\"; known are NoClientCert, "
     "RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, "
     "RequireAndVerifyClientCert"},
    {"tls_server_config: {cert: a, key: b, min_version: TLS99}\n",
     "web.yml:1:51: unknown TLS version \"TLS99\"; known are TLS10, TLS11, TLS12, TLS13"},
    {"tls_server_config: {cert: a, key: b, min_version: TLS13, max_version: TLS12}\n",
     "web.yml:1:20: min_version is above max_version"},
    {"tls_server_config: {cert: a, key: b, cipher_suites: [ROT13]}\n",
     "web.yml:1:54: unknown cipher suite \"ROT13\"; the names are those of Go's crypto/tls, such "
     "as TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {"tls_server_config: {cert: a, key: b, curve_preferences: [Curve7]}\n",
     "web.yml:1:58: unknown curve \"Curve7\"; known are CurveP256, CurveP384, CurveP521, X25519"},
    {"tls_server_config: {cert: a, key: b, client_allowed_sans: [x]}\n",
     "web.yml:1:20: client_allowed_sans needs a client_auth_type that asks for certificates"},
    {"tls_server_config: {prefer_server_cipher_suites: perhaps}\n",
     "web.yml:1:50: this must be true or false"},
    {"http_server_config: {headers: {Server: x}}\n",
     "web.yml:1:32: the header \"Server\" cannot be set; those that can are "
     "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection, "
     "Content-Security-Policy"},
    {"http_server_config: {headers: {X-Frame-Options: maybe}}\n",
     "web.yml:1:49: X-Frame-Options must be deny or sameorigin"},
    {"http_server_config: {headers: {X-Content-Type-Options: sniff}}\n",
     "web.yml:1:56: X-Content-Type-Options must be nosniff"},
    {"http_server_config: {headers: {Content-Security-Policy: \"a\\r\\nb\"}}\n",
     "web.yml:1:57: a header's value may hold no control characters"},
    {"basic_auth_users: {bob: secret}\n",
     "web.yml:1:25: the password of bob is not a bcrypt hash; make one with htpasswd -nBC 10 "
     "bob"},
    {"basic_auth_users: [bob]\n",
     "web.yml:1:19: basic_auth_users must be a mapping of names to hashes"},
    {"rate_limit: {interval: soon, burst: 1}\n",
     "web.yml:1:24: interval must be a duration such as 1s or 500ms"},
    {"rate_limit: {interval: 1s, burst: -1}\n",
     "web.yml:1:35: burst must be a whole number, 0 or more"},
    {"rate_limit: {interval: 1s}\n",
     "web.yml:1:13: rate_limit needs a burst of at least 1, or nothing would ever be answered"},
    {"a: [1\n", "web.yml:2:1: end of sequence flow not found"},
    {"---\n{}\n---\n{}\n", "web.yml:4:1: only one YAML document may be in this file"},
};

TEST(WebConfigTest, SaysWhereAndWhatIsWrong) {
  for (const BadFile& bad : kBadFiles) {
    const auto config = parse(bad.text);
    ASSERT_FALSE(config) << bad.text;
    EXPECT_EQ(config.error(), bad.error) << bad.text;
  }
}

TEST(WebConfigTest, ReportsSeveralErrorsAtOnce) {
  const auto config = parse("a: 1\nb: 2\n");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().find("web.yml:1:1: unknown key \"a\""), std::string::npos);
  EXPECT_NE(config.error().find("\nweb.yml:2:1: unknown key \"b\""), std::string::npos);
}

TEST(WebConfigTest, FindsFilesBesideTheConfigurationFile) {
  const fakes::TestCert server = fakes::TestCa().issue({"localhost"});
  const auto folder =
      std::filesystem::temp_directory_path() / ("web-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "server.crt") << server.cert_pem;
  std::ofstream(folder / "server.key") << server.key_pem;
  std::ofstream(folder / "web.yml")
      << "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";
  const auto config = load_web_config(folder / "web.yml");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(config) << config.error();
  EXPECT_NE(config->tls_context, nullptr);
  EXPECT_GT(config->certificate_expires, 0);
}

TEST(WebConfigTest, RefusesAKeyOfAnotherCertificate) {
  const fakes::TestCa ca;
  const fakes::TempFile cert(ca.issue({"localhost"}).cert_pem);
  const fakes::TempFile key(ca.issue({"localhost"}).key_pem);
  const fakes::TempFile file("tls_server_config: {cert_file: " + cert.path() +
                             ", key_file: " + key.path() + "}\n");
  const auto config = load_web_config(file.path());
  ASSERT_FALSE(config);
  EXPECT_TRUE(config.error().starts_with(
      file.path() + ": tls_server_config: the key does not belong to the certificate"))
      << config.error();
}

TEST(WebConfigTest, RefusesWhatIsNoCertificate) {
  const fakes::TempFile junk("junk");
  const fakes::TempFile file("tls_server_config: {cert_file: " + junk.path() +
                             ", key_file: " + junk.path() + "}\n");
  const auto config = load_web_config(file.path());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error(),
            file.path() + ": tls_server_config: the certificate holds no PEM certificate");
}

TEST(WebConfigTest, NamesAFileThatIsNotThere) {
  const auto config = load_web_config("/nowhere/web.yml");
  ASSERT_FALSE(config);
  EXPECT_EQ(
      config.error(),
      "cannot read /nowhere/web.yml: is it there, and readable for the user this program runs "
      "as?");
}

TEST(GoNamesTest, ReadsGoDurations) {
  using std::chrono::nanoseconds;
  EXPECT_EQ(go_duration_of("1s"), nanoseconds(1'000'000'000));
  EXPECT_EQ(go_duration_of("1h2m3.5s"), nanoseconds(3'723'500'000'000));
  EXPECT_EQ(go_duration_of("250ms"), nanoseconds(250'000'000));
  EXPECT_EQ(go_duration_of("0"), nanoseconds(0));
  for (const char* bad : {"", "1", "s", "-1s", "1 s", "1x", "1e3s", "1d", "inf", "999999999999h"}) {
    EXPECT_FALSE(go_duration_of(bad)) << bad;
  }
}

TEST(PasswordTest, KnowsBcryptHashes) {
  EXPECT_TRUE(is_bcrypt_hash(kHash));
  std::string hash = kHash;
  EXPECT_FALSE(is_bcrypt_hash(hash.substr(1)));
  EXPECT_FALSE(is_bcrypt_hash(hash + "x"));
  hash[2] = '1';
  EXPECT_FALSE(is_bcrypt_hash(hash));
  hash = kHash;
  hash.replace(4, 2, "03");
  EXPECT_FALSE(is_bcrypt_hash(hash));
  hash.replace(4, 2, "32");
  EXPECT_FALSE(is_bcrypt_hash(hash));
}

TEST(PasswordTest, ReadsBasicCredentials) {
  const auto found = parse_basic_auth("Basic YWxpY2U6b3BlbjpzZXNhbWU=");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "alice");
  EXPECT_EQ(found->password, "open:sesame");
  EXPECT_TRUE(parse_basic_auth("bAsIc YWxpY2U6b3BlbjpzZXNhbWU"));
  for (const char* bad :
       {"", "Basic", "Basic ", "Bearer YWxpY2U6eA==", "Basic !!!!", "Basic YWxpY2U="}) {
    EXPECT_FALSE(parse_basic_auth(bad)) << bad;
  }
}

TEST(PasswordTest, KeepsAHundredResultsAtMost) {
  PasswordCache cache;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = PasswordCache::key({"u" + std::to_string(i), "p"}, kHash);
    cache.insert(key, i % 2 == 0);
    ASSERT_EQ(cache.find(key), i % 2 == 0);
  }
  EXPECT_EQ(cache.size(), PasswordCache::kEntries);
}

}  // namespace
}  // namespace exporter

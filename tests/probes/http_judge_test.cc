// What an answer is judged by, without a network: headers, bodies, compression, dates, cookies.
#include "probes/http_judge.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "probes/http_body.h"
#include "probes/http_date.h"
#include "probes/http_redirect.h"

namespace probes {
namespace {

std::string deflated(const std::string& text, int window) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

HttpResponse ok(std::string body = "", std::vector<HttpHeader> headers = {}) {
  HttpResponse response;
  response.status = 200;
  response.version = "1.1";
  response.headers = std::move(headers);
  response.body_bytes = body.size();
  response.body = std::move(body);
  return response;
}

std::string verdict(const HttpModule& module, HttpResponse response) {
  const HttpVerdict judged = judge_answer(module, response);
  if (judged.result) return "fine";
  return std::string(name_of(judged.result.error().reason)) + ": " + judged.result.error().message +
         (judged.failed_due_to_regex ? " (regex)" : "");
}

TEST(HttpJudge, KnowsStatuses) {
  HttpModule module;
  EXPECT_TRUE(judge_status(module, 200));
  EXPECT_TRUE(judge_status(module, 299));
  EXPECT_FALSE(judge_status(module, 304));
  EXPECT_EQ(judge_status(module, 401).error().reason, Reason::status);
  module.basic_auth_user = "me";
  EXPECT_EQ(judge_status(module, 401).error().reason, Reason::auth);
  EXPECT_EQ(judge_status(module, 403).error().message,
            "the server answered 403: it refused the credentials");
  module.valid_status_codes = {401};
  EXPECT_TRUE(judge_status(module, 401));
  EXPECT_FALSE(judge_status(module, 200));
}

TEST(HttpJudge, MatchesHeadersThatComeSeveralTimes) {
  const auto response = ok("", {{"X-A", "one"}, {"x-a", "two"}});
  HttpModule module;
  module.fail_if_header_matches = {{"X-A", "two", false}};
  EXPECT_EQ(verdict(module, response), "header: header X-A matches \"two\" (regex)");
  module.fail_if_header_matches = {{"X-A", "three", false}};
  module.fail_if_header_not_matches = {{"X-A", "^two$", false}};
  EXPECT_EQ(verdict(module, response), "fine");
  module.fail_if_header_not_matches = {{"X-A", "three", false}};
  EXPECT_EQ(verdict(module, response), "header: header X-A does not match \"three\" (regex)");
}

TEST(HttpJudge, MissesHeadersUnlessTheyMayBeMissing) {
  for (auto list : {&HttpModule::fail_if_header_matches, &HttpModule::fail_if_header_not_matches}) {
    HttpModule module;
    module.*list = {{"X-A", ".*", false}};
    EXPECT_EQ(verdict(module, ok()), "header: the answer has no header X-A (regex)");
    (module.*list)[0].allow_missing = true;
    EXPECT_EQ(verdict(module, ok()), "fine");
  }
}

TEST(HttpJudge, TriesEveryBodyCondition) {
  HttpModule module;
  module.fail_if_body_not_matches_regexp = {"a", "b"};
  EXPECT_EQ(verdict(module, ok("ab")), "fine");
  EXPECT_EQ(verdict(module, ok("a")), "body: the body does not match \"b\" (regex)");
  module.fail_if_body_matches_regexp = {"c", "a+b"};
  EXPECT_EQ(verdict(module, ok("xaab")), "body: the body matches \"a+b\" (regex)");
  // Go's dialect: a plus behind an anchor repeats it, and is not an error.
  module.fail_if_body_matches_regexp = {};
  module.fail_if_body_not_matches_regexp = {"^+OK"};
  EXPECT_EQ(verdict(module, ok("OK")), "fine");
}

TEST(HttpJudge, UnfoldsBodies) {
  HttpModule module;
  module.fail_if_body_not_matches_regexp = {"^hello$"};
  module.compression = "gzip";
  const std::string gzip = deflated("hello", 31);
  EXPECT_EQ(verdict(module, ok(gzip)), "fine");
  EXPECT_EQ(verdict(module, ok("hello")), "body: the body is not gzip as the module expects");
  EXPECT_EQ(verdict(module, ok(gzip.substr(0, gzip.size() - 4))),
            "body: the body is not gzip as the module expects: it ends early");
  EXPECT_EQ(verdict(module, ok(deflated("hel", 31) + deflated("lo", 31))), "fine");
  module.compression = "deflate";
  EXPECT_EQ(verdict(module, ok(deflated("hello", 15))), "fine") << "with zlib's header";
  EXPECT_EQ(verdict(module, ok(deflated("hello", -15))), "fine") << "without, as some servers do";
  module.compression = "identity";
  EXPECT_EQ(verdict(module, ok("hello")), "fine");
  module.compression = "br";
  EXPECT_EQ(verdict(module, ok("hello")), "local: compression \"br\" is not built in");
}

TEST(HttpJudge, StopsABombInTime) {
  HttpModule module;
  module.compression = "gzip";
  const std::string bomb = deflated(std::string(16 << 20, '\0'), 31);
  ASSERT_LT(bomb.size(), 100'000u);
  EXPECT_EQ(verdict(module, ok(bomb)), "size: the body unfolds to more than 10485760 bytes");
  module.body_size_limit = 1000;
  EXPECT_EQ(verdict(module, ok(bomb)), "size: the body unfolds to more than 1000 bytes");
  EXPECT_EQ(verdict(module, ok(deflated(std::string(1000, 'x'), 31))), "fine");
}

TEST(HttpJudge, JudgesInTheOrderOfTheBlackboxExporter) {
  HttpModule module;
  module.fail_if_header_not_matches = {{"A", "1", false}};
  module.fail_if_body_not_matches_regexp = {"x"};
  module.valid_http_versions = {"HTTP/2.0"};
  module.fail_if_not_ssl = true;
  HttpResponse response = ok("", {{"A", "0"}});
  response.status = 500;
  EXPECT_TRUE(verdict(module, response).starts_with("status"));
  response.status = 200;
  EXPECT_TRUE(verdict(module, response).starts_with("header"));
  response.headers[0].value = "1";
  EXPECT_TRUE(verdict(module, response).starts_with("body"));
  response.body = "x";
  EXPECT_TRUE(verdict(module, response).starts_with("protocol"));
  response.version = "2.0";
  EXPECT_TRUE(verdict(module, response).starts_with("tls"));
  response.tls.emplace();
  EXPECT_EQ(verdict(module, response), "fine");
}

TEST(HttpDate, IsReadInAllThreeForms) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    const auto date = parse_http_date(text);
    ASSERT_TRUE(date) << text;
    EXPECT_EQ(date->time_since_epoch().count(), 784111777) << text;
  }
  for (const char* text :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(HttpRedirect, KnowsWhereSecretsMayGo) {
  const auto url = [](const char* text) { return *parse_url(text); };
  EXPECT_TRUE(may_carry_secrets(url("http://a.example/"), url("https://a.example/x")));
  EXPECT_FALSE(may_carry_secrets(url("https://a.example/"), url("http://a.example/")));
  EXPECT_FALSE(may_carry_secrets(url("http://a.example/"), url("http://b.a.example/")));
}

std::string cookies_after(const char* from, std::vector<const char*> set, const char* to) {
  CookieJar jar;
  std::vector<HttpHeader> headers;
  for (const char* value : set) headers.push_back({"set-cookie", value});
  jar.take(*parse_url(from), headers);
  return jar.header_for(*parse_url(to));
}

TEST(CookieJar, SendsCookiesWhereTheyBelong) {
  const char* const home = "https://www.example.com/shop/cart";
  EXPECT_EQ(cookies_after(home, {"a=1", "b=2; HttpOnly"}, "https://www.example.com/shop/x"),
            "a=1; b=2");
  EXPECT_EQ(cookies_after(home, {"a=1"}, "https://www.example.com/"), "")
      << "by default its folder";
  EXPECT_EQ(cookies_after(home, {"a=1; Path=/"}, "https://www.example.com/"), "a=1");
  EXPECT_EQ(cookies_after(home, {"a=1; Path=/sh"}, home), "") << "folders, not prefixes";
  EXPECT_EQ(cookies_after(home, {"a=1; path=/"}, "https://example.com/"), "");
  EXPECT_EQ(cookies_after(home, {"a=1; Path=/; Domain=.example.com"}, "https://api.example.com/"),
            "a=1");
  EXPECT_EQ(cookies_after(home, {"a=1; Path=/; Domain=other.example"}, "https://other.example/"),
            "")
      << "nobody sets cookies for strangers";
  EXPECT_EQ(cookies_after(home, {"a=1; Path=/; Secure"}, "http://www.example.com/"), "");
  EXPECT_EQ(cookies_after(home, {"a=1", "a=2"}, home), "a=2");
  EXPECT_EQ(cookies_after(home, {"a=1", "a=; Max-Age=0"}, home), "");
}

TEST(CookieJar, IsBounded) {
  CookieJar jar;
  std::vector<HttpHeader> headers;
  for (int i = 0; i < 1000; ++i) headers.push_back({"Set-Cookie", std::to_string(i) + "=x"});
  headers.push_back({"Set-Cookie", "long=" + std::string(5000, 'x')});
  jar.take(*parse_url("http://a.example/"), headers);
  EXPECT_LT(jar.header_for(*parse_url("http://a.example/")).size(), 500u);
}

}  // namespace
}  // namespace probes

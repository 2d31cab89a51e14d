// HTTP/1 as bytes: what we write, and every way a server can answer or lie. Each case is fed whole
// and one byte at a time; both must agree.
#include "probes/net/http1.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace probes {
namespace {

struct Read {
  HttpResponse response;
  ReadState state = ReadState::more;
  Error error;
  bool rest = false;
};

Read read_in_pieces(std::string_view bytes, bool close, std::size_t piece,
                    const HttpRequest& request = {}) {
  Read read;
  Http1Reader reader(request, read.response);
  for (std::size_t at = 0; at < bytes.size() && read.state == ReadState::more; at += piece)
    read.state = reader.feed(bytes.substr(at, piece));
  if (read.state == ReadState::more && close) read.state = reader.end_of_stream();
  read.error = reader.error();
  read.rest = reader.has_rest();
  return read;
}

Read read_all(std::string_view bytes, bool close = true, const HttpRequest& request = {}) {
  const Read whole = read_in_pieces(bytes, close, std::max<std::size_t>(bytes.size(), 1), request);
  const Read bits = read_in_pieces(bytes, close, 1, request);
  EXPECT_EQ(whole.state, bits.state) << bytes;
  EXPECT_EQ(whole.error.reason, bits.error.reason) << bytes;
  EXPECT_EQ(whole.response.body, bits.response.body) << bytes;
  EXPECT_EQ(whole.response.headers.size(), bits.response.headers.size()) << bytes;
  return whole;
}

TEST(Http1, ReadsABodyWithALength) {
  const Read read = read_all("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a b \r\n\r\nhello", false);
  ASSERT_EQ(read.state, ReadState::done) << read.error.message;
  EXPECT_EQ(read.response.status, 200);
  EXPECT_EQ(read.response.version, "1.1");
  EXPECT_EQ(read.response.content_length, 5);
  EXPECT_EQ(read.response.body, "hello");
  EXPECT_EQ(read.response.body_bytes, 5u);
  EXPECT_EQ(find_header(read.response.headers, "x"), "a b");
}

TEST(Http1, ReadsABodyUntilTheConnectionCloses) {
  const Read read = read_all("HTTP/1.0 404 Not Found\r\n\r\ngone");
  ASSERT_EQ(read.state, ReadState::done);
  EXPECT_EQ(read.response.version, "1.0");
  EXPECT_EQ(read.response.content_length, -1);
  EXPECT_EQ(read.response.body, "gone");
}

TEST(Http1, ReadsChunks) {
  const Read read = read_all(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n"
      "5;name=value\r\nhello\r\n 6 \r\n world\r\n0\r\nTrailer: 1\r\n\r\n",
      false);
  ASSERT_EQ(read.state, ReadState::done) << read.error.message;
  EXPECT_EQ(read.response.body, "hello world");
  EXPECT_EQ(read.response.content_length, -1);
}

TEST(Http1, SkipsInterimAnswers) {
  const Read read = read_all(
      "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
      "HTTP/1.1 204 No Content\r\nB: 2\r\n\r\n",
      false);
  ASSERT_EQ(read.state, ReadState::done);
  EXPECT_EQ(read.response.status, 204);
  EXPECT_EQ(read.response.headers.size(), 1u);
}

TEST(Http1, TakesBareLineFeedsFoldedLinesAndAMissingPhrase) {
  const Read read = read_all("HTTP/1.1 200\nA: 1\n  2\nContent-Length: 0\n\n", false);
  ASSERT_EQ(read.state, ReadState::done) << read.error.message;
  EXPECT_EQ(find_header(read.response.headers, "A"), "1 2");
}

TEST(Http1, AnswersToHeadHaveNoBody) {
  HttpRequest head;
  head.method = "HEAD";
  const Read read = read_all("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", false, head);
  ASSERT_EQ(read.state, ReadState::done);
  EXPECT_EQ(read.response.content_length, 1000);
}

TEST(Http1, ATunnelBeginsBehindTheHeaders) {
  HttpRequest connect;
  connect.method = "CONNECT";
  const Read read = read_in_pieces("HTTP/1.1 200 OK\r\n\r\n\x16\x03", false, 64, connect);
  ASSERT_EQ(read.state, ReadState::done);
  EXPECT_TRUE(read.rest);
}

TEST(Http1, StopsAtTheBodyLimit) {
  HttpRequest request;
  request.max_body_bytes = 4;
  const Read read =
      read_all("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello", false, request);
  ASSERT_EQ(read.state, ReadState::done);
  EXPECT_TRUE(read.response.body_truncated);
  EXPECT_EQ(read.response.body, "hell");
}

TEST(Http1, CountsBeyondTheLimitWhenAskedTo) {
  HttpRequest request;
  request.max_body_bytes = 4;
  request.stop_at_limit = false;
  const Read read = read_all("HTTP/1.1 200 OK\r\n\r\nhello world", true, request);
  ASSERT_EQ(read.state, ReadState::done);
  EXPECT_TRUE(read.response.body_truncated);
  EXPECT_EQ(read.response.body, "hell");
  EXPECT_EQ(read.response.body_bytes, 11u);
}

TEST(Http1, EndsATransferThatIsTooLongAltogether) {
  HttpRequest request;
  request.max_body_bytes = 0;
  request.stop_at_limit = false;
  request.max_transfer_bytes = 10;
  const Read exact = read_all("HTTP/1.1 200 OK\r\n\r\n0123456789", true, request);
  EXPECT_EQ(exact.response.body_bytes, 10u);
  const Read over = read_in_pieces("HTTP/1.1 200 OK\r\n\r\n0123456789a", false, 1, request);
  EXPECT_EQ(over.state, ReadState::done);
  EXPECT_EQ(over.response.body_bytes, 11u);
  EXPECT_EQ(over.response.body, "");
}

struct BadAnswer {
  const char* what;
  std::string bytes;
  Reason reason;
  std::string message;
};

void expect_refused(const std::vector<BadAnswer>& cases) {
  for (const BadAnswer& c : cases) {
    const bool long_one = c.bytes.size() > 10000;
    const Read read = long_one ? read_in_pieces(c.bytes, true, 16384) : read_all(c.bytes);
    ASSERT_EQ(read.state, ReadState::failed) << c.what;
    EXPECT_EQ(read.error.reason, c.reason) << c.what;
    EXPECT_EQ(read.error.message, c.message) << c.what;
  }
}

TEST(Http1, SaysWhatIsWrong) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<BadAnswer> cases = {
      {"nothing", "", Reason::protocol, "the server closed the connection without an answer"},
      {"another protocol", "220 mail.example.com ESMTP\r\n", Reason::protocol,
       "the server does not speak HTTP: \"220 mail.example.com ESMTP\r\n\""},
      {"HTTP/2 in the clear", "HTTP/2.0 200 OK\r\n", Reason::protocol,
       "the server sent no valid status line: \"HTTP/2.0 200 OK\""},
      {"a status of two digits", "HTTP/1.1 20 OK\r\n", Reason::protocol,
       "the server sent no valid status line: \"HTTP/1.1 20 OK\""},
      {"a status of four digits", "HTTP/1.1 2000\r\n", Reason::protocol,
       "the server sent no valid status line: \"HTTP/1.1 2000\""},
      {"an early end", ok + "A: 1\r\n", Reason::protocol,
       "the server closed the connection within the headers"},
      {"a header without colon", ok + "nonsense\r\n\r\n", Reason::protocol,
       "the server sent a malformed header: \"nonsense\""},
      {"a space before the colon", ok + "A : 1\r\n\r\n", Reason::protocol,
       "the server sent a malformed header: \"A : 1\""},
      {"a length that is no number", ok + "Content-Length: 5x\r\n\r\n", Reason::protocol,
       "the server sent a bad Content-Length: \"5x\""},
      {"a negative length", ok + "Content-Length: -1\r\n\r\n", Reason::protocol,
       "the server sent a bad Content-Length: \"-1\""},
      {"a length beyond 64 bits", ok + "Content-Length: 99999999999999999999\r\n\r\n",
       Reason::protocol, "the server sent a bad Content-Length: \"99999999999999999999\""},
      {"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Reason::protocol,
       "the server sent two Content-Lengths that differ"},
      {"fewer bytes than announced", ok + "Content-Length: 10\r\n\r\nhello", Reason::protocol,
       "the server announced 10 bytes and closed the connection after 5"},
  };
  expect_refused(cases);
}

TEST(Http1, SaysWhatIsWrongWithChunksAndEndlessThings) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  std::string interim;
  while (interim.size() < 300000) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  const std::vector<BadAnswer> cases = {
      {"an unknown coding", ok + "Transfer-Encoding: gzip\r\n\r\n", Reason::protocol,
       "the server used an unknown transfer coding: \"gzip\""},
      {"a bad chunk size", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", Reason::protocol,
       "the server sent a bad chunk size: \"zz\""},
      {"a chunk size beyond 64 bits",
       ok + "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", Reason::protocol,
       "the server sent a bad chunk size: \"11111111111111111\""},
      {"a chunk longer than its size", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
       Reason::protocol, "the server sent a chunk longer than its size"},
      {"an end between chunks", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
       Reason::protocol, "the server closed the connection within the body"},
      {"an endless chunk size", ok + "Transfer-Encoding: chunked\r\n\r\n" + std::string(5000, '1'),
       Reason::protocol, "the server sent a chunk without a size"},
      {"endless headers", ok + std::string(300000, 'a'), Reason::size,
       "the server sent more than 262144 bytes of headers"},
      {"endless interim answers", interim, Reason::size,
       "the server sent more than 262144 bytes of headers"},
      {"endless trailers",
       ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(300000, 'a'), Reason::size,
       "the server sent more than 262144 bytes of headers"},
  };
  expect_refused(cases);
}

TEST(Http1, WritesARequest) {
  HttpRequest request;
  request.headers = {{"User-Agent", "test"}};
  const Url url = *parse_url("http://example.com:8080/a?b=c");
  EXPECT_EQ(write_http1_request(request, url, false, ""),
            "GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: test\r\n"
            "Connection: close\r\n\r\n");
  request.method = "POST";
  request.headers = {{"host", "other"}};
  request.body = "hello";
  request.has_body = true;
  EXPECT_EQ(write_http1_request(request, url, true, "Basic eA=="),
            "POST http://example.com:8080/a?b=c HTTP/1.1\r\nhost: other\r\n"
            "Proxy-Authorization: Basic eA==\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
            "hello");
}

TEST(Http1, SurvivesDamage) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::string good =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    for (int flips = 0; flips < 3; ++flips)
      bad[random() % bad.size()] = static_cast<char>(random());
    const Read read = read_in_pieces(bad, true, 1 + random() % bad.size());
    EXPECT_NE(read.state, ReadState::more);
    EXPECT_LE(read.response.body.size(), bad.size());
  }
}

struct UrlCase {
  const char* text;
  const char* shown;
  const char* host;
  int port;
  const char* authority;
};

TEST(Url, IsTakenApart) {
  for (const UrlCase& c : {
           UrlCase{"example.com", "http://example.com/", "example.com", 80, "example.com"},
           UrlCase{"ftp.example.com", "http://ftp.example.com/", "ftp.example.com", 80,
                   "ftp.example.com"},
           UrlCase{"HTTPS://Example.COM", "https://example.com/", "example.com", 443,
                   "example.com"},
           UrlCase{"https://example.com:8443/a?b#c", "https://example.com:8443/a?b", "example.com",
                   8443, "example.com:8443"},
           UrlCase{"example.com:8080/x y", "http://example.com:8080/x%20y", "example.com", 8080,
                   "example.com:8080"},
           UrlCase{"http://[2001:db8::1]:81/", "http://[2001:db8::1]:81/", "2001:db8::1", 81,
                   "[2001:db8::1]:81"},
           UrlCase{"http://[fe80::1%25eth0]/", "http://[fe80::1]/", "fe80::1%eth0", 80,
                   "[fe80::1]"},
           UrlCase{"http://bücher.example/ü", "http://xn--bcher-kva.example/%c3%bc",
                   "xn--bcher-kva.example", 80, "xn--bcher-kva.example"},
       }) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->text(), c.shown) << c.text;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->authority(), c.authority) << c.text;
  }
}

TEST(Url, KeepsUserAndPasswordApart) {
  const auto url = parse_url("http://me:p%40ss@example.com/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->text(), "http://example.com/");
}

TEST(Url, RefusesWhatCannotBeProbed) {
  for (const char* text :
       {"", "http://", "ftp://example.com/", "http://exa mple.com/", "http://example.com:99999/",
        "http://[::1", "file:///etc/passwd", "http://a\r\nb/"}) {
    const auto url = parse_url(text);
    EXPECT_FALSE(url) << text << " became " << (url ? url->text() : "");
  }
}

TEST(Url, FollowsALocation) {
  const Url base = *parse_url("https://example.com:8443/a/b?c");
  for (const auto& [location, result] : {
           std::pair{"/x", "https://example.com:8443/x"},
           std::pair{"y?z", "https://example.com:8443/a/y?z"},
           std::pair{"../d e", "https://example.com:8443/d%20e"},
           std::pair{"//other.example/", "https://other.example/"},
           std::pair{"http://other.example", "http://other.example/"},
           std::pair{"?q=1", "https://example.com:8443/a/b?q=1"},
       }) {
    const auto url = resolve_url(base, location);
    ASSERT_TRUE(url) << location << ": " << url.error().message;
    EXPECT_EQ(url->text(), result);
  }
  EXPECT_FALSE(resolve_url(base, "javascript:alert(1)"));
  EXPECT_FALSE(resolve_url(base, "file:///etc/passwd"));
}

}  // namespace
}  // namespace probes

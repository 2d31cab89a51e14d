// The server from the outside, over real sockets on loopback: what a client sees of routing,
// keep-alive, limits and the end.
#include "exporter/web/server.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <future>
#include <optional>
#include <thread>

#include "tests/fakes/raw_http.h"

namespace exporter {
namespace {

using std::chrono::milliseconds;

WebResponse echo(const WebRequest& request) {
  WebResponse response;
  response.body = request.method + " " + request.path;
  for (const auto& [name, value] : request.query)
    response.body.append("|").append(name).append("=").append(value);
  return response;
}

std::vector<Route> routes() {
  WebResponse page;
  page.content_type = "text/html; charset=utf-8";
  page.body = "<!doctype html><title>t</title>";
  WebResponse large;
  large.body = std::string(200'000, 'x');
  return {
      {{"GET"}, "/echo", echo, false},
      {{"GET", "POST"}, "/form", echo, false},
      {{"GET"}, "/below/*", echo, false},
      {{"GET"}, "/slow", echo, true},
      {{"GET"}, "/page", [page](const WebRequest&) { return page; }, false},
      {{"GET"}, "/large", [large](const WebRequest&) { return large; }, true},
      {{"GET"},
       "/throws",
       [](const WebRequest&) -> WebResponse { throw std::runtime_error("x"); },
       false},
  };
}

std::unique_ptr<WebServer> start(WebOptions options = {}) {
  if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
  auto server = WebServer::start(std::move(options), routes());
  if (!server) ADD_FAILURE() << server.error();
  return server ? std::move(*server) : nullptr;
}

// What the server says to these exact bytes.
int status_of(std::uint16_t port, const std::string& bytes) {
  fakes::RawHttp client(port);
  client.send(bytes);
  const auto response = client.read();
  return response ? response->status : 0;
}

TEST(WebServerTest, AnswersAGetWithTheHandlersBody) {
  const auto server = start();
  const auto response = fakes::get(server->ports()[0], "/echo?a=1&b=%20x+y");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "GET /echo|a=1|b= x y");
  EXPECT_EQ(response->headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response->headers.at("x-content-type-options"), "nosniff");
}

TEST(WebServerTest, ServesSeveralRequestsOnOneConnection) {
  const auto server = start();
  fakes::RawHttp client(server->ports()[0]);
  for (int i = 0; i < 5; ++i) {
    client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(client.read().value().body, "GET /echo");
    client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(client.read().value().body, "GET /slow");
  }
  EXPECT_EQ(server->stats().connections_total, 1u);
  EXPECT_EQ(server->stats().requests_by_class[2], 10u);
}

TEST(WebServerTest, AnswersRequestsSentTogetherInTheirOrder) {
  const auto server = start();
  fakes::RawHttp client(server->ports()[0]);
  client.send(
      "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\nBROKEN\r\n\r\n");
  EXPECT_EQ(client.read().value().body, "GET /slow");
  EXPECT_EQ(client.read().value().body, "GET /echo");
  EXPECT_EQ(client.read().value().status, 404);
  EXPECT_EQ(client.read().value().status, 400);
  EXPECT_TRUE(client.closes_within(milliseconds(5000)));
}

TEST(WebServerTest, TakesARequestThatArrivesByteByByte) {
  const auto server = start();
  fakes::RawHttp client(server->ports()[0]);
  for (char c : std::string("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")) client.send({&c, 1});
  EXPECT_EQ(client.read().value().body, "GET /echo");
}

TEST(WebServerTest, AnswersHeadWithTheLengthAndNoBody) {
  const auto server = start();
  fakes::RawHttp client(server->ports()[0]);
  client.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.read(true);
  EXPECT_EQ(head.value().status, 200);
  EXPECT_EQ(head->headers.at("content-length"), "10");
  EXPECT_EQ(client.read().value().body, "GET /echo");  // nothing of HEAD's body in between
}

TEST(WebServerTest, NamesTheAllowedMethodsWhenTheMethodIsWrong) {
  const auto server = start();
  fakes::RawHttp client(server->ports()[0]);
  client.send("DELETE /form HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto response = client.read();
  EXPECT_EQ(response.value().status, 405);
  EXPECT_EQ(response->headers.at("allow"), "GET, HEAD, POST");
}

TEST(WebServerTest, ReadsAFormLikeAQuery) {
  const auto server = start();
  fakes::RawHttp client(server->ports()[0]);
  client.send(
      "POST /form?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n"
      "Content-Type: application/x-www-form-urlencoded\r\n\r\nb=2&c=3");
  EXPECT_EQ(client.read().value().body, "POST /form|a=1|b=2|c=3");
}

TEST(WebServerTest, GivesAStarRouteEverythingBelow) {
  const auto server = start();
  EXPECT_EQ(fakes::get(server->ports()[0], "/below/a/b").value().body, "GET /below/a/b");
  EXPECT_EQ(fakes::get(server->ports()[0], "/below").value().status, 404);
}

TEST(WebServerTest, HidesWhatAHandlerThrewFromTheClient) {
  const auto server = start();
  const auto response = fakes::get(server->ports()[0], "/throws");
  EXPECT_EQ(response.value().status, 500);
  EXPECT_EQ(server->stats().requests_by_class[5], 1u);
}

TEST(WebServerTest, ProtectsPagesFromScriptsAndFrames) {
  const auto server = start();
  const auto response = fakes::get(server->ports()[0], "/page").value();
  const std::string policy = response.headers.at("content-security-policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(response.headers.at("x-frame-options"), "deny");
}

TEST(WebServerTest, CompressesOnlyForClientsThatAcceptIt) {
  const auto server = start();
  const auto port = server->ports()[0];
  const auto plain = fakes::get(port, "/large").value();
  EXPECT_EQ(plain.body.size(), 200'000u);
  EXPECT_FALSE(plain.headers.contains("content-encoding"));
  EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding");
  EXPECT_FALSE(fakes::get(port, "/large", "Accept-Encoding: gzip;q=0\r\n")
                   .value()
                   .headers.contains("content-encoding"));

  const auto packed = fakes::get(port, "/large", "Accept-Encoding: br, gzip;q=0.5\r\n").value();
  ASSERT_EQ(packed.headers.at("content-encoding"), "gzip");
  std::string body(300'000, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.body.data()));
  stream.avail_in = static_cast<uInt>(packed.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(body.data());
  stream.avail_out = static_cast<uInt>(body.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(stream.total_out, 200'000u);
}

TEST(WebServerTest, RefusesBadRequestsWithTheRightStatusAndHangsUp) {
  const auto server = start();
  const auto port = server->ports()[0];
  const std::string long_path(20'000, 'a');
  EXPECT_EQ(status_of(port, "GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(port, "nonsense\r\n\r\n"), 400);
  EXPECT_EQ(status_of(port, "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
  EXPECT_EQ(status_of(port, "GET / HTTP/3.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of(port, "GET /" + long_path + " HTTP/1.1\r\nHost: h\r\n\r\n"), 414);
  EXPECT_EQ(status_of(port, "GET / HTTP/1.1\r\nHost: h\r\nX: " + long_path + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of(port, "POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n"),
            413);
  EXPECT_EQ(status_of(port, "POST /form HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
            411);
  EXPECT_EQ(status_of(port, "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"), 400);
  EXPECT_EQ(status_of(port, "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of(port, "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of(port, "POST /form HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\n\r\n"), 403);
}

TEST(WebServerTest, ClosesAConnectionThatDoesNotFinishItsHeadInTime) {
  WebOptions options;
  options.header_timeout = milliseconds(300);
  const auto server = start(options);
  fakes::RawHttp silent(server->ports()[0]), dripping(server->ports()[0]);
  dripping.send("GET /echo HTTP/1.1\r\nHost:");
  EXPECT_TRUE(silent.closes_within(milliseconds(5000)));
  EXPECT_TRUE(dripping.closes_within(milliseconds(5000)));
  EXPECT_EQ(server->stats().header_timeouts_total, 2u);
}

TEST(WebServerTest, ClosesAConnectionThatDoesNotFinishItsBodyInTime) {
  WebOptions options;
  options.body_timeout = milliseconds(300);
  const auto server = start(options);
  fakes::RawHttp client(server->ports()[0]);
  client.send("POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_TRUE(client.closes_within(milliseconds(5000)));
}

TEST(WebServerTest, ClosesAnIdleConnection) {
  WebOptions options;
  options.idle_timeout = milliseconds(300);
  const auto server = start(options);
  fakes::RawHttp client(server->ports()[0]);
  client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(client.read());
  EXPECT_TRUE(client.closes_within(milliseconds(5000)));
}

TEST(WebServerTest, SendsTheOneLongestInItsHeadAwayAtTheLimit) {
  WebOptions options;
  options.max_connections = 3;
  const auto server = start(options);
  const auto port = server->ports()[0];
  fakes::RawHttp first(port), second(port), third(port);
  second.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(second.read());  // all three are known to the server, the second is idle
  fakes::RawHttp fourth(port);
  fourth.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(fourth.read().value().status, 200);
  EXPECT_TRUE(first.closes_within(milliseconds(5000)));
  third.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(third.read().value().status, 200);
  EXPECT_EQ(server->stats().connections_refused_total, 1u);
}

TEST(WebServerTest, ListensOnSeveralAddressesOfBothFamilies) {
  WebOptions options;
  options.listen = {":0", "127.0.0.1:0", "[::1]:0"};
  const auto server = start(options);
  ASSERT_EQ(server->ports().size(), 3u);
  const auto ask = [](std::uint16_t port, const char* address) {
    fakes::RawHttp client(port, address);
    client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto response = client.read();
    return response ? response->status : 0;
  };
  EXPECT_EQ(ask(server->ports()[0], "127.0.0.1"), 200);
  EXPECT_EQ(ask(server->ports()[0], "::1"), 200);
  EXPECT_EQ(ask(server->ports()[1], "127.0.0.1"), 200);
  EXPECT_EQ(ask(server->ports()[2], "::1"), 200);
}

TEST(WebServerTest, SaysWhichAddressCannotBeBoundAndWhatToDo) {
  const auto first = start();
  WebOptions options;
  options.listen = {"127.0.0.1:" + std::to_string(first->ports()[0])};
  const auto second = WebServer::start(options, routes());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "cannot listen on " + options.listen[0] +
                                ": Address already in use; another program listens there: stop it "
                                "or choose another port");
}

TEST(WebServerTest, FinishesWhatIsUnderWayWhenItStops) {
  std::promise<void> entered, release;
  auto released = release.get_future().share();
  std::vector<Route> table = {{{"GET"},
                               "/wait",
                               [&entered, released](const WebRequest&) {
                                 entered.set_value();
                                 released.wait();
                                 WebResponse response;
                                 response.body = "done";
                                 return response;
                               },
                               true}};
  WebOptions options;
  options.listen = {"127.0.0.1:0"};
  auto server = WebServer::start(options, table).value();
  fakes::RawHttp busy(server->ports()[0]), idle(server->ports()[0]);
  busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().wait();
  std::thread stopper([&server] { server.reset(); });
  EXPECT_TRUE(idle.closes_within(milliseconds(5000)));  // the stop has begun
  release.set_value();
  const auto response = busy.read();
  stopper.join();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(response->headers.at("connection"), "close");
}

// A handler that works until nobody waits for it; says when it has begun and when it was let go.
class Patient {
 public:
  Route route() {
    Route route{{"GET"}, "/patient", [this](const WebRequest& request) { return wait(request); }};
    route.long_running = true;
    return route;
  }
  void begin(std::uint16_t port) {
    client_.emplace(port);
    client_->send("GET /patient HTTP/1.1\r\nHost: h\r\n\r\n");
    begun_.get_future().wait();
  }
  void leave() { client_.reset(); }
  bool let_go() { return let_go_.get_future().wait_for(std::chrono::seconds(20)) == kReady; }

 private:
  static constexpr auto kReady = std::future_status::ready;

  WebResponse wait(const WebRequest& request) {
    begun_.set_value();
    while (!*request.gone) std::this_thread::yield();
    let_go_.set_value();
    return {};
  }

  std::promise<void> begun_, let_go_;
  std::optional<fakes::RawHttp> client_;
};

TEST(WebServerTest, TellsALongHandlerThatItsClientHasLeft) {
  Patient patient;
  WebOptions options;
  options.listen = {"127.0.0.1:0"};
  const auto server = WebServer::start(options, {patient.route()}).value();
  patient.begin(server->ports()[0]);
  patient.leave();
  EXPECT_TRUE(patient.let_go());
}

TEST(WebServerTest, LetsOtherPagesPassALongHandler) {
  Patient patient;
  std::vector<Route> table = routes();
  table.push_back(patient.route());
  WebOptions options;
  options.listen = {"127.0.0.1:0"};
  options.workers = options.query_workers = 1;
  auto server = WebServer::start(options, table).value();
  patient.begin(server->ports()[0]);
  EXPECT_EQ(fakes::get(server->ports()[0], "/slow").value().body, "GET /slow");
  server.reset();  // and the end of the server is its end too
  EXPECT_TRUE(patient.let_go());
}

}  // namespace
}  // namespace exporter

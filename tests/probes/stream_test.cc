// Streams over real sockets of loopback: what each misbehaviour of a peer is called, and that every
// wait ends at its deadline. TLS is in tls_test.cc.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "probes/net/real_net.h"
#include "probes/net/socket.h"
#include "tests/fakes/loopback.h"

using namespace std::chrono_literals;
using fakes::Connection;
using fakes::LoopbackServer;
using probes::Endpoint;
using probes::Error;
using probes::RealNet;
using probes::Reason;
using probes::Result;
using probes::Stream;
using probes::Task;
using probes::TimePoint;

namespace {

// Connects, sends, and reads until the end of the stream or `enough` bytes.
Task<Result<std::string>> talk(RealNet& net, Endpoint peer, std::string to_send, std::size_t enough,
                               TimePoint deadline) {
  probes::ConnectOptions options;
  auto connected = co_await net.connect(peer, options, deadline);
  if (!connected) co_return std::unexpected(connected.error());
  Stream& stream = **connected;
  auto sent = co_await stream.write_all(to_send, deadline);
  if (!sent) co_return std::unexpected(sent.error());
  std::string all;
  while (all.size() < enough) {
    auto some = co_await stream.read_some(enough, deadline);
    if (!some) co_return std::unexpected(some.error());
    if (some->empty()) break;
    all += *some;
  }
  co_return all;
}

class StreamTest : public testing::Test {
 protected:
  Result<std::string> talk_to(const Endpoint& peer, const std::string& to_send = "",
                              std::size_t enough = 1 << 20, probes::Duration timeout = 10s) {
    started_ = loop_.now();
    return fakes::run_task(loop_, talk(net_, peer, to_send, enough, started_ + timeout));
  }
  // Deadlines are kept to a tenth of a second on a machine of one's own; these tests share theirs.
  void expect_took_about(probes::Duration timeout) {
    EXPECT_GE(loop_.now() - started_, timeout);
    EXPECT_LT(loop_.now() - started_, timeout + 2s);
  }

  probes::EpollLoop loop_;
  RealNet net_{loop_};
  TimePoint started_;
};

TEST_F(StreamTest, CarriesADialog) {
  LoopbackServer server([](Connection& peer) { peer.send("you said " + peer.read_line()); });
  const auto answer = talk_to(server.endpoint(), "hello\n");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, "you said hello");
}

TEST_F(StreamTest, CarriesADialogOverIp6) {
  LoopbackServer server([](Connection& peer) { peer.send("six"); }, "::1");
  EXPECT_EQ(talk_to(server.endpoint()), "six");
}

TEST_F(StreamTest, CallsARefusedPortConnect) {
  const auto answer = talk_to(fakes::closed_port());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::connect);
  EXPECT_TRUE(answer.error().message.ends_with("refused the connection")) << answer.error().message;
}

TEST_F(StreamTest, CallsAResetConnect) {
  LoopbackServer server([](Connection& peer) {
    peer.read_line();
    peer.reset();
  });
  const auto answer = talk_to(server.endpoint(), "hello\n");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::connect);
}

TEST_F(StreamTest, SeesTheEndWhenThePeerClosesEarly) {
  LoopbackServer server([](Connection& peer) { peer.send("22"); });
  EXPECT_EQ(talk_to(server.endpoint()), "22");
}

TEST_F(StreamTest, EndsAtTheDeadlineWhenThePeerIsSilent) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_closed(); });
  const auto answer = talk_to(server.endpoint(), "", 1, 60ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::timeout);
  expect_took_about(60ms);
}

TEST_F(StreamTest, EndsAtTheDeadlineWhenThePeerNeverReads) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_cut(); });
  const auto answer = talk_to(server.endpoint(), std::string(64 << 20, 'x'), 1, 200ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::timeout);
  expect_took_about(200ms);
}

TEST_F(StreamTest, EndsAtTheDeadlineWhenThePeerNeverStops) {
  LoopbackServer server([](Connection& peer) {
    const std::string block(65536, 'x');
    while (peer.send(block)) continue;
  });
  const auto answer = talk_to(server.endpoint(), "", std::size_t(1) << 40, 60ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::timeout);
  expect_took_about(60ms);
}

TEST_F(StreamTest, BlamesUsWhenTheSourceAddressIsNotOurs) {
  probes::ConnectOptions options{.source_address = "192.0.2.77"};
  auto stream =
      fakes::run_task(loop_, net_.connect(fakes::closed_port(), options, loop_.now() + 1s));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().reason, Reason::local);
  EXPECT_NE(stream.error().message.find("192.0.2.77"), std::string::npos);
}

TEST_F(StreamTest, ConnectsFromTheSourceAddress) {
  LoopbackServer server([](Connection& peer) { peer.send("x"); });
  probes::ConnectOptions options{.source_address = "127.0.0.3"};
  auto stream = fakes::run_task(loop_, net_.connect(server.endpoint(), options, loop_.now() + 5s));
  EXPECT_TRUE(stream) << stream.error().message;
}

TEST_F(StreamTest, GoesOutFromThePlacesAddressUnlessToldOtherwise) {
  net_.set_source_address(probes::Address::parse("192.0.2.77"));
  const auto attempt = [this](Endpoint peer, probes::ConnectOptions options) {
    return fakes::run_task(loop_, net_.connect(peer, options, loop_.now() + 5s));
  };
  LoopbackServer server([](Connection& peer) { peer.send("x"); });
  const auto refused = attempt(server.endpoint(), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("192.0.2.77"), std::string::npos);
  EXPECT_TRUE(attempt(server.endpoint(), {.source_address = "127.0.0.3"}));
  // An address of the other family says nothing about this one.
  net_.set_source_address(probes::Address::parse("2001:db8::77"));
  EXPECT_TRUE(attempt(server.endpoint(), {}));
  net_.set_source_address(probes::Address::parse("127.0.0.3"));
  EXPECT_TRUE(attempt(server.endpoint(), {}));
}

Task<int> connect_many(RealNet& net, Endpoint peer, int times,
                       std::vector<std::unique_ptr<Stream>>& open, std::vector<Error>& errors) {
  const TimePoint deadline = net.loop().now() + 20s;
  probes::ConnectOptions options;
  for (int i = 0; i < times; ++i) {
    auto stream = co_await net.connect(peer, options, deadline);
    if (stream) {
      open.push_back(std::move(*stream));
    } else {
      errors.push_back(stream.error());
    }
  }
  co_return static_cast<int>(open.size());
}

// The peer has no threads: the undefined behaviour sanitizer needs a descriptor of its own to check
// one.
TEST_F(StreamTest, BlamesUsWhenDescriptorsRunOut) {
  const fakes::Backlog server;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<std::unique_ptr<Stream>> open;
  std::vector<Error> errors;
  const int connected =
      fakes::run_task(loop_, connect_many(net_, server.endpoint(), 200, open, errors));
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_LT(connected, 100);
  ASSERT_FALSE(errors.empty());
  for (const Error& error : errors) EXPECT_EQ(error.reason, Reason::local) << error.message;
  open.clear();
}

TEST_F(StreamTest, IsCancelledInTheMiddleOfARead) {
  LoopbackServer server([](Connection& peer) { peer.wait_until_closed(); });
  std::optional<Result<std::string>> result;
  const auto id = loop_.spawn(fakes::detail::run_and_stop(
      talk(net_, server.endpoint(), "", 10, loop_.now() + 1h), result, loop_));
  loop_.call_at(loop_.now() + 5ms, [&] {
    loop_.cancel_spawned(id);
    loop_.call_at(loop_.now() + 1ms, [&] { loop_.stop(); });
  });
  loop_.run();
  EXPECT_FALSE(result);
}

TEST(SocketError, SaysWhoseFaultItWas) {
  using probes::Stage;
  struct Case {
    int error;
    Stage stage;
    Reason reason;
  };
  const Case cases[] = {
      {EMFILE, Stage::call, Reason::local},          {ENFILE, Stage::call, Reason::local},
      {ENOBUFS, Stage::answer, Reason::local},       {ENOMEM, Stage::call, Reason::local},
      {EADDRNOTAVAIL, Stage::call, Reason::local},   {ENETUNREACH, Stage::call, Reason::local},
      {ENETUNREACH, Stage::answer, Reason::connect}, {EHOSTUNREACH, Stage::call, Reason::connect},
      {ECONNREFUSED, Stage::call, Reason::connect},  {ECONNRESET, Stage::answer, Reason::connect},
      {EPIPE, Stage::answer, Reason::connect},       {EACCES, Stage::answer, Reason::connect},
      {ETIMEDOUT, Stage::answer, Reason::timeout},
  };
  for (const Case& c : cases) {
    const Error error = probes::socket_error(c.error, "192.0.2.1:25", c.stage);
    EXPECT_EQ(error.reason, c.reason) << c.error << " " << error.message;
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(Address, IsReadAndWritten) {
  using probes::Address;
  for (const char* text : {"192.0.2.1", "2001:db8::1", "::", "0.0.0.0", "fe80::1%lo"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(Address::parse("192.0.2.1")->octets().size(), 4u);
  EXPECT_EQ(Address::parse("::1")->octets().size(), 16u);
  for (const char* text : {"", "192.0.2", "192.0.2.1.", "example.com", "[::1]", "1.2.3.4%lo",
                           "fe80::1%nosuchinterface"})
    EXPECT_FALSE(Address::parse(text)) << text;
}

}  // namespace

// Names through c-ares against name servers on loopback: what each answer means, and when silence
// is our fault and when it is the target's. UDP exchanges are here too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "probes/net/real_net.h"
#include "probes/net/socket.h"
#include "tests/fakes/dns_server.h"
#include "tests/fakes/loopback.h"

using namespace std::chrono_literals;
using fakes::DnsAnswer;
using fakes::DnsServer;
using probes::Address;
using probes::Endpoint;
using probes::Family;
using probes::RealNet;
using probes::Reason;
using probes::Result;
using probes::Task;
using probes::TimePoint;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Addresses = Result<std::vector<Address>>;

DnsAnswer addresses(std::vector<std::string> list) { return {false, 0, std::move(list)}; }
DnsAnswer rcode(int code) { return {false, code, {}}; }
DnsAnswer silence() { return {true, 0, {}}; }

std::vector<std::string> texts(const Addresses& found) {
  std::vector<std::string> result;
  for (const Address& address : *found) result.push_back(address.text());
  return result;
}

Endpoint closed_udp_port() {
  const DnsServer server([](const std::string&) { return silence(); });
  return server.endpoint();
}

class ResolverTest : public testing::Test {
 protected:
  RealNet net_with(std::vector<Endpoint> servers) {
    return RealNet(loop_, {.resolver = {.resolv_conf = resolv_conf_.path(), .servers = servers},
                           .ca_bundle = ""});
  }
  Addresses ask(RealNet& net, const std::string& name, Family family = Family::ip4,
                probes::Duration timeout = 10s) {
    started_ = loop_.now();
    return fakes::run_task(loop_, net.resolve(name, family, started_ + timeout));
  }

  fakes::TempFile resolv_conf_{"nameserver 127.0.0.1\noptions ndots:1\n"};
  probes::EpollLoop loop_;
  TimePoint started_;
};

TEST_F(ResolverTest, GivesAllAddressesOfAFamilyInTheServersOrder) {
  DnsServer server([](const std::string& name) {
    return name == "www.example.com" ? addresses({"192.0.2.2", "2001:db8::2", "192.0.2.1"})
                                     : addresses({});
  });
  RealNet net = net_with({server.endpoint()});
  EXPECT_THAT(texts(ask(net, "www.example.com")), ElementsAre("192.0.2.2", "192.0.2.1"));
  EXPECT_THAT(texts(ask(net, "www.example.com", Family::ip6)), ElementsAre("2001:db8::2"));
  EXPECT_THAT(texts(ask(net, "empty.example.com")), ElementsAre());
}

TEST_F(ResolverTest, AnswersLiteralsAndLocalhostWithoutAQuestion) {
  DnsServer server([](const std::string&) { return rcode(3); });
  RealNet net = net_with({server.endpoint()});
  EXPECT_THAT(texts(ask(net, "192.0.2.7")), ElementsAre("192.0.2.7"));
  EXPECT_THAT(texts(ask(net, "192.0.2.7", Family::ip6)), ElementsAre());
  EXPECT_THAT(texts(ask(net, "2001:db8::7", Family::ip6)), ElementsAre("2001:db8::7"));
  EXPECT_THAT(texts(ask(net, "localhost")), ElementsAre("127.0.0.1"));
  EXPECT_TRUE(ask(net, "localhost", Family::ip6));
  EXPECT_EQ(server.questions(), 0);
}

TEST_F(ResolverTest, ChargesTheTargetWithWhatTheResolverAnswers) {
  struct Case {
    int rcode;
    const char* said;
  };
  for (const Case& c : {Case{3, "does not exist"}, Case{2, "SERVFAIL"}, Case{5, "REFUSED"}}) {
    DnsServer server([&c](const std::string&) { return rcode(c.rcode); });
    RealNet net = net_with({server.endpoint()});
    const Addresses found = ask(net, "www.example.com");
    ASSERT_FALSE(found) << c.said;
    EXPECT_EQ(found.error().reason, Reason::dns) << c.said;
    EXPECT_THAT(found.error().message, HasSubstr(c.said));
  }
}

TEST_F(ResolverTest, CallsWhatIsNoNameByThatName) {
  RealNet net = net_with({closed_udp_port()});
  for (const std::string& name : {std::string(), std::string(300, 'x'), std::string("a\0b", 3),
                                  std::string(70, 'x') + ".example.com"}) {
    const Addresses found = ask(net, name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().reason, Reason::dns) << found.error().message;
  }
}

TEST_F(ResolverTest, AsksTheNextServerAfterBadNews) {
  DnsServer broken([](const std::string&) { return rcode(2); });
  DnsServer working([](const std::string&) { return addresses({"192.0.2.1"}); });
  RealNet net = net_with({broken.endpoint(), working.endpoint()});
  EXPECT_THAT(texts(ask(net, "www.example.com")), ElementsAre("192.0.2.1"));
  EXPECT_EQ(broken.questions(), 1);
}

TEST_F(ResolverTest, GoesOnToTheNextServerWhenTheFirstIsGone) {
  DnsServer working([](const std::string&) { return addresses({"192.0.2.1"}); });
  RealNet net = net_with({closed_udp_port(), working.endpoint()});
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(texts(ask(net, "www.example.com")), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, BlamesUsWhenNoResolverIsThere) {
  RealNet net = net_with({closed_udp_port()});
  const Addresses found = ask(net, "www.example.com");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::local);
  EXPECT_THAT(found.error().message, HasSubstr("127.0.0.1"));
}

TEST_F(ResolverTest, BlamesUsWhenTheResolverIsSilentOnEverything) {
  DnsServer server([](const std::string&) { return silence(); }, silence());
  RealNet net = net_with({server.endpoint()});
  const Addresses found = ask(net, "www.example.com", Family::ip4, 200ms);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::local);
  EXPECT_GE(loop_.now() - started_, 200ms);
  EXPECT_LT(loop_.now() - started_, 2s);
}

TEST_F(ResolverTest, ChargesTheTargetWhenTheResolverIsSilentOnItAlone) {
  DnsServer server([](const std::string&) { return silence(); });  // but answers for the root
  RealNet net = net_with({server.endpoint()});
  const Addresses found = ask(net, "www.example.com", Family::ip4, 400ms);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::timeout);
  EXPECT_THAT(found.error().message, HasSubstr("answers otherwise"));
}

Task<int> ask_many(RealNet& net, int times) {
  int right = 0;
  const TimePoint deadline = net.loop().now() + 20s;
  for (int i = 0; i < times; ++i) {
    const std::string name = "host" + std::to_string(i) + ".example.com";
    Addresses found = co_await net.resolve(name, Family::ip4, deadline);
    if (found && found->size() == 1) ++right;
  }
  co_return right;
}

Task<void> count_and_stop(RealNet& net, int times, int& right, int& running) {
  const int mine = co_await ask_many(net, times);
  right += mine;
  if (--running == 0) net.loop().stop();
}

TEST_F(ResolverTest, SharesItsChannelsAmongManyLookups) {
  DnsServer server([](const std::string&) { return addresses({"192.0.2.1"}); });
  RealNet net = net_with({server.endpoint()});
  int right = 0, running = 50;
  for (int i = 0; i < 50; ++i) loop_.spawn(count_and_stop(net, 20, right, running));
  loop_.run();
  EXPECT_EQ(right, 1000);
}

TEST_F(ResolverTest, IsCancelledInTheMiddleOfALookup) {
  DnsServer server([](const std::string&) { return silence(); }, silence());
  RealNet net = net_with({server.endpoint()});
  int right = 0, running = 2;
  const auto id = loop_.spawn(count_and_stop(net, 1, right, running));
  loop_.call_at(loop_.now() + 5ms, [&] {
    loop_.cancel_spawned(id);
    loop_.call_at(loop_.now() + 5ms, [&] { loop_.stop(); });
  });
  loop_.run();
  EXPECT_EQ(running, 2);
}

TEST_F(ResolverTest, ReadsResolvConfAndReadsItAgain) {
  RealNet net = net_with({});
  ASSERT_EQ(net.system_resolvers().size(), 1u);
  EXPECT_EQ(probes::endpoint_text(net.system_resolvers()[0]), "127.0.0.1:53");
  std::ofstream(resolv_conf_.path()) << "nameserver 192.0.2.53\nnameserver 2001:db8::53\n";
  std::filesystem::last_write_time(resolv_conf_.path(),
                                   std::filesystem::file_time_type::clock::now() + 5s);
  RealNet fresh = net_with({});
  ASSERT_EQ(fresh.system_resolvers().size(), 2u);
  EXPECT_EQ(probes::endpoint_text(fresh.system_resolvers()[1]), "[2001:db8::53]:53");
  // The one that runs looks at the file once a second.
  loop_.call_at(loop_.now() + 1100ms, [&] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(net.system_resolvers().size(), 2u);
}

// Datagrams. The name server serves as a peer; a query for the root is as good as any text.

constexpr std::string_view kQuery("\x12\x34\x01\0\0\1\0\0\0\0\0\0\0\0\2\0\1", 17);

bool same_id(std::string_view request, std::string_view answer) {
  return answer.size() > 2 && answer.substr(0, 2) == request.substr(0, 2);
}
bool never(std::string_view, std::string_view) { return false; }

class DatagramTest : public testing::Test {
 protected:
  Result<std::string> exchange(const Endpoint& server,
                               bool (*accept)(std::string_view, std::string_view),
                               probes::Duration timeout, std::string source = "") {
    probes::DatagramExchange what{server, std::move(source), std::string(kQuery)};
    return fakes::run_task(loop_, net_.exchange(what, accept, 50ms, loop_.now() + timeout));
  }
  probes::EpollLoop loop_;
  RealNet net_{loop_};
};

TEST_F(DatagramTest, BringsTheAnswer) {
  DnsServer server([](const std::string&) { return silence(); });
  const auto answer = exchange(server.endpoint(), same_id, 10s);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->substr(0, 2), kQuery.substr(0, 2));
}

TEST_F(DatagramTest, SendsAgainUntilTheDeadline) {
  DnsServer server([](const std::string&) { return silence(); }, silence());
  const auto answer = exchange(server.endpoint(), same_id, 180ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::timeout);
  EXPECT_GE(server.questions(), 2);
}

TEST_F(DatagramTest, DropsWhatNobodyAskedFor) {
  DnsServer server([](const std::string&) { return silence(); });
  const auto answer = exchange(server.endpoint(), never, 120ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::timeout);
}

TEST_F(DatagramTest, SeesAClosedPortLongBeforeTheDeadline) {
  const auto started = loop_.now();
  const auto answer = exchange(closed_udp_port(), same_id, 10s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::connect);
  EXPECT_LT(loop_.now() - started, 5s);
}

TEST_F(DatagramTest, BlamesUsForASourceAddressThatIsNotOurs) {
  const auto answer = exchange(closed_udp_port(), same_id, 1s, "192.0.2.77");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::local);
}

}  // namespace

// Access tokens on virtual time: how the client says who it is, how long a token is used, who
// fetches it when many want it, and what is said when there is none.
#include "exporter/oauth2.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "exporter/alerts/delivery.h"
#include "tests/exporter/alerts/some_alerts.h"
#include "tests/exporter/config/memory_files.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/sim_net.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using probes::Result;
using probes::Secret;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kTokenUrl = "https://login.example/token";

std::string header(const probes::HttpRequest& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers, name, &probes::HttpHeader::name);
  return found == request.headers.end() ? "" : found->value;
}

// A token server: hands out t1, t2 ... to whoever comes the way it wants.
class TokenPeer {
 public:
  fakes::Behaviour behaviour() {
    fakes::Behaviour behaviour;
    behaviour.latency = latency;
    behaviour.hear = [this](const probes::HttpRequest& request, fakes::Behaviour& answer) {
      hear(request, answer);
    };
    return behaviour;
  }

  probes::Duration latency = 20ms;
  bool takes_header = true, takes_form = false;
  std::string rest = R"(,"token_type":"Bearer","expires_in":3600)";  // of the answer
  std::optional<std::string> answer_with;                            // the whole body instead
  std::vector<probes::HttpRequest> requests;
  int given = 0;

 private:
  void hear(const probes::HttpRequest& request, fakes::Behaviour& answer) {
    requests.push_back(request);
    const bool by_header = !header(request, "Authorization").empty();
    const bool by_form = request.body.find("client_id=") != std::string::npos;
    if ((by_header && !takes_header) || (by_form && !takes_form)) {
      answer.status = 401;
      answer.body = R"({"error":"invalid_client","error_description":"who\u0007 are you?"})";
      return;
    }
    answer.body = answer_with.value_or(fmt::format(R"({{"access_token":"t{}"{}}})", ++given, rest));
  }
};

class AccessTokens : public testing::Test {
 protected:
  AccessTokens() {
    settings_.client_id = "sla";
    settings_.client_secret = Secret("s3cret+/");
    settings_.token_url = kTokenUrl;
    net_.when(kTokenUrl).then([this](probes::WallTime) { return peer_.behaviour(); });
  }
  std::string token(probes::Duration patience = 10s) {
    const Result<Secret> result = loop_.run_task(keeper().token(loop_.now() + patience));
    return result ? result->reveal() : result.error().message;
  }
  TokenKeeper& keeper() {
    if (!keeper_) keeper_ = std::make_unique<TokenKeeper>(net_, settings_);
    return *keeper_;
  }
  // What a request to a server behind tokens is answered with.
  probes::HttpAnswer ask() {
    auto module = std::make_shared<probes::Module>();
    module->spec = probes::HttpModule{};
    probes::ProbeRequest request;
    request.module = std::move(module);
    request.target = "https://guarded.example/";
    auto shared = std::make_shared<TokenKeeper>(net_, settings_);
    return loop_.run_task(ask_with_token(net_, shared, request, loop_.now() + 10s));
  }

  fakes::FakeLoop loop_;
  fakes::SimNet net_{loop_};
  TokenPeer peer_;
  OAuth2 settings_;
  std::unique_ptr<TokenKeeper> keeper_;
};

TEST_F(AccessTokens, AreAskedForAsTheStandardSays) {
  settings_.client_id = "sla: out";
  settings_.scopes = {"read", "write all"};
  settings_.endpoint_params = {{"audience", "a&b"}};
  EXPECT_EQ(token(), "t1");
  ASSERT_EQ(peer_.requests.size(), 1u);
  const probes::HttpRequest& request = peer_.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, "audience=a%26b&grant_type=client_credentials&scope=read+write+all");
  EXPECT_EQ(header(request, "Content-Type"), "application/x-www-form-urlencoded");
  // "sla%3A+out:s3cret%2B%2F"
  EXPECT_EQ(header(request, "Authorization"), "Basic c2xhJTNBK291dDpzM2NyZXQlMkIlMkY=");
}

TEST_F(AccessTokens, ASecondWayIsTriedOnceAndThenKnown) {
  peer_.takes_header = false;
  peer_.takes_form = true;
  EXPECT_EQ(token(), "t1");
  ASSERT_EQ(peer_.requests.size(), 2u);
  EXPECT_EQ(peer_.requests[1].body,
            "client_id=sla&client_secret=s3cret%2B%2F&grant_type=client_credentials");
  EXPECT_EQ(header(peer_.requests[1], "Authorization"), "");
  keeper().forget(Secret("t1"));
  EXPECT_EQ(token(), "t2");
  EXPECT_EQ(peer_.requests.size(), 3u);
}

TEST_F(AccessTokens, AWayThatWorkedIsNotDoubtedAfterARefusal) {
  EXPECT_EQ(token(), "t1");
  keeper().forget(Secret("t1"));
  peer_.takes_header = false;
  peer_.takes_form = true;
  EXPECT_THAT(token(), AllOf(HasSubstr("401"), HasSubstr("see client_id")));
  EXPECT_EQ(peer_.requests.size(), 2u);
}

TEST_F(AccessTokens, WithoutASecretTheFormNamesTheClient) {
  settings_.client_secret = Secret();
  peer_.takes_form = true;
  EXPECT_EQ(token(), "t1");
  ASSERT_EQ(peer_.requests.size(), 1u);
  EXPECT_EQ(peer_.requests[0].body, "client_id=sla&grant_type=client_credentials");
}

TEST_F(AccessTokens, AreUsedUntilHalfAMinuteBeforeTheirEnd) {
  EXPECT_EQ(token(), "t1");
  loop_.run_for(3600s - 31s);
  EXPECT_EQ(token(), "t1");
  loop_.run_for(1s);
  EXPECT_EQ(token(), "t2");
  peer_.rest = R"(,"expires_in":"40")";  // as text, and short: half of it
  loop_.run_for(3600s);
  EXPECT_EQ(token(), "t3");
  loop_.run_for(19s);
  EXPECT_EQ(token(), "t3");
  loop_.run_for(1s);
  EXPECT_EQ(token(), "t4");
}

TEST_F(AccessTokens, WithoutAnEndAreUsedUntilSomebodyIsRefused) {
  for (const char* rest : {"", R"(,"expires_in":null)", R"(,"expires_in":0)",
                           R"(,"expires_in":"soon")", R"(,"expires_in":-5)"}) {
    peer_.rest = rest;
    const std::string first = token();
    loop_.run_for(24h * 400);
    EXPECT_EQ(token(), first) << rest;
    keeper().forget(Secret("another"));
    EXPECT_EQ(token(), first) << rest;
    keeper().forget(Secret(first));
    EXPECT_NE(token(), first) << rest;
    keeper_.reset();
  }
}

TEST_F(AccessTokens, AnEndThatNoClockReachesIsNoEnd) {
  peer_.rest = R"(,"expires_in":1e300)";
  EXPECT_EQ(token(), "t1");
  loop_.run_for(24h * 300);
  EXPECT_EQ(token(), "t1");
}

// Several that want a token at the same time; what each got.
class ManyWhoWant {
 public:
  ManyWhoWant(fakes::FakeLoop& loop, TokenKeeper& keeper, probes::Duration patience)
      : loop_(loop), keeper_(keeper), patience_(patience) {}
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(loop_.spawn(want(*this)));
  }
  std::vector<std::string> got;
  std::vector<probes::SpawnId> tasks;

 private:
  static probes::Task<void> want(ManyWhoWant& self) {
    const probes::TimePoint deadline = self.loop_.now() + self.patience_;
    const Result<Secret> token = co_await self.keeper_.token(deadline);
    self.got.push_back(token ? token->reveal() : token.error().message);
  }
  fakes::FakeLoop& loop_;
  TokenKeeper& keeper_;
  probes::Duration patience_;
};

TEST_F(AccessTokens, OneAsksForAllWhoWantOne) {
  ManyWhoWant many(loop_, keeper(), 10s);
  many.add(5);
  loop_.run_for(1s);
  EXPECT_THAT(many.got, ElementsAre("t1", "t1", "t1", "t1", "t1"));
  EXPECT_EQ(peer_.requests.size(), 1u);
}

TEST_F(AccessTokens, AFailureIsThatOfAllWhoWaited) {
  peer_.takes_header = false;
  ManyWhoWant many(loop_, keeper(), 10s);
  many.add(3);
  loop_.run_for(1s);
  EXPECT_EQ(many.got, std::vector<std::string>(3, many.got.at(0)));
  EXPECT_THAT(many.got[0], HasSubstr("no access token from https://login.example/token"));
  EXPECT_EQ(peer_.requests.size(), 2u);  // both ways, once
}

TEST_F(AccessTokens, AnotherAsksWhenTheOneWhoAskedIsGone) {
  peer_.latency = 2s;
  ManyWhoWant many(loop_, keeper(), 10s);
  many.add(3);
  loop_.run_for(1s);
  loop_.cancel_spawned(many.tasks[0]);
  loop_.run_for(5s);
  EXPECT_THAT(many.got, ElementsAre("t1", "t1"));
  EXPECT_EQ(loop_.roots(), 0u);
}

TEST_F(AccessTokens, NobodyWaitsLongerThanItMay) {
  net_.when(kTokenUrl).then(fakes::is_silent());
  ManyWhoWant patient(loop_, keeper(), 10s), hasty(loop_, keeper(), 2s);
  patient.add(1);
  hasty.add(1);
  loop_.run_for(3s);
  EXPECT_THAT(hasty.got, ElementsAre(HasSubstr("no answer in time")));
  EXPECT_THAT(patient.got, IsEmpty());
  loop_.run_for(8s);
  EXPECT_EQ(patient.got.size(), 1u);
}

TEST_F(AccessTokens, WhatIsNoTokenIsSaidWithoutShowingTheAnswer) {
  const std::string large(70'000, 'x');
  for (const auto& [body, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "not a JSON object"},
           {"<html>s3cret", "not a JSON object"},
           {"[1]", "not a JSON object"},
           {R"({"access_token":")" + large + R"("})", "not a JSON object of at most 65536 bytes"},
           {R"({"token":"t0ken"})", "no usable access_token"},
           {R"({"access_token":""})", "no usable access_token"},
           {R"({"access_token":7})", "no usable access_token"},
           {R"({"access_token":"t0ken\r\nX-Evil: 1"})", "no usable access_token"},
           {R"({"access_token":"t0ken","token_type":"mac"})", "token_type is not Bearer"}}) {
    peer_.answer_with = body;
    const std::string message = token();
    EXPECT_THAT(message, AllOf(HasSubstr(said), Not(HasSubstr("t0ken")), Not(HasSubstr("s3cret"))));
  }
  peer_.answer_with = R"({"access_token":"t0ken","token_type":"bearer"})";
  EXPECT_EQ(token(), "t0ken");
}

TEST_F(AccessTokens, TheServersWordsAreQuotedButNoSecret) {
  peer_.takes_header = false;
  EXPECT_THAT(token(), AllOf(HasSubstr("401"), HasSubstr("(invalid_client: who  are you?)"),
                             HasSubstr("see client_id and client_secret_file of oauth2")));
  fakes::Behaviour answer = fakes::status(400);
  answer.body = R"({"error":"bad","error_description":"the secret s3cret+/ is wrong"})";
  net_.when(kTokenUrl).then(answer);
  EXPECT_THAT(token(), AllOf(HasSubstr("400"), Not(HasSubstr("s3cret"))));
}

TEST_F(AccessTokens, ASecretIsNotLedElsewhere) {
  fakes::Behaviour moved = fakes::status(307);
  moved.headers = {{"Location", "https://elsewhere.example/token"}};
  net_.when(kTokenUrl).then(moved);
  EXPECT_THAT(token(), HasSubstr("307"));
  EXPECT_EQ(net_.when("https://elsewhere.example/token").attempts(), 0u);
}

TEST_F(AccessTokens, ARefusedOneIsFetchedAgainOnce) {
  std::vector<std::string> heard;
  std::string taken = "Bearer t2";
  fakes::Behaviour guarded;
  guarded.hear = [&](const probes::HttpRequest& request, fakes::Behaviour& answer) {
    heard.push_back(header(request, "Authorization"));
    answer.status = heard.back() == taken ? 200 : 401;
  };
  net_.when("https://guarded.example/").then(guarded);
  EXPECT_EQ(ask().status, 200);
  EXPECT_THAT(heard, ElementsAre("Bearer t1", "Bearer t2"));

  heard.clear();
  taken = "none";
  EXPECT_EQ(ask().status, 401);
  EXPECT_THAT(heard, ElementsAre("Bearer t3", "Bearer t4"));
}

TEST_F(AccessTokens, WithoutOneNothingIsSent) {
  net_.when(kTokenUrl).then(fakes::status(503));
  auto& guarded = net_.when("https://guarded.example/");
  const probes::HttpAnswer answer = ask();
  EXPECT_EQ(answer.status, 0);
  EXPECT_FALSE(answer.outcome.good());
  EXPECT_THAT(answer.outcome.message, HasSubstr("no access token from"));
  EXPECT_EQ(guarded.attempts(), 0u);
}

TEST_F(AccessTokens, AreSharedByAllWithTheSameSettings) {
  TokenKeepers keepers(net_);
  OAuth2 other = settings_;
  other.client_secret = Secret("another");
  const auto one = keepers.of(settings_);
  EXPECT_EQ(keepers.of(settings_), one);
  EXPECT_NE(keepers.of(other), one);
  EXPECT_EQ(keepers.of(OAuth2{}), nullptr);
}

// Alerts and the heartbeat behind one token server, through the whole delivery.
class DeliveryWithTokens : public AccessTokens {
 protected:
  DeliveryWithTokens() {
    for (const char* url : {"http://one.example:9093/api/v2/alerts",
                            "http://two.example:9093/api/v2/alerts", "https://beat.example/"}) {
      net_.when(url).then([this, url](probes::WallTime) { return guarded(url); });
    }
    configure("s3cret\n");
  }
  fakes::Behaviour guarded(const std::string& url) {
    fakes::Behaviour behaviour;
    behaviour.hear = [this, url](const probes::HttpRequest& request, fakes::Behaviour& answer) {
      const bool taken = header(request, "Authorization") == "Bearer " + good_;
      answer.status = taken ? 200 : 401;
      if (taken) ++taken_[url];
    };
    return behaviour;
  }
  void configure(const std::string& secret) {
    const std::string oauth2 =
        "oauth2: {client_id: sla, client_secret_file: secret, token_url: "
        "'https://login.example/token'}";
    const ConfigResult config = load_text(
        fmt::format("services: {{}}\nalerting:\n"
                    "  alertmanagers: [{{static_configs: [{{targets: ['one.example:9093', "
                    "'two.example:9093']}}], {0}}}]\n"
                    "  heartbeat: {{url: 'https://beat.example/', every: 30s, {0}}}\n",
                    oauth2),
        {{"/etc/sla/secret", secret}});
    ASSERT_TRUE(config.has_value()) << errors_of(config);
    delivery_.configure(std::make_shared<const Config>(*config), "http://here:9849/");
  }
  void send(const std::string& name) {
    delivery_.send(
        {notification(name, std::chrono::floor<std::chrono::milliseconds>(loop_.wall_now())
                                .time_since_epoch()
                                .count())});
  }

  std::string good_ = "t1";
  std::map<std::string, int> taken_;
  Delivery delivery_{net_, DeliveryParts{.host = "here"}};
};

TEST_F(DeliveryWithTokens, OneTokenServesThemAll) {
  send("a");
  delivery_.evaluated(loop_.now());
  loop_.run_for(1s);
  EXPECT_EQ(peer_.requests.size(), 1u);
  EXPECT_EQ(taken_.size(), 3u);
  send("b");
  loop_.run_for(1s);
  EXPECT_EQ(peer_.requests.size(), 1u);
  EXPECT_EQ(delivery_.figures().alertmanagers[0].sent, 2u);
  EXPECT_EQ(delivery_.figures().alertmanagers[0].errors, 0u);
}

TEST_F(DeliveryWithTokens, ATokenThatIsRevokedIsReplacedWithoutAFailure) {
  send("a");
  loop_.run_for(1s);
  good_ = "t2";
  send("b");
  loop_.run_for(1s);
  EXPECT_EQ(peer_.requests.size(), 2u);
  for (const AlertmanagerFigures& figures : delivery_.figures().alertmanagers) {
    EXPECT_EQ(figures.sent, 2u);
    EXPECT_EQ(figures.errors, 0u);
  }
}

TEST_F(DeliveryWithTokens, WithoutATokenAlertsWaitAndTheHeartbeatFails) {
  const probes::WallTime now = loop_.wall_now();
  net_.when(kTokenUrl).but_between(now, now + 20s, fakes::refuses());
  send("a");
  delivery_.evaluated(loop_.now());
  loop_.run_for(19s);
  DeliveryFigures figures = delivery_.figures();
  EXPECT_EQ(figures.alertmanagers[0].waiting, 1u);
  EXPECT_EQ(figures.alertmanagers[0].errors, 5u);  // at 0, 1, 3, 7 and 15 s
  EXPECT_FALSE(figures.alertmanagers[0].up);
  EXPECT_EQ(figures.heartbeat.failures, 1u);
  EXPECT_THAT(taken_, IsEmpty());
  loop_.run_for(15s);
  figures = delivery_.figures();
  EXPECT_EQ(figures.alertmanagers[0].waiting, 0u);
  EXPECT_TRUE(figures.alertmanagers[0].up);
  EXPECT_EQ(figures.heartbeat.sent, 1u);
}

TEST_F(DeliveryWithTokens, AReloadKeepsTheTokenUnlessTheSettingsChange) {
  send("a");
  loop_.run_for(1s);
  configure("s3cret\n");
  send("b");
  loop_.run_for(1s);
  EXPECT_EQ(peer_.requests.size(), 1u);
  configure("changed\n");
  good_ = "t2";
  send("c");
  loop_.run_for(1s);
  EXPECT_EQ(peer_.requests.size(), 2u);
  EXPECT_EQ(delivery_.figures().alertmanagers[0].sent, 3u);
  EXPECT_EQ(delivery_.figures().alertmanagers[0].errors, 0u);
}

TEST_F(DeliveryWithTokens, EndsAtOnceWhileATokenIsFetched) {
  peer_.latency = 5s;
  send("a");
  delivery_.evaluated(loop_.now());
  loop_.run_for(1s);
  delivery_.stop();
  loop_.run_ready();
  EXPECT_EQ(loop_.roots(), 0u);
  EXPECT_EQ(loop_.timers(), 0u);
}

}  // namespace
}  // namespace exporter

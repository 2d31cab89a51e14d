// How a help desk is asked: every failure becomes a reason with a remedy, requests keep their
// distance, and an answer is whole or none.
#include "exporter/sources/http_asker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/net/http1.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/sim_net.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using probes::HttpRequest;
using Reason = SourceError::Reason;
using testing::HasSubstr;
using testing::Not;

class HttpAskerTest : public testing::Test {
 protected:
  HttpAskerTest() {
    source_.name = "helpdesk";
    source_.url = "http://desk.example.com/rt";
    source_.http.authorization_type = "token";
    source_.http.authorization_credentials = probes::Secret("s3cret");
    source_.requests_per_minute = 60;
  }

  SourceAnswerResult ask(SourceRequest request) {
    if (!asker_) asker_.emplace(net_, source_);
    return loop_.run_task(asker_->ask(std::move(request)));
  }
  SourceAnswerResult ask(const std::string& path) {
    SourceRequest request;
    request.path = path;
    return ask(std::move(request));
  }
  fakes::SimNet::Peer& page(const std::string& path) {
    return net_.when("http://desk.example.com/rt" + path);
  }

  fakes::FakeLoop loop_;
  fakes::SimNet net_{loop_};
  TicketSource source_;
  std::optional<HttpAsker> asker_;
};

TEST_F(HttpAskerTest, AnAnswerIsHandedOverWholeAndTheTokenIsSent) {
  const std::string body(100'000, 'x');
  fakes::Behaviour desk = fakes::page(body);
  std::string authorization;
  desk.hear = [&](const HttpRequest& request, fakes::Behaviour&) {
    authorization = probes::find_header(request.headers, "Authorization");
  };
  page("/a?b=c").then(desk);
  const SourceAnswerResult answer = ask("/a?b=c");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, body);
  EXPECT_EQ(authorization, "token s3cret");
}

TEST_F(HttpAskerTest, ATokenServerIsAskedFirstAndAgainAfterARefusal) {
  source_.http = {};
  source_.http.oauth2.client_id = "sla";
  source_.http.oauth2.token_url = "http://login.example.com/token";
  int given = 0;
  fakes::Behaviour login = fakes::page("");
  login.hear = [&](const HttpRequest&, fakes::Behaviour& answer) {
    answer.body = R"({"token_type":"Bearer","access_token":"t)" + std::to_string(++given) + "\"}";
  };
  net_.when("http://login.example.com/token").then(login);
  const std::string body(100'000, 'x');
  std::vector<std::string> seen;
  fakes::Behaviour desk = fakes::page(body);
  desk.hear = [&](const HttpRequest& request, fakes::Behaviour& answer) {
    seen.emplace_back(probes::find_header(request.headers, "Authorization"));
    answer.status = seen.back() == "Bearer t2" ? 200 : 401;
  };
  page("/a").then(desk);
  const SourceAnswerResult answer = ask("/a");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, body);
  EXPECT_THAT(seen, testing::ElementsAre("Bearer t1", "Bearer t2"));
}

TEST_F(HttpAskerTest, ABodyIsSentAsJson) {
  fakes::Behaviour desk = fakes::status(201);
  std::string seen;
  desk.hear = [&](const HttpRequest& request, fakes::Behaviour&) {
    seen = request.method + ' ' +
           std::string(probes::find_header(request.headers, "Content-Type")) + ' ' + request.body;
  };
  page("/note").then(desk);
  SourceRequest request;
  request.path = "/note";
  request.method = "POST";
  request.body = "{}";
  ASSERT_TRUE(ask(request));
  EXPECT_EQ(seen, "POST application/json {}");
}

TEST_F(HttpAskerTest, EveryFailureHasItsReason) {
  struct Case {
    fakes::Behaviour desk;
    Reason reason;
    std::string remedy;
  };
  const std::vector<Case> cases = {
      {fakes::status(401), Reason::auth, "token"},
      {fakes::status(403), Reason::auth, "ShowTicket"},
      {fakes::status(404), Reason::answer, "url"},
      {fakes::status(429), Reason::rate_limited, "requests_per_minute"},
      {fakes::status(500), Reason::server, "log"},
      {fakes::status(503), Reason::server, "log"},
      {fakes::status(418), Reason::answer, "url"},
      {fakes::refuses(), Reason::connect, "not reached"},
      {fakes::resets(), Reason::connect, "not reached"},
      {fakes::is_silent(), Reason::timeout, "not reached"},
      {fakes::no_route(), Reason::local, "not reached"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string path = "/case" + std::to_string(i);
    page(path).then(cases[i].desk);
    SourceRequest request;
    request.path = path + "?query=long";
    page(request.path).then(cases[i].desk);
    request.right = "the right ShowTicket";
    const SourceAnswerResult answer = ask(request);
    ASSERT_FALSE(answer) << i;
    EXPECT_EQ(name_of(answer.error().reason), name_of(cases[i].reason)) << i;
    EXPECT_THAT(answer.error().message, HasSubstr(cases[i].remedy)) << i;
    EXPECT_THAT(answer.error().message, Not(HasSubstr("s3cret"))) << i;
    EXPECT_THAT(answer.error().message, Not(HasSubstr("query"))) << i;
  }
}

TEST_F(HttpAskerTest, AStatusThatTheCallerExpectsIsAnAnswer) {
  for (const int status : {403, 404}) {
    page("/ticket/7").then(fakes::status(status));
    SourceRequest request;
    request.path = "/ticket/7";
    request.also_expected = {403, 404};
    const SourceAnswerResult answer = ask(request);
    ASSERT_TRUE(answer) << status;
    EXPECT_EQ(answer->status, status);
  }
}

TEST_F(HttpAskerTest, TheTimeToComeBackIsToldInSecondsOrAsADate) {
  const std::vector<std::pair<std::string, std::optional<std::chrono::seconds>>> cases = {
      {"7", 7s},
      {"Thu, 01 Jan 2026 01:00:00 GMT", 3600s},
      {"Thu, 01 Jan 2026 00:02:00 GMT", 2min},
      {"Wed, 31 Dec 2025 00:00:00 GMT", 0s},
      {"999999", 3600s},
      {"99999999999999999999", std::nullopt},
      {"-5", 0s},
      {"soon", std::nullopt}};
  for (const auto& [text, expected] : cases) {
    probes::HttpAnswer answer;
    answer.status = 429;
    answer.outcome = probes::Outcome::down(probes::Reason::status, "status 429");
    answer.headers = {{"retry-after", text}};
    const SourceError error = source_error_of(answer, {}, "helpdesk", loop_.wall_now());
    EXPECT_EQ(error.reason, Reason::rate_limited) << text;
    EXPECT_EQ(error.retry_after, expected) << text;
    answer.status = 503;
    const SourceError away = source_error_of(answer, {}, "helpdesk", loop_.wall_now());
    EXPECT_EQ(away.reason, expected ? Reason::rate_limited : Reason::server) << text;
  }
}

TEST_F(HttpAskerTest, AnAnswerWithoutEndIsNone) {
  page("/huge").then(fakes::page(std::string(HttpAsker::kMaxAnswerBytes + 1, 'x')));
  const SourceAnswerResult huge = ask("/huge");
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().reason, Reason::answer);
  EXPECT_THAT(huge.error().message, HasSubstr("page"));
  page("/full").then(fakes::page(std::string(HttpAsker::kMaxAnswerBytes, 'x')));
  EXPECT_TRUE(ask("/full"));
}

TEST_F(HttpAskerTest, RequestsKeepTheirDistanceAlsoAfterARest) {
  std::vector<std::chrono::seconds> at;
  fakes::Behaviour desk = fakes::page("{}");
  const auto start = loop_.now();
  desk.hear = [&](const HttpRequest&, fakes::Behaviour&) {
    at.push_back(std::chrono::floor<std::chrono::seconds>(loop_.now() - start));
  };
  page("/a").then(desk);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ask("/a"));
  loop_.run_for(1h);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ask("/a"));
  EXPECT_EQ(at[1] - at[0], 1s);
  EXPECT_EQ(at[2] - at[1], 1s);
  EXPECT_GE(at[3] - at[2], 1h);
  EXPECT_EQ(at[4] - at[3], 1s);
}

TEST(PercentEncoding, LeavesOnlyWhatNeedsNone) {
  EXPECT_EQ(percent_encoded("ObjectType='RT::Ticket' AND id > 7"),
            "ObjectType%3D%27RT%3A%3ATicket%27%20AND%20id%20%3E%207");
  EXPECT_EQ(percent_encoded("a-z_~.\xC3\xA9"), "a-z_~.%C3%A9");
}

}  // namespace
}  // namespace exporter

// The doors for tickets from the outside: a real server on loopback, a desk that keeps what it is
// given, and senders from friendly to hostile.
#include "exporter/web/ticket_events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "exporter/web/json_values.h"
#include "tests/fakes/raw_http.h"

namespace exporter {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Seconds kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 29);
const std::string kToken = "the token of the shop";
const std::string kKey = "zammad's key";

// Keeps events by their key, as the desk does.
class KeepingDesk {
 public:
  std::expected<AcceptedEvents, std::string> commit(const std::string& source,
                                                    const DeliveredEvents& delivered) {
    const std::lock_guard lock(mutex_);
    ++commits;
    if (fails) return std::unexpected("disk full");
    AcceptedEvents taken;
    read_until = delivered.read_until;
    for (const TicketEvent& event : delivered.events) {
      const bool fresh = kept.try_emplace({source, event.ticket, event.seq}, event).second;
      ++(fresh ? taken.accepted : taken.duplicate);
    }
    return taken;
  }

  std::map<std::tuple<std::string, std::string, std::int64_t>, TicketEvent> kept;
  std::optional<Seconds> read_until;  // as last stated
  bool fails = false;
  int commits = 0;

 private:
  std::mutex mutex_;
};

TicketSource source(std::string name, TicketSource::Type type, const std::string& secret) {
  TicketSource source;
  source.name = std::move(name);
  source.type = type;
  source.secret = probes::Secret(secret);
  return source;
}

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  json body;
};

class TicketEventsTest : public ::testing::Test {
 protected:
  TicketEventsTest()
      : events_({[this](const std::string& source, const DeliveredEvents& delivered) {
                   return desk_.commit(source, delivered);
                 },
                 [this](const std::string& source) { read_.push_back(source); },
                 [] { return kNow; }}) {
    events_.configure({source("shop", TicketSource::Type::webhook, kToken),
                       source("other", TicketSource::Type::webhook, "another token"),
                       source("open", TicketSource::Type::webhook, ""),
                       source("desk", TicketSource::Type::zammad, kKey)});
    start({});
  }

  void start(WebOptions options) {
    options.listen = {"127.0.0.1:0"};
    auto server = WebServer::start(std::move(options), events_.routes());
    ASSERT_TRUE(server) << server.error();
    server_ = *std::move(server);
  }

  Answer post(const std::string& path, const std::string& body, const std::string& headers) {
    fakes::RawHttp client(server_->ports()[0]);
    client.send(fmt::format("POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n{}\r\n{}", path,
                            body.size(), headers, body));
    const auto response = client.read();
    if (!response) return {};
    return {response->status, response->headers, json::parse(response->body, nullptr, false)};
  }

  Answer send(const std::string& body, const std::string& headers = "") {
    return post("/api/v1/tickets/events", body,
                fmt::format("Authorization: Bearer {}\r\n{}", kToken, headers));
  }

  WebhookFigures figures(const std::string& name = "shop") { return events_.figures().at(name); }

  KeepingDesk desk_;
  std::vector<std::string> read_;
  TicketEvents events_;
  std::unique_ptr<WebServer> server_;
};

std::string event(int seq, const std::string& more = "") {
  return fmt::format(
      R"({{"ticket":"4711","seq":{},"at":"2026-11-28T09:00:0{}Z","type":"reaction"{}}})", seq,
      seq % 10, more);
}

TEST_F(TicketEventsTest, TakesOneEventAnArrayAndJsonLines) {
  EXPECT_EQ(send(event(1)).body,
            (json{{"accepted", 1}, {"duplicate", 0}, {"refused", json::array()}}));
  EXPECT_EQ(send("[" + event(2) + ",\n" + event(3) + "]").body["accepted"], 2);
  EXPECT_EQ(send(event(4) + "\n" + event(5) + "\r\n\n").body["accepted"], 2);
  EXPECT_EQ(send("[]").status, 200);
  EXPECT_EQ(desk_.kept.size(), 5u);
  EXPECT_EQ((desk_.kept[{"shop", "4711", 1}].type), TicketEventType::reaction);
  EXPECT_EQ(figures().accepted, 5u);
}

TEST_F(TicketEventsTest, TheWordSourceMayBeAValueToo) {
  EXPECT_EQ(send(event(1, R"(,"reason":"source")")).status, 200);
  EXPECT_EQ(send(event(2, R"(,"reason":"source","source" : "shop")")).status, 200);
  EXPECT_EQ(send(event(3, R"(,"reason":"source","source":"other")")).status, 422);
}

TEST_F(TicketEventsTest, ASenderStatesUpToWhenItHasToldEverything) {
  EXPECT_EQ(send(event(1)).status, 200);
  EXPECT_EQ(desk_.read_until, std::nullopt);
  EXPECT_EQ(send(R"({"read_until":"2026-11-28T12:00:00Z"})").body,
            (json{{"accepted", 0}, {"duplicate", 0}, {"refused", json::array()}}));
  EXPECT_EQ(desk_.read_until, kNow - std::chrono::hours(12));
  EXPECT_EQ(send(event(2) + "\n" + R"({"read_until":1795900000})").body["accepted"], 1);
  EXPECT_EQ(desk_.read_until, Seconds(std::chrono::seconds(1795900000)));
  EXPECT_EQ(send(R"({"read_until":"2026-11-29T00:10:00Z"})").status, 200);
  EXPECT_EQ(desk_.read_until, kNow) << "nobody knows what will have happened";
}

TEST_F(TicketEventsTest, AStatementThatCannotBeIsRefusedWithAllThatCameWithIt) {
  for (const std::string value : {R"("1970-01-01T00:00:00Z")", R"("2026-12-24T00:00:00Z")", "0",
                                  "9223372036854775807", R"("noon")", "null", "1.5", "[]", "{}"}) {
    const std::string statement = R"({"read_until":)" + value + "}";
    const Answer answer = send(event(1) + "\n" + statement);
    EXPECT_EQ(answer.status, 422) << statement;
    EXPECT_EQ(answer.body["refused"][0]["index"], 1) << statement;
  }
  EXPECT_EQ(send(R"({"read_until":"2026-11-28T12:00:00Z","ticket":"1"})").status, 422);
  EXPECT_EQ(desk_.commits, 0);
}

TEST_F(TicketEventsTest, AnEventThatComesAgainIsADuplicateAndKeptOnce) {
  EXPECT_EQ(send(event(1)).body["accepted"], 1);
  const Answer again = send("[" + event(1) + "," + event(2) + "]");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body["accepted"], 1);
  EXPECT_EQ(again.body["duplicate"], 1);
  EXPECT_EQ(desk_.kept.size(), 2u);
  EXPECT_EQ(figures().duplicates, 1u);
}

TEST_F(TicketEventsTest, TheSameKeyWithTheSameBodyGetsTheSameAnswer) {
  const Answer first = send(event(1), "Idempotency-Key: k1\r\n");
  const Answer again = send(event(1), "Idempotency-Key: k1\r\n");
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.body["accepted"], 1);
  EXPECT_EQ(first.headers.count("idempotency-replayed"), 0u);
  EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
  EXPECT_EQ(desk_.commits, 1);
}

TEST_F(TicketEventsTest, TheSameKeyWithAnotherBodyIsRefused) {
  send(event(1), "Idempotency-Key: k1\r\n");
  const Answer other = send(event(2), "Idempotency-Key: k1\r\n");
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.body["error"].get<std::string>(), HasSubstr("another body"));
  EXPECT_EQ(desk_.kept.size(), 1u);
}

TEST_F(TicketEventsTest, KeysOfTwoSourcesAreNotTheSame) {
  send(event(1), "Idempotency-Key: k1\r\n");
  const Answer other = post("/api/v1/tickets/events", event(2),
                            "Authorization: bearer another token\r\nIdempotency-Key: k1\r\n");
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(desk_.kept.count({"other", "4711", 2}), 1u);
}

TEST_F(TicketEventsTest, AKeyThatIsBeingWorkedOnIsAConflict) {
  std::promise<void> inside, go_on;
  TicketEvents events({[&](const std::string&,
                           const DeliveredEvents&) -> std::expected<AcceptedEvents, std::string> {
                         inside.set_value();
                         go_on.get_future().wait();
                         return AcceptedEvents{1, 0};
                       },
                       [](const std::string&) {}, [] { return kNow; }});
  events.configure({source("shop", TicketSource::Type::webhook, kToken)});
  WebRequest request;
  request.headers = {{"authorization", "Bearer " + kToken}, {"idempotency-key", "k"}};
  request.body = event(1);
  const auto handler = events.routes()[0].handler;
  auto first = std::async(std::launch::async, [&] { return handler(request).status; });
  inside.get_future().wait();
  EXPECT_EQ(handler(request).status, 409);
  go_on.set_value();
  EXPECT_EQ(first.get(), 200);
  EXPECT_EQ(handler(request).status, 200);
}

TEST_F(TicketEventsTest, OldKeysAreForgottenAndEventsThenAreDuplicates) {
  send(event(1), "Idempotency-Key: first\r\n");
  WebRequest request;
  request.headers = {{"authorization", "Bearer " + kToken}};
  request.body = event(1);
  const auto handler = events_.routes()[0].handler;
  for (std::size_t i = 0; i < TicketEvents::kRemembered; ++i) {
    request.headers["idempotency-key"] = std::to_string(i);
    ASSERT_EQ(handler(request).status, 200);
  }
  EXPECT_EQ(send(event(1), "Idempotency-Key: first\r\n").body["duplicate"], 1);
}

TEST_F(TicketEventsTest, AFailedCommitIsToBeSentAgainUnderItsKey) {
  desk_.fails = true;
  const Answer failed = send(event(1), "Idempotency-Key: k\r\n");
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(failed.headers.at("retry-after"), "5");
  EXPECT_EQ(failed.body.dump().find("disk full"), std::string::npos);
  EXPECT_EQ(figures().failed, 1u);
  desk_.fails = false;
  EXPECT_EQ(send(event(1), "Idempotency-Key: k\r\n").body["accepted"], 1);
}

TEST_F(TicketEventsTest, OneBadEventRefusesTheWholeRequestAndSaysWhich) {
  const Answer answer =
      send("[" + event(1) + R"(,{"ticket":"1"},)" + event(3, R"(,"typo":1)") + "]");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body["accepted"], 0);
  ASSERT_EQ(answer.body["refused"].size(), 2u);
  EXPECT_EQ(answer.body["refused"][0]["index"], 1);
  EXPECT_THAT(answer.body["refused"][0]["error"].get<std::string>(), HasSubstr("\"seq\""));
  EXPECT_EQ(answer.body["refused"][1]["index"], 2);
  EXPECT_THAT(answer.body["refused"][1]["error"].get<std::string>(), HasSubstr("typo"));
  EXPECT_THAT(desk_.kept, IsEmpty());
  EXPECT_EQ(figures().refused["form"], 2u);
}

TEST_F(TicketEventsTest, ARefusedRequestMayBeMendedUnderItsKey) {
  EXPECT_EQ(send(R"({"ticket":"1"})", "Idempotency-Key: k\r\n").status, 422);
  EXPECT_EQ(send(event(1), "Idempotency-Key: k\r\n").status, 200);
}

TEST_F(TicketEventsTest, EventsOfAnotherSourceAreRefused) {
  const Answer answer = send(event(1, R"(,"source":"other")"));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(figures().refused["source"], 1u);
  EXPECT_EQ(send(event(1, R"(,"source":"shop")")).status, 200);
}

TEST_F(TicketEventsTest, AnEventWithoutAnOpeningIsKept) {
  EXPECT_EQ(send(R"({"ticket":"never opened","seq":9,"at":1795000000,"type":"closed"})").status,
            200);
  EXPECT_EQ(desk_.kept.size(), 1u);
}

TEST_F(TicketEventsTest, InstantsThatNoClockCanHaveShownAreRefusedAndCounted) {
  const auto at = [](const std::string& instant) {
    return fmt::format(R"({{"ticket":"1","seq":1,"at":{},"type":"reaction"}})", instant);
  };
  for (const char* unset : {R"("1970-01-01T00:00:00Z")", "0", R"("1970-12-31T23:59:59Z")"}) {
    const Answer answer = send(at(unset));
    EXPECT_EQ(answer.status, 422) << unset;
    EXPECT_THAT(answer.body["refused"][0]["error"].get<std::string>(), HasSubstr("never set"));
  }
  EXPECT_EQ(figures().refused["unset"], 3u);
  EXPECT_EQ(send(at(R"("1969-12-31T23:59:59Z")")).status, 422);
  EXPECT_EQ(send(at("-1")).status, 422);
  EXPECT_EQ(send(at("9223372036854775807")).status, 422);
  EXPECT_EQ(send(at("1e300")).status, 422);
  const Answer ahead = send(at(R"("2026-11-30T00:00:01Z")"));
  EXPECT_EQ(ahead.status, 422);
  EXPECT_THAT(ahead.body["refused"][0]["error"].get<std::string>(),
              HasSubstr("2026-11-30T00:00:01Z, and here it is 2026-11-29T00:00:00Z"));
  EXPECT_EQ(figures().refused["ahead"], 1u);
  EXPECT_THAT(desk_.kept, IsEmpty());
}

TEST_F(TicketEventsTest, AnInstantLessThanADayAheadIsTakenAndCountedAsSkew) {
  EXPECT_EQ(send(R"({"ticket":"1","seq":1,"at":"2026-11-30T00:00:00Z","type":"reaction"})").status,
            200);
  EXPECT_EQ(figures().ahead, 1u);
}

TEST_F(TicketEventsTest, BodiesThatAreNoEventsGetAClearAnswer) {
  for (const std::string body :
       {"null", "42", "\"text\"", "[1,2]", "[{}", "{\"a\":", "]", "}", "[{},]", "[{} {}]", "[[{}]]",
        "ticket=4711&seq=1", "\xff\xfe", "{}garbage"}) {
    const Answer answer = send(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_TRUE(answer.body.contains("error")) << body;
  }
  EXPECT_EQ(figures().bad_bodies, 14u);
  EXPECT_EQ(send(R"({"ticket":{"ticket":{}},"seq":1})").status, 422);
  EXPECT_EQ(send("{}").status, 422);
  EXPECT_EQ(desk_.commits, 0);
}

TEST_F(TicketEventsTest, DeepNestingIsRefusedWithoutHarm) {
  const std::string deep = "{\"a\":" + std::string(300'000, '[') + std::string(300'000, ']') + "}";
  EXPECT_EQ(send(deep).status, 422);
  EXPECT_EQ(send(std::string(500'000, '[')).status, 400);
}

TEST_F(TicketEventsTest, TooManyEventsAreToBeSentInParts) {
  std::string body = "[{}";
  for (std::size_t i = 0; i < TicketEvents::kMaxEvents; ++i) body += ",{}";
  const Answer many = send(body + "]");
  EXPECT_EQ(many.status, 400);
  EXPECT_THAT(many.body["error"].get<std::string>(), HasSubstr("in parts"));
  const Answer few = send("[{},{}]" + std::string(10, ' '));
  EXPECT_EQ(few.body["refused"].size(), 2u);
}

TEST_F(TicketEventsTest, ALongListOfRefusalsIsCut) {
  std::string body = "[{}";
  for (int i = 0; i < 500; ++i) body += ",{}";
  const Answer answer = send(body + "]");
  EXPECT_EQ(answer.body["refused"].size(), TicketEvents::kMaxListed);
  EXPECT_THAT(answer.body["error"].get<std::string>(), HasSubstr("501 of 501"));
  EXPECT_EQ(figures().refused["form"], 501u);
}

TEST_F(TicketEventsTest, AHundredMegabytesAreRefusedByTheirHead) {
  fakes::RawHttp client(server_->ports()[0]);
  client.send(
      fmt::format("POST /api/v1/tickets/events HTTP/1.1\r\nHost: h\r\n"
                  "Authorization: Bearer {}\r\nContent-Length: 104857600\r\n\r\n[",
                  kToken));
  const auto response = client.read();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
}

TEST_F(TicketEventsTest, WhoHasNoTokenIsRefused) {
  for (const std::string authorization :
       {"", "Authorization: Bearer wrong\r\n", "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n", "Authorization: Basic dXNlcjpwYXNz\r\n",
        "Authorization: Bearer the token of the sho\r\n",
        "Authorization: Bearer the token of the shopp\r\n"}) {
    const Answer answer = post("/api/v1/tickets/events", event(1), authorization);
    EXPECT_EQ(answer.status, 401) << authorization;
    EXPECT_EQ(answer.headers.at("www-authenticate"), "Bearer");
  }
  EXPECT_EQ(events_.unauthorized(), 7u);
  EXPECT_EQ(desk_.commits, 0);
}

TEST_F(TicketEventsTest, OnlyPostsAreTaken) {
  EXPECT_EQ(fakes::get(server_->ports()[0], "/api/v1/tickets/events")->status, 405);
}

TEST_F(TicketEventsTest, AReloadKeepsWhatIsRememberedAndChangesTheToken) {
  send(event(1), "Idempotency-Key: k\r\n");
  events_.configure({source("shop", TicketSource::Type::webhook, "new")});
  EXPECT_EQ(send(event(1)).status, 401);
  const Answer answer = post("/api/v1/tickets/events", event(1),
                             "Authorization: Bearer new\r\nIdempotency-Key: k\r\n");
  EXPECT_EQ(answer.headers.at("idempotency-replayed"), "true");
  EXPECT_EQ(figures().accepted, 1u);
}

TEST_F(TicketEventsTest, UsersOfTheWebConfigurationAreAskedForPagesAndNotForWebhooks) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "ticket_events_web.yml";
  std::ofstream(file) << "basic_auth_users:\n"
                         "  ann: $2b$04$abcdefghijklmnopqrstuuO8ZWuXsyhBQVhTkcFHPVMFm3qzvO9ye\n";
  std::vector<Route> routes = events_.routes();
  routes.push_back({{"GET", "POST"}, "/page", [](const WebRequest& request) {
                      WebResponse page;
                      page.body = request.headers.contains("authorization") ? "seen" : "hidden";
                      return page;
                    }});
  WebOptions options;
  options.listen = {"127.0.0.1:0"};
  options.web_config_file = file;
  auto server = WebServer::start(options, routes);
  ASSERT_TRUE(server) << server.error();
  server_ = *std::move(server);
  EXPECT_EQ(post("/page", "", "").status, 401);
  EXPECT_EQ(post("/page", "", "Authorization: Bearer " + kToken + "\r\n").status, 401);
  EXPECT_EQ(send(event(1)).status, 200);
  EXPECT_EQ(post("/api/v1/tickets/events", event(1), "").status, 401);
  EXPECT_EQ(fakes::get(server_->ports()[0], "/api/v1/tickets/events")->status, 401);
}

// --- Zammad

std::string signature(const std::string& body, const std::string& key) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
  std::string text = "X-Hub-Signature: sha1=";
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text + "\r\n";
}

TEST_F(TicketEventsTest, TheSignatureIsTheOneOfRfc2202) {
  // Its second test case, spelled out so that a mistake in this file cannot hide one in the other.
  events_.configure({source("desk", TicketSource::Type::zammad, "Jefe")});
  const Answer answer = post("/api/v1/tickets/zammad/desk", "what do ya want for nothing?",
                             "X-Hub-Signature: sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_THAT(read_, ElementsAre("desk"));
}

TEST_F(TicketEventsTest, ASignedDeliveryMakesTheSourceBeReadOnce) {
  const std::string body = R"({"ticket":{"id":1},"article":{"body":"do not believe me"}})";
  const std::string headers = signature(body, kKey) + "X-Zammad-Delivery: 5a-1\r\n";
  EXPECT_EQ(post("/api/v1/tickets/zammad/desk", body, headers).body, (json{{"reading", true}}));
  EXPECT_EQ(post("/api/v1/tickets/zammad/desk", body, headers).body, (json{{"reading", false}}));
  EXPECT_THAT(read_, ElementsAre("desk"));
  EXPECT_EQ(figures("desk").deliveries, 2u);
  EXPECT_EQ(figures("desk").repeated_deliveries, 1u);
  EXPECT_EQ(desk_.commits, 0);
}

TEST_F(TicketEventsTest, OldDeliveriesAreForgottenSoThatMemoryIsBounded) {
  WebRequest request;
  request.path = "/api/v1/tickets/zammad/desk";
  request.headers["x-hub-signature"] = signature("", kKey).substr(17, 45);
  const auto handler = events_.routes()[1].handler;
  for (std::size_t i = 0; i <= TicketEvents::kRemembered; ++i) {
    request.headers["x-zammad-delivery"] = std::to_string(i);
    ASSERT_EQ(handler(request).status, 202);
  }
  request.headers["x-zammad-delivery"] = "0";
  EXPECT_EQ(handler(request).body, R"({"reading":true})");
}

TEST_F(TicketEventsTest, AWrongSignatureIsRefusedAndCounted) {
  const std::string path = "/api/v1/tickets/zammad/desk";
  EXPECT_EQ(post(path, "{}", signature("{}", "wrong key")).status, 401);
  EXPECT_EQ(post(path, "{ }", signature("{}", kKey)).status, 401);
  EXPECT_EQ(post(path, "{}", "").status, 401);
  EXPECT_EQ(post(path, "{}", "X-Hub-Signature: sha1=\r\n").status, 401);
  EXPECT_EQ(figures("desk").unauthorized, 4u);
  EXPECT_THAT(read_, IsEmpty());
}

TEST_F(TicketEventsTest, NamesThatAreNoZammadAreRefusedAlike) {
  for (const std::string name : {"nobody", "shop", "", "desk/", "open", "..%2fdesk"}) {
    const Answer answer =
        post("/api/v1/tickets/zammad/" + name, "{}", signature("{}", name == "shop" ? kToken : ""));
    EXPECT_EQ(answer.status, 401) << name;
    EXPECT_THAT(answer.body["error"].get<std::string>(), HasSubstr("the signature is not"));
  }
  EXPECT_THAT(read_, IsEmpty());
}

// --- cutting bodies into values

TEST(JsonValuesTest, BracketsInsideOfTextsDoNotCount) {
  const auto values = split_json_values(R"([{"a":"}]\""}, {"b":{"c":[1]}}])", 10);
  ASSERT_TRUE(values) << values.error();
  EXPECT_THAT(*values, ElementsAre(R"({"a":"}]\""})", R"({"b":{"c":[1]}})"));
}

TEST(JsonValuesTest, AnEmptyBodyHoldsNothing) {
  EXPECT_THAT(split_json_values(" \n", 1).value(), IsEmpty());
  EXPECT_THAT(split_json_values("[ ]", 1).value(), IsEmpty());
  EXPECT_FALSE(split_json_values("{}{}", 1));
}

}  // namespace
}  // namespace exporter

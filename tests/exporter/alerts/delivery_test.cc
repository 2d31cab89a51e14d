// The whole way of alerts on virtual time: several Alertmanagers, outages, refusals, mail in their
// place, restarts and reloads.
#include "exporter/alerts/delivery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/exporter/alerts/some_alerts.h"
#include "tests/exporter/config/memory_files.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/mail_peer.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// An Alertmanager that keeps what it is sent, and refuses what it is told to.
class AlertmanagerPeer {
 public:
  explicit AlertmanagerPeer(fakes::FakeLoop& loop) : loop_(loop) {}

  fakes::Behaviour behaviour() {
    fakes::Behaviour behaviour;
    behaviour.hear = [this](const probes::HttpRequest& request, fakes::Behaviour& answer) {
      answer.status = hear(request);
      if (answer.status == 400) answer.body = R"({"message":"bad \u0007label"})";
    };
    return behaviour;
  }

  std::set<std::string> bad;                // alert names that make it refuse a batch
  std::vector<std::string> heard;           // "name firing", "name resolved", in order
  std::vector<std::string> versions;        // each alert as it came, text for text
  std::vector<probes::HttpHeader> headers;  // of the last request
  std::size_t requests = 0, empty_requests = 0, largest = 0;

 private:
  int hear(const probes::HttpRequest& request) {
    EXPECT_EQ(request.method, "POST");
    headers = request.headers;
    ++requests;
    const json alerts = json::parse(request.body);
    if (alerts.empty()) ++empty_requests;
    largest = std::max(largest, alerts.size());
    int status = 200;
    for (const json& alert : alerts) {
      const std::string name = alert["labels"]["alertname"];
      if (bad.contains(name)) {
        status = 400;
        continue;
      }
      const auto now = std::chrono::floor<std::chrono::milliseconds>(loop_.wall_now());
      const bool ended = alert["endsAt"] <= alert_time(now.time_since_epoch().count());
      heard.push_back(name + (ended ? " resolved" : " firing"));
      versions.push_back(alert.dump());
    }
    return status;
  }

  fakes::FakeLoop& loop_;
};

constexpr const char* kOne = "http://one.example:9093/api/v2/alerts";
constexpr const char* kTwo = "http://two.example:9093/api/v2/alerts";
constexpr const char* kBoth =
    "  alertmanagers: [{static_configs: [{targets: ['one.example:9093', 'two.example:9093']}]}]\n";
constexpr const char* kMail =
    "  mail: {server: 'mail.example:25', security: none, from: sla@example.com, to: "
    "ops@a.example}\n";

class DeliveryOfAlerts : public testing::Test {
 protected:
  DeliveryOfAlerts() {
    net_.when(kOne).then([this](probes::WallTime) { return one_.behaviour(); });
    net_.when(kTwo).then([this](probes::WallTime) { return two_.behaviour(); });
    net_.when("mail.example:25").then([this](probes::WallTime) { return mail_.behaviour(); });
  }

  void configure(const std::string& alerting) {
    const ConfigResult config =
        load_text("services: {}\nplace: {name: Geneva}\nalerting:\n" + alerting,
                  {{"/etc/sla/token", "s3cret\n"}});
    ASSERT_TRUE(config.has_value()) << errors_of(config);
    delivery_->configure(std::make_shared<const Config>(*config), "http://here:9849/");
  }
  std::int64_t now() const {
    return std::chrono::floor<std::chrono::milliseconds>(loop_.wall_now())
        .time_since_epoch()
        .count();
  }
  void send(const std::string& name, bool resolved = false) {
    delivery_->send({notification(name, now(), resolved)});
  }
  // Alerts that fire at each minute from `from` on, and are told resolved at `to` and for a quarter
  // of an hour after it, as the evaluation of rules has it.
  struct Life {
    std::string name;
    int from, to;
  };
  void live(const std::vector<Life>& lives, int minutes) {
    for (int minute = 0; minute < minutes; ++minute) {
      for (const Life& life : lives) {
        if (minute >= life.from && minute < life.to) send(life.name);
        if (minute < life.to || minute > life.to + 15) continue;
        rules::Notification note =
            notification(life.name, now() - (minute - life.to) * kMinute, true);
        delivery_->send({note});
      }
      store();
      loop_.run_for(1min);
    }
  }
  void store() {
    for (const DeliveryChange& change : delivery_->changes()) {
      if (change.json) {
        rows_[{change.target, change.key}] = *change.json;
      } else {
        rows_.erase({change.target, change.key});
      }
    }
  }
  // The program ends and begins again, with what was stored last.
  void restart(const std::string& alerting) {
    delivery_.emplace(net_, DeliveryParts{.host = "here"});
    configure(alerting);
    std::vector<DeliveryRow> rows;
    rows.reserve(rows_.size());
    for (const auto& [name, json] : rows_) rows.push_back({name.first, name.second, json});
    delivery_->restore(rows);
  }
  probes::WallTime at(int minute) const { return loop_.wall_now() + minute * 1min; }

  fakes::FakeLoop loop_;
  fakes::SimNet net_{loop_};
  AlertmanagerPeer one_{loop_}, two_{loop_};
  fakes::MailPeer mail_;
  std::map<std::pair<std::string, std::string>, std::string> rows_;
  std::optional<Delivery> delivery_{std::in_place, net_, DeliveryParts{.host = "here"}};
};

TEST_F(DeliveryOfAlerts, GoesToEveryAlertmanagerAtOnce) {
  configure(kBoth);
  send("a");
  loop_.run_for(1s);
  EXPECT_THAT(one_.heard, ElementsAre("a firing"));
  EXPECT_EQ(two_.heard, one_.heard);
  EXPECT_THAT(one_.versions[0], HasSubstr("http://here:9849/graph?g0.expr=up+%3D%3D+0&g0.tab=1"));
  EXPECT_EQ(loop_.roots(), 0u);
}

TEST_F(DeliveryOfAlerts, AnHourWithoutOneOfThemLosesAndDoublesNothing) {
  configure(kBoth);
  net_.when(kTwo).but_between(at(5), at(65), fakes::refuses());
  const std::vector<Life> lives = {
      {"always", 0, 90}, {"within", 10, 30}, {"late", 40, 90}, {"before", 0, 20}, {"ends", 2, 60}};
  std::size_t most = 0;
  for (int minute = 0; minute < 64; ++minute) {
    std::vector<Life> now;
    now.reserve(lives.size());
    for (const Life& life : lives) now.push_back({life.name, life.from - minute, life.to - minute});
    live(now, 1);
    most = std::max(most, delivery_->figures().alertmanagers[1].waiting);
  }
  EXPECT_LE(most, lives.size());
  EXPECT_EQ(std::ranges::count(one_.heard, "always firing"), 64);
  EXPECT_EQ(std::ranges::count(two_.heard, "always firing"), 5);
  EXPECT_FALSE(delivery_->figures().alertmanagers[1].up);

  two_.heard.clear();
  loop_.run_for(3min);
  EXPECT_THAT(two_.heard,
              testing::UnorderedElementsAre("always firing", "late firing", "within resolved",
                                            "before resolved", "ends resolved"));
  std::vector<std::string> versions = two_.versions;
  std::ranges::sort(versions);
  EXPECT_TRUE(std::ranges::adjacent_find(versions) == versions.end());
  EXPECT_TRUE(delivery_->figures().alertmanagers[1].up);
  EXPECT_EQ(delivery_->figures().alertmanagers[1].waiting, 0u);
  EXPECT_EQ(delivery_->figures().alertmanagers[1].dropped, 0u);
}

TEST_F(DeliveryOfAlerts, AFailingAlertmanagerIsAskedLessAndLess) {
  configure(kBoth);
  net_.when(kTwo).but_between(at(0), at(60), fakes::status(503));
  live({{"a", 0, 60}}, 59);
  const auto figures = delivery_->figures().alertmanagers[1];
  EXPECT_GT(figures.errors, 55u);
  EXPECT_LT(figures.errors, 70u);
  EXPECT_EQ(figures.waiting, 1u);
  EXPECT_EQ(two_.requests, 59 - 59u);
}

TEST_F(DeliveryOfAlerts, ThatAnAlertmanagerIsBackIsNoticedWithoutAnAlert) {
  configure(kBoth);
  net_.when(kTwo).but_between(at(0), at(60), fakes::is_silent());
  send("a");
  loop_.run_for(62min);
  EXPECT_THAT(two_.heard, IsEmpty());  // its end has come long ago
  EXPECT_EQ(two_.empty_requests, 1u);
  EXPECT_TRUE(delivery_->figures().alertmanagers[1].up);
  EXPECT_EQ(loop_.roots(), 0u);
}

TEST_F(DeliveryOfAlerts, OnlyTheBadAlertIsGivenUp) {
  configure(kBoth);
  one_.bad = {"n007"};
  std::vector<rules::Notification> notes;
  notes.reserve(300);
  for (int i = 0; i < 300; ++i) notes.push_back(notification(fmt::format("n{:03}", i), now()));
  delivery_->send(notes);
  loop_.run_for(1min);
  EXPECT_THAT(std::set<std::string>(one_.heard.begin(), one_.heard.end()), SizeIs(299));
  EXPECT_THAT(two_.heard, SizeIs(300));
  EXPECT_EQ(two_.largest, AlertQueue::kMaxBatch);
  EXPECT_EQ(delivery_->figures().alertmanagers[0].dropped, 1u);
  EXPECT_EQ(delivery_->figures().alertmanagers[0].waiting, 0u);
}

TEST_F(DeliveryOfAlerts, ARedirectThatForgetsTheAlertsIsNoSuccess) {
  configure(kBoth);
  fakes::Behaviour moved = fakes::status(301);
  moved.headers = {{"Location", "https://one.example/"}};
  net_.when(kOne).then(moved);
  send("a");
  loop_.run_for(10s);
  EXPECT_EQ(delivery_->figures().alertmanagers[0].waiting, 1u);
  EXPECT_FALSE(delivery_->figures().alertmanagers[0].up);
  EXPECT_THAT(two_.heard, ElementsAre("a firing"));
}

TEST_F(DeliveryOfAlerts, TheBlockSaysHowAndWhat) {
  configure(R"(
  external_labels: {place: outside}
  alert_relabel_configs: [{source_labels: [alertname], regex: secret, action: drop}]
  alertmanagers:
    - path_prefix: am/
      scheme: https
      authorization: {credentials_file: token}
      http_headers: {X-Scope: {values: [sla]}}
      static_configs: [{targets: ['am.example'], labels: {side: left}}, {targets: [no.example], labels: {side: right}}]
      relabel_configs: [{source_labels: [side], regex: right, action: drop}]
      alert_relabel_configs: [{regex: severity, action: labeldrop}]
)");
  AlertmanagerPeer peer(loop_);
  net_.when("https://am.example/am/api/v2/alerts").then(peer.behaviour());
  send("a");
  send("secret");
  loop_.run_for(1s);
  EXPECT_THAT(peer.heard, ElementsAre("a firing"));
  EXPECT_THAT(peer.versions[0], HasSubstr(R"("labels":{"alertname":"a","place":"outside"})"));
  const auto header = [&](std::string_view name) {
    const auto found = std::ranges::find(peer.headers, name, &probes::HttpHeader::name);
    return found == peer.headers.end() ? "" : found->value;
  };
  EXPECT_EQ(header("Authorization"), "Bearer s3cret");
  EXPECT_EQ(header("Content-Type"), "application/json");
  EXPECT_EQ(header("X-Scope"), "sla");
  EXPECT_THAT(delivery_->figures().alertmanagers, SizeIs(1));
}

TEST_F(DeliveryOfAlerts, WhatWaitsSurvivesARestart) {
  configure(kBoth);
  net_.when(kTwo).but_between(at(0), at(12), fakes::refuses());
  live({{"a", 0, 60}, {"b", 0, 5}}, 8);
  restart(kBoth);
  EXPECT_EQ(delivery_->figures().alertmanagers[1].waiting, 2u);
  loop_.run_for(2min);
  send("a");
  loop_.run_for(5min);
  EXPECT_THAT(two_.heard, testing::UnorderedElementsAre("a firing", "b resolved"));
  store();
  EXPECT_THAT(rows_, IsEmpty());
}

TEST_F(DeliveryOfAlerts, AReloadKeepsTheQueueOfATargetThatStays) {
  configure(kBoth);
  net_.when(kOne).but_between(at(0), at(10), fakes::refuses());
  net_.when(kTwo).but_between(at(0), at(10), fakes::refuses());
  send("a");
  loop_.run_for(2s);
  store();
  EXPECT_THAT(rows_, SizeIs(2));
  configure("  alertmanagers: [{static_configs: [{targets: ['two.example:9093']}]}]\n");
  store();
  EXPECT_THAT(rows_, SizeIs(1));
  ASSERT_THAT(delivery_->figures().alertmanagers, SizeIs(1));
  EXPECT_EQ(delivery_->figures().alertmanagers[0].waiting, 1u);
  configure("  evaluate: elsewhere\n" + std::string(kBoth));
  EXPECT_THAT(delivery_->figures().alertmanagers, IsEmpty());
  store();
  EXPECT_THAT(rows_, IsEmpty());
  loop_.run_for(20min);
  EXPECT_EQ(one_.requests + two_.requests, 0u);
}

TEST_F(DeliveryOfAlerts, EndsAtOnce) {
  configure(std::string(kBoth) + kMail + "  heartbeat: {url: 'https://beat.example/'}\n");
  net_.when(kOne).then(fakes::is_silent());
  send("a");
  delivery_->evaluated(loop_.now());
  loop_.run_for(1s);
  delivery_.reset();
  loop_.run_ready();
  EXPECT_EQ(loop_.roots(), 0u);
  EXPECT_EQ(loop_.timers(), 0u);
}

TEST_F(DeliveryOfAlerts, MailStandsInUntilAnAlertmanagerAnswers) {
  configure(std::string(kBoth) + kMail);
  net_.when(kOne).but_between(at(3), at(63), fakes::refuses());
  net_.when(kTwo).but_between(at(3), at(33), fakes::is_silent());
  live({{"a", 0, 90}, {"b", 20, 90}, {"c", 40, 90}}, 50);
  std::vector<std::string> subjects;
  for (const auto& mail : mail_.mails()) {
    const std::size_t begin = mail.content.find("Subject: ") + 9;
    subjects.push_back(mail.content.substr(begin, mail.content.find('\r', begin) - begin));
  }
  EXPECT_THAT(subjects, ElementsAre("[FIRING:1] a (Geneva)", "[FIRING:1] b (Geneva)",
                                    "[OVER] Alertmanager answers again (Geneva)"));
  EXPECT_THAT(two_.heard, Contains("c firing"));
  EXPECT_EQ(delivery_->figures().mail.sent, 3u);
  EXPECT_FALSE(delivery_->figures().mail.active);
}

TEST_F(DeliveryOfAlerts, NoMailWhileOneOfSeveralAnswers) {
  configure(std::string(kBoth) + kMail);
  net_.when(kOne).then(fakes::refuses());
  live({{"a", 0, 60}}, 60);
  EXPECT_THAT(mail_.mails(), IsEmpty());
}

TEST_F(DeliveryOfAlerts, MailIsTheOnlyWayWithoutAlertmanagers) {
  configure(kMail);
  live({{"a", 0, 4}, {"b", 0, 30}}, 25);
  ASSERT_THAT(mail_.mails(), SizeIs(2));
  EXPECT_THAT(mail_.mails()[0].content, HasSubstr("[FIRING:2] a, b (Geneva)"));
  EXPECT_THAT(mail_.mails()[0].to, ElementsAre("ops@a.example"));
  EXPECT_THAT(mail_.mails()[1].content, HasSubstr("[RESOLVED:1] a (Geneva)"));
}

TEST_F(DeliveryOfAlerts, AFloodIsAMailAMinute) {
  configure(kMail);
  for (int second = 0; second < 600; ++second) {
    send(fmt::format("n{:03}", second));
    loop_.run_for(1s);
  }
  EXPECT_GE(mail_.mails().size(), 9u);
  EXPECT_LE(mail_.mails().size(), 10u);
}

TEST_F(DeliveryOfAlerts, AMailThatIsNotTakenIsTriedAgain) {
  configure(kMail);
  net_.when("mail.example:25").but_between(at(0), at(30), fakes::refuses());
  live({{"a", 0, 60}}, 40);
  ASSERT_THAT(mail_.mails(), SizeIs(1));
  EXPECT_GT(delivery_->figures().mail.failures, 25u);
  EXPECT_LT(delivery_->figures().mail.failures, 32u);
}

TEST_F(DeliveryOfAlerts, ARestartAmidAnOutageMailsNothingTwice) {
  const std::string alerting = std::string(kBoth) + kMail;
  configure(alerting);
  net_.when(kOne).but_between(at(0), at(60), fakes::refuses());
  net_.when(kTwo).but_between(at(0), at(60), fakes::refuses());
  live({{"a", 0, 90}}, 20);
  EXPECT_THAT(mail_.mails(), SizeIs(1));
  store();
  restart(alerting);
  live({{"a", 0, 90}}, 20);
  EXPECT_THAT(mail_.mails(), SizeIs(1));
  live({{"a", 0, 90}}, 30);
  ASSERT_THAT(mail_.mails(), SizeIs(2));
  EXPECT_THAT(mail_.mails()[1].content, HasSubstr("[OVER]"));
}

TEST_F(DeliveryOfAlerts, TheHeartbeatIsSilentWhenRulesAreNotEvaluated) {
  configure("  heartbeat: {url: 'https://beat.example/x', every: 30s}\n");
  auto& beat = net_.when("https://beat.example/x");
  loop_.run_for(10min);
  EXPECT_EQ(beat.attempts(), 0u);
  for (int minute = 0; minute < 10; ++minute) {
    delivery_->evaluated(loop_.now());
    loop_.run_for(1min);
  }
  EXPECT_EQ(beat.attempts(), 21u);  // at both ends of the ten minutes
  EXPECT_FALSE(delivery_->figures().heartbeat.silent);
  // The default interval is a minute, so after three of them somebody must be told.
  loop_.run_for(1h);
  EXPECT_LE(beat.attempts(), 25u);
  EXPECT_GE(beat.attempts(), 24u);
  EXPECT_TRUE(delivery_->figures().heartbeat.silent);
  delivery_->evaluated(loop_.now());
  loop_.run_for(1min);
  EXPECT_LE(beat.attempts(), 27u);
  EXPECT_FALSE(delivery_->figures().heartbeat.silent);
}

TEST_F(DeliveryOfAlerts, AHeartbeatThatIsNotHeardIsCounted) {
  configure("  heartbeat: {url: 'https://beat.example/x', every: 30s, method: GET}\n");
  net_.when("https://beat.example/x").but_between(at(0), at(5), fakes::status(500));
  for (int minute = 0; minute < 10; ++minute) {
    delivery_->evaluated(loop_.now());
    loop_.run_for(1min);
  }
  EXPECT_EQ(delivery_->figures().heartbeat.failures, 10u);
  EXPECT_EQ(delivery_->figures().heartbeat.sent, 10u);
}

}  // namespace
}  // namespace exporter

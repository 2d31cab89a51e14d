// Notices from the desk to the team: each once, over restarts as well, and none lost.
#include "exporter/notices/notifier.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>

#include "tests/exporter/notices/some_notices.h"
#include "tests/fakes/faulty_vfs.h"

namespace exporter::notices_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Type = TicketEventType;
using enum TicketActor;

// Monday, 08:00 in Geneva.
const Seconds kMorning = at("2026-11-23T07:00:00Z");

std::string field(const std::string& mail, std::string_view name) {
  const std::size_t begin = mail.find(name);
  if (begin == std::string::npos) return "";
  const std::size_t end = mail.find("\r\n", begin);
  return mail.substr(begin + name.size(), end - begin - name.size());
}

class Notices : public testing::Test {
 protected:
  struct Hook {
    std::string id;
    nlohmann::json body;
    probes::TimePoint at;
  };

  Notices() {
    loop_.step_wall(kMorning - loop_.wall_now());
    net_.when("mail.example:25").then(mail_.behaviour());
    hear_hooks();
  }
  void hear_hooks(int status = 200) {
    ::fakes::Behaviour hears;
    hears.status = status;
    hears.hear = [this](const probes::HttpRequest& request, ::fakes::Behaviour&) {
      Hook hook;
      for (const probes::HttpHeader& header : request.headers) {
        if (header.name == "Idempotency-Key") hook.id = header.value;
      }
      hook.body = nlohmann::json::parse(request.body);
      hook.at = loop_.now();
      hooks_.push_back(std::move(hook));
      if (killed_by_hook_) life_->executor.alive = false;
    };
    net_.when("http://hook.example/notices").then(hears);
  }
  void begin() {
    life_.reset();
    life_ = std::make_unique<Life>(loop_, net_, folder_, config_, notes_);
  }
  void run_to(std::string_view time) { loop_.run_until_wall(at(time)); }
  // Up to where the first notice is recorded and nothing is sent yet.
  void run_to_intention() {
    run_to("2026-11-23T09:59:59Z");
    for (int step = 0; step < 5000 && life_->desk.store()->notices_waiting()->empty(); ++step) {
      loop_.run_for(1ms);
    }
  }
  std::vector<std::string> stages() const {
    std::vector<std::string> stages;
    for (const Hook& hook : hooks_) {
      stages.push_back(
          fmt::format("{} {}", hook.body.value("ticket", "-"), hook.body.value("stage", "-")));
    }
    return stages;
  }
  std::vector<std::string> subjects() const {
    std::vector<std::string> subjects;
    for (const auto& mail : mail_.mails()) subjects.push_back(field(mail.content, "Subject: "));
    return subjects;
  }
  void open(const std::string& ticket, Seconds time = kMorning) {
    life_->say({event(ticket, 1, time, Type::opened, customer)});
  }

  ::fakes::FakeLoop loop_;
  ::fakes::SimNet net_{loop_};
  ::fakes::MailPeer mail_;
  Folder folder_;
  Config config_ = office();
  std::vector<Hook> hooks_;
  std::vector<std::string> notes_;
  bool killed_by_hook_ = false;
  std::unique_ptr<Life> life_;
};

TEST_F(Notices, TellTheTeamOnceThatATicketIsAtRiskAndOnceThatItIsLate) {
  begin();
  open("4711");
  run_to("2026-11-23T09:59:00Z");
  EXPECT_THAT(stages(), IsEmpty());
  run_to("2026-11-23T10:00:05Z");
  EXPECT_THAT(stages(), ElementsAre("4711 at_risk"));
  run_to("2026-11-24T20:00:00Z");
  EXPECT_THAT(stages(), ElementsAre("4711 at_risk", "4711 breached"));
  EXPECT_THAT(subjects(),
              ElementsAre("[AT RISK] ticket 4711, level first: due 2026-11-23 12:00 (UTC+01:00)",
                          "[BREACHED] ticket 4711, level first: was due 2026-11-23 12:00 "
                          "(UTC+01:00)"));
  EXPECT_EQ(life_->desk.view()->notices.at({"first", "breached", true}), 2u);
}

TEST_F(Notices, SayWhichTicketAndNothingOfACustomer) {
  begin();
  open("4711");
  run_to("2026-11-23T11:00:05Z");
  ASSERT_THAT(hooks_, SizeIs(2));
  const nlohmann::json expected = {
      {"stage", "breached"},        {"source", "rt"},
      {"ticket", "4711"},           {"level", "first"},
      {"agreement", "published"},   {"instance", 1},
      {"state", "breached_open"},   {"due", "2026-11-23T11:00:00Z"},
      {"target_seconds", 14'400},   {"breach_after", "2026-11-23T11:00:00Z"},
      {"business_seconds", 14'401}, {"url", "https://rt.example.com/Ticket/Display.html?id=4711"}};
  EXPECT_EQ(hooks_[1].body, expected);
  ASSERT_THAT(mail_.mails(), SizeIs(2));
  const auto& mail = mail_.mails()[1];
  EXPECT_THAT(mail.to, ElementsAre("first@example.com"));
  EXPECT_THAT(mail.content,
              AllOf(HasSubstr("Source:    rt\r\n"), HasSubstr("State:     breached\r\n"),
                    HasSubstr("Used:      4 h 00 min of 4 h 00 min\r\n"),
                    HasSubstr("/Ticket/Display.html?id=3D4711\r\n"),
                    HasSubstr("SLA Exporter at geneva\r\n")));
}

TEST_F(Notices, TellNothingOfATicketThatWasAnsweredInTime) {
  begin();
  open("1");
  run_to("2026-11-23T09:30:00Z");
  life_->say({event("1", 2, at("2026-11-23T09:30:00Z"), Type::reaction, agent)});
  run_to("2026-11-23T20:00:00Z");
  EXPECT_THAT(stages(), IsEmpty());
  EXPECT_THAT(subjects(), IsEmpty());
}

TEST_F(Notices, OfEachLateTicketAreTold) {
  begin();
  for (int ticket = 1; ticket <= 300; ++ticket) open(std::to_string(ticket));
  run_to("2026-11-23T10:30:00Z");
  EXPECT_THAT(stages(), SizeIs(300));
  EXPECT_THAT(subjects(), SizeIs(300));
}

TEST_F(Notices, ARestartAtAnyMomentRepeatsNothing) {
  begin();
  open("1");
  open("2", kMorning + 10min);
  std::mt19937 random(20'261'129);
  while (life_->now() < at("2026-11-23T11:30:00Z")) {
    loop_.run_for(std::chrono::seconds(std::uniform_int_distribution(1, 900)(random)));
    begin();
  }
  loop_.run_for(60s);
  EXPECT_THAT(stages(), UnorderedElementsAre("1 at_risk", "2 at_risk", "1 breached", "2 breached"));
  EXPECT_THAT(subjects(), SizeIs(4));
}

TEST_F(Notices, AKillBetweenIntentionAndSendingLosesNone) {
  begin();
  open("1");
  // The step of this second has recorded it; the answer of the network takes 20 ms.
  run_to_intention();
  EXPECT_THAT(stages(), IsEmpty());
  EXPECT_THAT(subjects(), IsEmpty());
  begin();
  loop_.run_for(10s);
  EXPECT_THAT(stages(), ElementsAre("1 at_risk"));
  EXPECT_THAT(subjects(), SizeIs(1));
}

TEST_F(Notices, AKillBetweenSendingAndResultRepeatsOneWithTheSameId) {
  begin();
  open("1");
  killed_by_hook_ = true;
  run_to("2026-11-23T10:00:10Z");
  ASSERT_THAT(hooks_, SizeIs(1));
  killed_by_hook_ = false;
  begin();
  run_to("2026-11-23T10:30:00Z");
  begin();
  run_to("2026-11-23T10:59:00Z");
  ASSERT_THAT(hooks_, SizeIs(2));
  EXPECT_EQ(hooks_[0].id, hooks_[1].id);
  EXPECT_THAT(hooks_[0].id, SizeIs(32));
  EXPECT_EQ(hooks_[0].body, hooks_[1].body);
  std::vector<std::string> ids;
  for (const auto& mail : mail_.mails()) ids.push_back(field(mail.content, "Message-ID: "));
  ASSERT_FALSE(ids.empty());
  EXPECT_EQ(std::ranges::count(ids, ids.front()), std::ssize(ids));
  EXPECT_THAT(ids.front(), testing::EndsWith("@example.com>"));
}

TEST_F(Notices, NothingIsSentThatCannotBeRecorded) {
  fakes::FaultyVfs disk;
  begin();
  open("1");
  run_to("2026-11-23T09:59:30Z");
  disk.fail(fakes::FaultyVfs::Operation::write, 1, fakes::FaultyVfs::Fault::disk_full, true);
  run_to("2026-11-23T10:05:00Z");
  EXPECT_TRUE(disk.met());
  EXPECT_THAT(stages(), IsEmpty());
  disk.heal();
  run_to("2026-11-23T10:06:00Z");
  EXPECT_THAT(stages(), ElementsAre("1 at_risk"));
  life_.reset();
}

TEST_F(Notices, AResultThatCannotBeWrittenIsWrittenLater) {
  fakes::FaultyVfs disk;
  begin();
  open("1");
  run_to_intention();
  disk.fail(fakes::FaultyVfs::Operation::write, 1, fakes::FaultyVfs::Fault::disk_full, true);
  loop_.run_for(30s);
  EXPECT_TRUE(disk.met());
  disk.heal();
  loop_.run_for(5s);
  begin();
  run_to("2026-11-23T10:30:00Z");
  EXPECT_THAT(stages(), ElementsAre("1 at_risk"));
  EXPECT_THAT(subjects(), SizeIs(1));
  life_.reset();
}

TEST_F(Notices, WhatIsNotTakenIsTriedLessAndLessAndGoesOutOnce) {
  begin();
  hear_hooks(503);
  open("1");
  run_to("2026-11-23T10:04:00Z");
  ASSERT_THAT(hooks_, SizeIs(4));  // after 30, 60 and 120 s
  EXPECT_GT(hooks_[2].at - hooks_[1].at, 59s);
  EXPECT_GT(hooks_[3].at - hooks_[2].at, 119s);
  EXPECT_THAT(subjects(), SizeIs(1));  // no way waits for another
  hear_hooks(200);
  begin();  // does not begin anew
  run_to("2026-11-23T10:07:00Z");
  EXPECT_THAT(stages(), SizeIs(4));
  run_to("2026-11-23T10:50:00Z");
  EXPECT_THAT(stages(), SizeIs(5));
}

TEST_F(Notices, WhatNobodyTakesForADayIsGivenUp) {
  begin();
  hear_hooks(503);
  open("1");
  run_to("2026-11-25T10:00:00Z");
  const auto view = life_->desk.view();
  EXPECT_EQ(view->notices.at({"first", "at_risk", false}), 1u);
  EXPECT_EQ(view->notices.at({"first", "breached", false}), 1u);
  EXPECT_EQ(view->notices.at({"first", "breached", true}), 1u);
  const std::size_t asked = hooks_.size();
  EXPECT_LT(asked, 120u);
  begin();
  run_to("2026-11-25T14:00:00Z");
  EXPECT_THAT(stages(), SizeIs(asked));
}

TEST_F(Notices, WhoeverTurnsThemOnIsNotTurnedOverToThePast) {
  const TicketNotices later = config_.support.notices;
  config_.support.notices = {};
  begin();
  open("1");
  open("2", kMorning + 3h);
  run_to("2026-11-23T11:30:00Z");
  config_.support.notices = later;
  life_->configure(config_);
  run_to("2026-11-24T20:00:00Z");
  EXPECT_THAT(stages(), ElementsAre("2 at_risk", "2 breached"));
}

TEST_F(Notices, ANoticeWhoseTeamIsGoneIsGivenUp) {
  begin();
  hear_hooks(503);
  open("1");
  run_to("2026-11-23T10:00:05Z");
  config_.support.notices.teams.clear();
  life_->configure(config_);
  run_to("2026-11-23T10:10:00Z");
  EXPECT_THAT(stages(), SizeIs(1));
  EXPECT_THAT(*life_->desk.store()->notices_waiting(), IsEmpty());
}

TEST_F(Notices, AreLeftOnTheTicketWhereItsSourceSaysSo) {
  config_.support.notices.teams.clear();
  config_.support.sources[0].internal_notes = true;
  begin();
  open("1");
  run_to("2026-11-23T11:10:00Z");
  begin();
  run_to("2026-11-23T13:10:00Z");
  EXPECT_THAT(notes_,
              ElementsAre(HasSubstr("rt 1: SLA: the reaction of level first is at risk; it is due "
                                    "2026-11-23 12:00 (UTC+01:00). Used: 3 h 00 min of 4 h 00 "
                                    "min."),
                          HasSubstr("is late; it was due 2026-11-23 12:00")));
  EXPECT_THAT(stages(), IsEmpty());
}

TEST_F(Notices, AMorningListSaysWhatTheDayBringsOnce) {
  config_.support.notices.morning_list = "08:00";
  begin();
  open("1");  // late from Monday noon on
  run_to("2026-11-23T15:00:00Z");
  open("2", kMorning + 8h);  // one hour on Monday: due on Tuesday at 11:00
  run_to("2026-11-24T07:00:05Z");
  begin();
  run_to("2026-11-24T07:30:00Z");
  ASSERT_THAT(stages(), ElementsAre("1 at_risk", "1 breached", "- morning"));
  const nlohmann::json& list = hooks_.back().body;
  EXPECT_EQ(list.at("day"), "2026-11-24");
  EXPECT_EQ(list.at("breached").at(0).at("ticket"), "1");
  EXPECT_EQ(list.at("at_risk_total"), 0);
  EXPECT_EQ(list.at("due_today").at(0).at("ticket"), "2");
  EXPECT_EQ(list.at("due_today_total"), 1);
  EXPECT_THAT(mail_.mails().back().content,
              AllOf(HasSubstr("Subject: [TODAY] level first, 2026-11-24: 1 breached, 0 at risk, 1 "
                              "due today\r\n"),
                    HasSubstr("* 1 (rt), due 2026-11-23 12:00"), Not(HasSubstr("At risk:"))));
}

TEST_F(Notices, AMorningWithoutTicketsIsSilentAllDay) {
  config_.support.notices.morning_list = "08:00";
  begin();
  run_to("2026-11-24T07:00:05Z");
  open("1", at("2026-11-24T07:00:04Z"));
  begin();
  run_to("2026-11-24T09:00:00Z");
  EXPECT_THAT(stages(), IsEmpty());
  EXPECT_THAT(subjects(), IsEmpty());
}

}  // namespace
}  // namespace exporter::notices_test

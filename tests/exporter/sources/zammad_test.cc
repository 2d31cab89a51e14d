// How far Zammad was read, and that the events are the same whatever goes wrong on the way.
#include "exporter/sources/zammad.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/exporter/sources/zammad_fixture.h"

namespace exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// --- how far

TEST_F(ZammadTest, PagesAreReadUntilNothingIsLeft) {
  source_.page = 10;
  for (int i = 0; i < 137; ++i) desk_.open_by_mail(kDay + i * 1min, nicole_, "Support");
  loop_.run_until_wall(kDay + 3h);
  read_all();
  EXPECT_EQ(kept_.size(), 137u);
  EXPECT_EQ(desk_.requests("/api/v1/ticket_history/"), 137u);
  EXPECT_EQ(desk_.largest_page(), 10);
  EXPECT_THAT(read_until_, ::testing::Optional(::testing::Ge(kDay + 3h - 60s)));
}

TEST_F(ZammadTest, MoreTicketsOfOneSecondThanAPageHoldsAreAllRead) {
  source_.page = 7;
  std::vector<ZammadDesk::Id> tickets;
  for (int i = 0; i < 60; ++i) tickets.push_back(desk_.open_by_mail(kDay + 1h, nicole_, "Support"));
  // Some change between two pages, so that the rest moves up.
  int pages = 0;
  desk_.before_request = [&](const std::string& path) {
    if (path != "/api/v1/tickets/search" || ++pages > 8) return;
    desk_.set_updated(tickets[static_cast<std::size_t>(pages)], kDay + 2h);
  };
  read_all();
  EXPECT_EQ(kept_.size(), 60u);
}

TEST_F(ZammadTest, ATicketIsReadAgainOnlyWhenItChanged) {
  const auto ticket = desk_.open_by_mail(kDay + 1h, nicole_, "Support");
  desk_.open_by_mail(kDay + 1h, nicole_, "Support");
  loop_.run_until_wall(kDay + 1h);
  for (int i = 0; i < 5; ++i) {
    loop_.run_for(60s);
    read_all();
  }
  EXPECT_EQ(desk_.requests("/api/v1/ticket_history/"), 2u);
  desk_.reply(ticket, kDay + 1h + 6min, ann_);
  read_all();
  EXPECT_EQ(desk_.requests("/api/v1/ticket_history/"), 3u);
  EXPECT_EQ(story(ticket).size(), 2u);
}

TEST_F(ZammadTest, AChangeThatIsSeenLateIsNotLost) {
  desk_.open_by_mail(kDay + 2h, nicole_, "Support");
  loop_.run_until_wall(kDay + 2h);
  read_all();
  // Dated before what was read already, but visible only now.
  const auto late = desk_.open_by_mail(kDay + 2h - 4min, nicole_, "Support");
  read_all();
  EXPECT_THAT(story(late), ElementsAre("opened:customer:first"));
}

TEST_F(ZammadTest, AClockThatWasAheadDoesNotHideWhatIsWrittenOnceItIsRight) {
  desk_.open_by_mail(kDay + 1h, nicole_, "Support");
  const auto ahead = desk_.open_by_mail(kDay + 24h * 365, nicole_, "Support");
  loop_.run_until_wall(kDay + 1h);
  read_all();
  EXPECT_EQ(story(ahead).size(), 1u);
  loop_.run_until_wall(kDay + 3h);
  const auto later = desk_.open_by_mail(kDay + 3h, nicole_, "Support");
  read_all();
  EXPECT_EQ(story(later).size(), 1u);
  EXPECT_EQ(desk_.requests("/api/v1/ticket_history/"), 3u);
}

TEST_F(ZammadTest, TicketsOpenedBeforeTheBeginningAreNotLookedAt) {
  source_.since = kDay + 12h;
  const auto old = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.reply(old, kDay + 13h, ann_);
  const auto fresh = desk_.open_by_mail(kDay + 12h, nicole_, "Support");
  read_all();
  EXPECT_THAT(story(old), IsEmpty());
  EXPECT_THAT(story(fresh), ElementsAre("opened:customer:first"));
  EXPECT_EQ(desk_.requests("/api/v1/ticket_history/"), 1u);
}

TEST_F(ZammadTest, ACursorOfSomebodyElseBeginsAnew) {
  desk_.open_by_mail(kDay, nicole_, "Support");
  for (const char* cursor : {"rubbish", "{}", "[1]", R"({"after":1,"page":0,"newest":1})",
                             R"({"after":"x","page":1,"newest":1})"}) {
    cursor_ = cursor;
    read_all();
    EXPECT_EQ(kept_.size(), 1u) << cursor;
    kept_.clear();
  }
}

TEST_F(ZammadTest, RequestsCarryTheTokenAndAskTheDatabase) {
  read_all();
  EXPECT_THAT(desk_.last_request(), HasSubstr("condition%5Bticket.updated_at%5D"));
  EXPECT_THAT(desk_.last_request(), Not(HasSubstr("query=")));
  bool found = false;
  for (const auto& [name, value] : desk_.last_headers())
    found = found || (name == "Authorization" && value == "Token token=secret");
  EXPECT_TRUE(found);
}

// --- what goes wrong

TEST_F(ZammadTest, ALimitSaysWhenToComeBack) {
  desk_.answer("/api/v1/tickets/search", 429, "{}");
  const SourceResult result = read_once();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::rate_limited);
}

TEST_F(ZammadTest, AWrongTokenSaysWhatIsNeeded) {
  desk_.answer("/api/v1/tickets/search", 403, R"({"error":"Not authorized"})");
  const SourceResult result = read_once();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::auth);
  EXPECT_THAT(result.error().message, HasSubstr("ticket.agent"));
  EXPECT_THAT(result.error().message, Not(HasSubstr("secret")));
}

TEST_F(ZammadTest, AnswersThatAreNoneAreErrorsAndChangeNothing) {
  desk_.open_by_mail(kDay, nicole_, "Support");
  for (const char* body : {"", "[", "{}", "null", "<html>", "[{}]", R"([{"id":1}])",
                           R"([{"id":"x","created_at":"2026-01-01T00:00:00Z"}])"}) {
    desk_.answer("/api/v1/tickets/search", 200, body);
    const SourceResult result = read_once();
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().reason, Reason::answer) << body;
  }
}

TEST_F(ZammadTest, ATicketThatCannotBeReadHoldsUpNeitherTheOthersNorTheRest) {
  source_.page = 5;
  std::vector<ZammadDesk::Id> tickets;
  for (int i = 0; i < 20; ++i)
    tickets.push_back(desk_.open_by_mail(kDay + i * 1min, nicole_, "Support"));
  const std::string path = fmt::format("/api/v1/ticket_history/{}", tickets[2]);
  desk_.answer(path, 500, "{}");
  read_all();
  EXPECT_EQ(kept_.size(), 19u);
  EXPECT_EQ(unmapped_.at("unreadable_ticket"), 1u);
  EXPECT_EQ(desk_.requests(path), static_cast<unsigned>(ZammadReader::kMaxAttempts));
  desk_.heal(path);
  desk_.reply(tickets[2], kDay + 5h, ann_);
  read_all();
  EXPECT_THAT(story(tickets[2]), ElementsAre("opened:customer:first", "reaction:agent"));
}

TEST_F(ZammadTest, OnlyFailuresInARowMakeUsPassATicketOver) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  const std::string path = fmt::format("/api/v1/ticket_history/{}", ticket);
  for (int change = 0; change < 3; ++change) {
    desk_.answer(path, 500, "{}");
    for (int i = 1; i < ZammadReader::kMaxAttempts; ++i) EXPECT_FALSE(read_once());
    desk_.heal(path);
    read_all();
    desk_.reply(ticket, kDay + (change + 1) * 1h, ann_);
  }
  EXPECT_THAT(unmapped_, IsEmpty());
  read_all();
  EXPECT_EQ(story(ticket).size(), 4u);
}

TEST_F(ZammadTest, AMissingHistoryOfATicketThatIsThereIsNoDeletion) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  const std::string path = fmt::format("/api/v1/ticket_history/{}", ticket);
  desk_.answer(path, 404, "{}");
  const SourceResult result = read_once();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("Zammad's log"));
  desk_.heal(path);
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:first"));
}

TEST_F(ZammadTest, WhatWasReadBeforeAnErrorIsKept) {
  for (int i = 0; i < 5; ++i) desk_.open_by_mail(kDay + i * 1min, nicole_, "Support");
  desk_.answer("/api/v1/ticket_history/3", 403, "{}");
  const SourceResult first = read_once();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->events.size(), 2u);
  EXPECT_TRUE(first->more);
  EXPECT_FALSE(first->read_until);
  keep(*first);
  ASSERT_FALSE(read_once());
  desk_.heal("/api/v1/ticket_history/3");
  read_all();
  EXPECT_EQ(kept_.size(), 5u);
  EXPECT_EQ(desk_.requests("/api/v1/ticket_history/1"), 1u);
}

TEST_F(ZammadTest, OurNoteIsInternalAndNobodysReaction) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Experts");
  const std::string id = std::to_string(ticket);
  loop_.run_until_wall(kDay + 1h);
  ASSERT_TRUE(loop_.run_task(reader().leave_note(id, "due at 12:00 \"<&>")));
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:second"));
  desk_.answer("/api/v1/ticket_articles", 422, "{}");
  const auto refused = loop_.run_task(reader().leave_note(id, "text"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::answer);
}

// --- all of it

// Some days of a busy desk: every operation at random, in the order of time.
class Scenario {
 public:
  Scenario(ZammadDesk& desk, std::uint64_t seed) : desk_(desk), random_(seed) {
    ann_ = desk_.add_agent("ann@example.com");
    bob_ = desk_.add_agent("bob@example.com");
    nicole_ = desk_.add_customer("nicole@example.com");
  }

  void step(Seconds at) {
    if (tickets_.size() < 3 || random_() % 4 == 0) {
      tickets_.push_back(desk_.open_by_mail(at, nicole_, pick({"Support", "Experts"})));
      desk_.number_mail(tickets_.back(), at + 1s);
      return;
    }
    act(tickets_[random_() % tickets_.size()], at);
  }

 private:
  std::string pick(std::vector<std::string> of) { return of[random_() % of.size()]; }

  void act(ZammadDesk::Id ticket, Seconds at) {
    const auto agent = random_() % 2 == 0 ? ann_ : bob_;
    switch (random_() % 9) {
      case 0:
        return desk_.reply(ticket, at, agent);
      case 1:
        return desk_.note(ticket, at, agent, pick({"text", "[faq searched]"}));
      case 2:
        return desk_.customer_mail(ticket, at, nicole_, random_() % 3 == 0);
      case 3:
        desk_.change(ticket, at, agent, "group", pick({"Support", "Experts", "Legal", "Sales"}));
        return desk_.note(ticket, at + 1s, agent);
      case 4:
        return desk_.change(ticket, at, agent, "state", pick({"open", "closed", "pending close"}));
      case 5:
        return desk_.change(ticket, at, ZammadDesk::kSystem, "group", pick({"Support", "Legal"}));
      case 6:
        return desk_.tag(ticket, at, agent, pick({"dns-checked", "spam", "vip"}));
      case 7:
        return desk_.change(ticket, at, agent, "region", pick({"EU", "US", "Asia"}));
      default:
        return merge(ticket, at, agent);
    }
  }

  void merge(ZammadDesk::Id ticket, Seconds at, ZammadDesk::Id agent) {
    const auto into = tickets_[random_() % tickets_.size()];
    if (into == ticket || random_() % 4 != 0) return;
    desk_.merge(ticket, into, at, agent);
    std::erase(tickets_, ticket);
  }

  ZammadDesk& desk_;
  std::mt19937_64 random_;
  ZammadDesk::Id ann_ = 0, bob_ = 0, nicole_ = 0;
  std::vector<ZammadDesk::Id> tickets_;
};

class ZammadFaultsTest : public ZammadTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(ZammadFaultsTest, WhateverGoesWrongTheEventsAreTheSameInTheEnd) {
  SCOPED_TRACE(fmt::format("seed {}", GetParam()));
  std::mt19937_64 random(GetParam());
  Scenario scenario(desk_, GetParam());
  source_.page = 5;
  desk_.set_faults({.seed = GetParam(), .of_hundred = 15});
  net_.interfere([&](probes::WallTime) -> std::optional<fakes::Behaviour> {
    if (random() % 50 == 0) return fakes::is_silent();
    if (random() % 50 == 0) return fakes::refuses();
    return std::nullopt;
  });
  int failures = 0;
  for (int step = 0; step < 150; ++step) {
    const Seconds now = std::chrono::floor<std::chrono::seconds>(loop_.wall_now());
    scenario.step(now);
    loop_.run_for(std::chrono::seconds(random() % 200));
    if (random() % 4 == 0) {
      const SourceResult result = read_once();
      if (result) keep(*result);
      if (!result) ++failures;
    }
    if (random() % 20 == 0) reader_.reset();  // a restart; the cursor is what was committed
  }
  read_all();
  EXPECT_GT(failures, 0);
  EXPECT_EQ(unmapped_.count("unreadable_ticket"), 0u);

  // The same desk, read in one go by somebody new and without a fault.
  const auto stepwise = std::exchange(kept_, {});
  desk_.set_faults({});
  net_.interfere(nullptr);
  reader_.reset();
  cursor_.clear();
  read_all();
  EXPECT_GT(kept_.size(), 150u);
  EXPECT_EQ(stepwise, kept_);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ZammadFaultsTest, ::testing::Range<std::uint64_t>(1, 25));

}  // namespace
}  // namespace exporter

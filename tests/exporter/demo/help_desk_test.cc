// The help desk of the demo company, by what its file says: judged by the configuration that goes
// with it and by the same fold as in the exporter. Time is passed in; no company is open but where
// its control page is asked.
#include "exporter/demo/help_desk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "exporter/config/load.h"
#include "exporter/demo/config_file.h"
#include "exporter/ticket/foreign_event.h"
#include "exporter/ticket/ticket.h"

namespace exporter::demo {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A Wednesday in November.
constexpr Instant kNow{seconds(1'795'600'000)};

// How open clocks stand, and what was decided in the whole month before.
struct Standing {
  std::map<std::string, std::map<ClockState, int>> open;
  std::map<std::string, std::pair<int, int>> met_missed;
};

class DemoHelpDesk : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(testing::TempDir()) / ("help-desk-" + std::string(test->name()));
    std::filesystem::remove_all(folder_);
    file_ = ticket_file_beside(folder_ / "sla.yml");
    auto company = DemoCompany::start({.ticket_file = file_});
    ASSERT_TRUE(company.has_value()) << company.error();
    ASSERT_TRUE(write_config(**company, folder_ / "sla.yml").has_value());
    company->reset();
    std::filesystem::remove(file_);
    const ConfigResult config = load_config(folder_ / "sla.yml");
    ASSERT_TRUE(config.has_value());
    auto rules = SupportRules::compile(config->support.terms);
    ASSERT_TRUE(rules.has_value()) << rules.error();
    rules_ = *std::move(rules);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void open(Instant now) {
    desk_.reset();
    auto opened = HelpDesk::open(file_, now);
    ASSERT_TRUE(opened.has_value()) << opened.error();
    desk_ = *std::move(opened);
  }

  // Second by second, as the company does.
  void let_pass(Instant& now, seconds duration) {
    for (const Instant end = now + duration; now < end;) desk_->advance(now += seconds(1));
  }

  void stamp(Instant time) {
    const std::timespec at{.tv_sec = time.time_since_epoch().count(), .tv_nsec = 0};
    const std::timespec times[] = {at, at};
    ASSERT_EQ(utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  }

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }

  // Tickets by their number; fails for a line that an exporter would refuse, a gap and a step back.
  std::map<std::string, Ticket> tickets(Instant now) const {
    std::map<std::string, Ticket> found;
    std::istringstream lines(text());
    for (std::string line; std::getline(lines, line);) {
      const auto event = read_foreign_event(line, "help_desk", now);
      if (!event) {
        ADD_FAILURE() << line << ": " << event.error().message;
        continue;
      }
      Ticket& ticket = found[event->ticket];
      EXPECT_EQ(event->seq, std::max<std::int64_t>(ticket.last_seq(), 0) + 1) << line;
      EXPECT_LE(event->at, now) << line;
      ticket.apply(*event, *rules_);
      EXPECT_EQ(ticket.skews(), 0U) << line;
    }
    return found;
  }

  Standing standing(Instant now) const {
    Standing result;
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
    const std::chrono::year_month month(today.year(), today.month());
    const Seconds begin = std::chrono::sys_days((month - std::chrono::months(1)) / 1);
    const Seconds end = std::chrono::sys_days(month / 1);
    for (const auto& [name, ticket] : tickets(now)) {
      for (const ReactionClock& clock : ticket.clocks()) {
        const ClockReading reading = read_clock(clock, *rules_, now);
        if (&clock == ticket.open_clock()) ++result.open[clock.level][reading.state];
        const bool met = reading.state == ClockState::met;
        const auto decided = met ? clock.end : reading.breached;
        if (clock.kind != ClockKind::first || !decided || *decided < begin || *decided >= end)
          continue;
        if (reading.state == ClockState::voided) continue;
        auto& [kept, missed] = result.met_missed[clock.level];
        ++(met ? kept : missed);
      }
    }
    return result;
  }

  std::filesystem::path folder_, file_;
  std::shared_ptr<const SupportRules> rules_;
  std::unique_ptr<HelpDesk> desk_;
};

TEST_F(DemoHelpDesk, HasACaseAtRiskOneBreachedAndOneWaitingAtAnyHourOfAnyDay) {
  for (int i = 0; i < 40; ++i) {
    const Instant now = kNow + hours(31 * i) + minutes(7 * i);
    std::filesystem::remove(file_);
    open(now);
    const auto legal = standing(now).open["legal"];
    for (const ClockState state :
         {ClockState::at_risk, ClockState::breached_open, ClockState::paused}) {
      EXPECT_TRUE(legal.contains(state)) << "start " << i << ", state " << static_cast<int>(state);
    }
  }
}

TEST_F(DemoHelpDesk, BeginsWithAMonthThatWasMostlyKept) {
  open(kNow);
  const Standing now = standing(kNow);
  for (const auto& [level, fewest] : {std::pair("first", 300), {"second", 40}, {"legal", 50}}) {
    const auto [met, missed] = now.met_missed.at(level);
    const double compliance = static_cast<double>(met) / (met + missed);
    EXPECT_GE(met + missed, fewest) << level;
    EXPECT_GE(missed, 1) << level;
    EXPECT_GT(compliance, 0.93) << level << ": " << met << " met, " << missed << " missed";
  }
}

TEST_F(DemoHelpDesk, HandsOverWithGapsInTheChecklistAndMailsNumbersLate) {
  open(kNow);
  int hand_overs = 0, with_gaps = 0, late_mails = 0;
  for (const auto& [name, ticket] : tickets(kNow)) {
    for (const HandOver& each : ticket.hand_overs()) {
      ++hand_overs;
      if (!each.missing.empty()) ++with_gaps;
    }
    const auto mailed = ticket.number_mailed();
    ASSERT_TRUE(mailed.has_value()) << name;
    if (*mailed - *ticket.opened() > seconds(10)) ++late_mails;
  }
  EXPECT_GT(hand_overs, 300);
  EXPECT_GT(with_gaps, 50);
  EXPECT_LT(with_gaps, hand_overs);
  EXPECT_GE(late_mails, 1);
}

TEST_F(DemoHelpDesk, WorksWhileOneLooksOnAndStampsItsFile) {
  open(kNow);
  const auto before = tickets(kNow).size();
  Instant now = kNow;
  let_pass(now, minutes(10));
  EXPECT_NEAR(static_cast<double>(tickets(now).size() - before), 40, 2);
  EXPECT_LT(standing(now).open["first"][ClockState::breached_open], 3);
  struct stat status{};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, now.time_since_epoch().count());
}

TEST_F(DemoHelpDesk, LeavesCustomersWaitingWhileNobodyAnswersAndCatchesUpAfterwards) {
  open(kNow);
  Instant now = kNow;
  desk_->set_answers(false);
  let_pass(now, minutes(10));
  EXPECT_GT(standing(now).open["first"][ClockState::breached_open], 10);
  desk_->set_answers(true);
  let_pass(now, minutes(6));
  EXPECT_LT(standing(now).open["first"][ClockState::breached_open], 3);
}

TEST_F(DemoHelpDesk, StartedAgainGoesOnWithItsFile) {
  open(kNow);
  Instant now = kNow;
  let_pass(now, minutes(5));
  const std::string before = text();
  const auto before_count = tickets(now).size();
  std::ofstream(file_, std::ios::app) << R"({"ticket":"T-1","seq)";  // killed while it wrote
  stamp(now);
  open(now += hours(30));
  EXPECT_TRUE(text().starts_with(before));
  std::string after = text();
  const std::string broken = "{\"ticket\":\"T-1\",\"seq\n";
  const auto place = after.find(broken);
  ASSERT_NE(place, std::string::npos);
  after.erase(place, broken.size());
  std::ofstream(file_) << after;
  const Standing standing_now = standing(now);  // no gaps, no doubles
  EXPECT_TRUE(standing_now.open.at("legal").contains(ClockState::at_risk));
  EXPECT_NEAR(static_cast<double>(tickets(now).size() - before_count), 23, 3)
      << "the pace of history, not of a demo that is looked at";
}

TEST_F(DemoHelpDesk, WritesTheSameStoriesEachTime) {
  open(kNow);
  const std::string first = text();
  std::filesystem::remove(file_);
  open(kNow);
  EXPECT_EQ(text(), first);
}

TEST_F(DemoHelpDesk, SaysWhichFileCannotBeWritten) {
  std::filesystem::create_directories(file_);  // a folder is in the way
  const auto opened = HelpDesk::open(file_, kNow);
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error(), testing::HasSubstr(file_.string()));
}

TEST(TicketKeys, AreReadAsTheyAreWritten) {
  EXPECT_EQ(parse_ticket_key(text_of({'L', 41'234})), (TicketKey{'L', 41'234}));
  for (const char* other : {"", "T", "T-", "T-1x", "X-1", "1001"}) {
    EXPECT_FALSE(parse_ticket_key(other)) << other;
  }
}

}  // namespace
}  // namespace exporter::demo

// The reaction half of the page: the figures of the view, every counter that can occur from the
// start and no other, and nothing in place of what is not known.
#include <gtest/gtest.h>

#include <cmath>

#include "exporter/metrics/page.h"
#include "exporter/metrics/possible_support.h"
#include "tests/fakes/metrics_checker.h"
#include "tests/fakes/sample_snapshot.h"
#include "tests/fakes/sample_support.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using fakes::MetricsPage;
using Labels = std::map<std::string, std::string>;

class SupportMetricsTest : public testing::Test {
 protected:
  MetricsPage read() {
    const auto snapshot = fakes::with_support(*fakes::sample_snapshot(1), support_);
    const ExporterStats stats;
    for (const auto format : {MetricsFormat::openmetrics_1_0_0, MetricsFormat::text_0_0_4}) {
      const std::string text = render_metrics(make_collectables(snapshot, stats, nullptr), format);
      page_ = fakes::check_metrics_page(text, format == MetricsFormat::openmetrics_1_0_0);
      EXPECT_EQ(page_.problems, std::vector<std::string>());
    }
    return page_;
  }
  // Of the first level under the published agreement.
  double first(std::string_view name, Labels labels = {}) {
    labels.insert({{"sla_agreement", "published"}, {"level", "first"}});
    return page_.value(name, labels);
  }

  std::shared_ptr<SupportView> support_ = fakes::sample_support();
  MetricsPage page_;
};

TEST_F(SupportMetricsTest, ShowNothingWithoutASectionSupport) {
  support_ = nullptr;
  for (const MetricsPage::Sample& sample : read().samples) {
    EXPECT_FALSE(sample.name.starts_with("sla_ticket")) << sample.name;
    EXPECT_FALSE(sample.name.starts_with("sla_calendar")) << sample.name;
  }
}

TEST_F(SupportMetricsTest, ShowWhatWaits) {
  read();
  EXPECT_EQ(first("sla_ticket_target_seconds"), 14'400);
  EXPECT_EQ(first("sla_ticket_open", {{"state", "breached"}}), 1);
  EXPECT_EQ(first("sla_ticket_open", {{"state", "at_risk"}}), 1);
  EXPECT_EQ(first("sla_ticket_open", {{"state", "running"}}), 3);
  EXPECT_EQ(first("sla_ticket_open", {{"state", "paused"}}), 0);
  EXPECT_EQ(page_.count("sla_ticket_open"), 12u);
  EXPECT_EQ(first("sla_ticket_oldest_business_seconds"), 18'000);
  EXPECT_EQ(first("sla_ticket_next_due_timestamp_seconds"), 1'795'003'000);
  EXPECT_EQ(page_.count("sla_ticket_next_due_timestamp_seconds"), 1u) << "absent, not 0";
  EXPECT_EQ(page_.value("sla_ticket_level_info", {{"level", "legal"},
                                                  {"calendar", "europe"},
                                                  {"react_within", "5 business days"},
                                                  {"reacts_with", "reply"},
                                                  {"pauses", "true"},
                                                  {"at_risk_from", "0.75"}}),
            1);
  EXPECT_EQ(page_.value("sla_ticket_level_info", {{"level", "second"},
                                                  {"calendar", "of the ticket"},
                                                  {"react_within", "28800 business seconds"},
                                                  {"reacts_with", "reply or note"}}),
            1);
}

TEST_F(SupportMetricsTest, CountReactionsFromZeroForAllThatCanOccur) {
  read();
  const auto reactions = [&](const char* level, const char* calendar, const char* kind,
                             const char* result) {
    return page_.value(
        "sla_ticket_reactions_total",
        {{"level", level}, {"calendar", calendar}, {"kind", kind}, {"result", result}});
  };
  EXPECT_EQ(reactions("first", "europe", "first", "met"), 30);
  EXPECT_EQ(reactions("first", "europe", "first", "missed"), 2);
  EXPECT_EQ(reactions("first", "all", "next", "met"), 7);
  EXPECT_EQ(reactions("first", "america", "next", "missed"), 0);
  EXPECT_EQ(reactions("legal", "europe", "first", "met"), 0);
  EXPECT_TRUE(std::isnan(reactions("legal", "america", "first", "met")));
  EXPECT_TRUE(std::isnan(reactions("legal", "all", "first", "met")));
  // Two levels on three calendars, one on its own; two kinds, two results.
  EXPECT_EQ(page_.count("sla_ticket_reactions_total"), (2u * 3u + 1u) * 4u);
}

TEST_F(SupportMetricsTest, CountVoidClocksByWhatCanMakeThemVoid) {
  read();
  EXPECT_EQ(first("sla_ticket_void_total", {{"reason", "spam"}}), 4);
  EXPECT_EQ(first("sla_ticket_void_total", {{"reason", "routed"}}), 0);
  EXPECT_TRUE(std::isnan(first("sla_ticket_void_total", {{"reason", "returned"}})))
      << "nothing can return to the lowest level from below";
  EXPECT_EQ(page_.value("sla_ticket_void_total", {{"level", "second"}, {"reason", "returned"}}), 0);
  for (const char* reason : {"none", "corrected"}) {
    EXPECT_TRUE(std::isnan(first("sla_ticket_void_total", {{"reason", reason}}))) << reason;
  }
  EXPECT_EQ(first("sla_ticket_voided_after_breach_total"), 1);
}

TEST_F(SupportMetricsTest, HaveABucketThatEndsAtTheTarget) {
  read();
  const auto bucket = [&](const char* le) {
    return first("sla_ticket_reaction_business_seconds_bucket", {{"le", le}});
  };
  EXPECT_EQ(bucket("7200"), 1);
  EXPECT_EQ(bucket("14400"), 2) << "exactly four hours are in time";
  EXPECT_EQ(bucket("28800"), 3);
  EXPECT_EQ(bucket("+Inf"), 4);
  EXPECT_EQ(first("sla_ticket_reaction_business_seconds_count"), 4);
  EXPECT_EQ(first("sla_ticket_reaction_business_seconds_sum"), 3600 + 14'400 + 14'401 + 32'400);
  EXPECT_EQ(page_.value("sla_ticket_reaction_business_seconds_bucket",
                        {{"level", "legal"}, {"le", "162000"}}),
            0)
      << "there before the first reaction";
}

TEST_F(SupportMetricsTest, ShowTheMonthWithItsStrictFigure) {
  read();
  const auto decided = [&](const char* month, const char* kind, const char* result) {
    return first("sla_ticket_month_decided",
                 {{"month", month}, {"kind", kind}, {"result", result}});
  };
  EXPECT_EQ(decided("current", "first", "met"), 18);
  EXPECT_EQ(decided("current", "first", "missed"), 2);
  EXPECT_EQ(decided("current", "next", "met"), 5);
  EXPECT_EQ(decided("previous", "first", "met"), 12);
  EXPECT_EQ(first("sla_ticket_month_compliance_ratio", {{"month", "current"}}), 0.9);
  EXPECT_EQ(first("sla_ticket_month_strict_compliance_ratio", {{"month", "current"}}), 0.5);
  EXPECT_EQ(first("sla_ticket_month_compliance_ratio", {{"month", "previous"}}), 1);
  EXPECT_EQ(page_.count("sla_ticket_month_compliance_ratio"), 2u) << "absent, not 1";
  EXPECT_EQ(first("sla_ticket_month_state", {{"month", "previous"}, {"state", "unproven"}}), 1);
  EXPECT_EQ(first("sla_ticket_month_state", {{"month", "previous"}, {"state", "ended"}}), 0);
  EXPECT_EQ(first("sla_ticket_month_state", {{"month", "current"}, {"state", "open"}}), 1);
}

TEST_F(SupportMetricsTest, SplitTheMonthByWhatEndedTheClocks) {
  read();
  const auto reactions = [&](const char* level, const char* event, const char* result) {
    return page_.value(
        "sla_ticket_month_reactions",
        {{"level", level}, {"month", "current"}, {"event", event}, {"result", result}});
  };
  EXPECT_EQ(reactions("first", "reply", "met"), 10);
  EXPECT_EQ(reactions("first", "reply", "missed"), 1);
  EXPECT_EQ(reactions("first", "handed_over", "met"), 6);
  EXPECT_EQ(reactions("first", "closed", "met"), 2);
  EXPECT_EQ(reactions("first", "none", "missed"), 1);
  EXPECT_TRUE(std::isnan(reactions("first", "none", "met")));
  EXPECT_TRUE(std::isnan(reactions("first", "note", "met"))) << "a note is no reaction there";
  EXPECT_EQ(reactions("second", "note", "met"), 0);
  EXPECT_TRUE(std::isnan(reactions("legal", "handed_over", "met"))) << "nobody is above";
}

TEST_F(SupportMetricsTest, HaveNoPreviousMonthBeforeTheFirstEnded) {
  for (LevelView& level : support_->levels) level.previous = {};
  read();
  EXPECT_EQ(page_.count("sla_ticket_month_state"), 3u * 3u);
  EXPECT_EQ(page_.count("sla_ticket_month_decided"), 3u * 4u);
}

TEST_F(SupportMetricsTest, NameThePublishedAgreementAlsoWhereTheViewDoesNot) {
  for (LevelView& level : support_->levels) level.key.agreement.clear();
  read();
  EXPECT_EQ(first("sla_ticket_target_seconds"), 14'400);
}

TEST_F(SupportMetricsTest, GiveALevelThatIsPromisedNoLongerNoTarget) {
  LevelView& gone = support_->levels.emplace_back();
  gone.key = {"published", "night"};
  gone.reactions = {{{"europe", ClockKind::first, true}, 3}};
  read();
  EXPECT_EQ(page_.value("sla_ticket_reactions_total", {{"level", "night"}}), 3);
  EXPECT_TRUE(std::isnan(page_.value("sla_ticket_target_seconds", {{"level", "night"}})));
}

TEST_F(SupportMetricsTest, CountWhatWasHandedOverAndWhatWasMissing) {
  read();
  EXPECT_EQ(page_.value("sla_ticket_level_changes_total", {{"from", "first"}, {"to", "second"}}),
            6);
  EXPECT_EQ(page_.value("sla_ticket_level_changes_total", {{"from", "legal"}, {"to", "first"}}), 0);
  EXPECT_EQ(page_.count("sla_ticket_level_changes_total"), 6u);
  EXPECT_EQ(page_.value("sla_ticket_hand_overs_total", {{"to", "developers"}}), 4);
  EXPECT_EQ(page_.value("sla_ticket_hand_overs_total", {{"to", "network"}}), 0) << "it is mapped";
  EXPECT_EQ(page_.value("sla_ticket_hand_overs_total", {{"to", "legal"}}), 2);
  EXPECT_EQ(page_.value("sla_ticket_hand_overs_total", {{"to", "second"}}), 0) << "it is a level";
  EXPECT_EQ(page_.count("sla_ticket_hand_overs_total"), 4u) << "nobody hands over to the lowest";
  EXPECT_EQ(page_.value("sla_ticket_hand_overs_complete_total"), 5);
  EXPECT_EQ(page_.value("sla_ticket_checklist_gaps_total", {{"item", "faq"}}), 1);
  EXPECT_EQ(page_.value("sla_ticket_checklist_gaps_total", {{"item", "customer data"}}), 0);
  EXPECT_EQ(page_.value("sla_ticket_stored"), 40);
}

TEST_F(SupportMetricsTest, CountNoticesToThoseWhoHear) {
  read();
  const auto notices = [&](std::string event, std::string result) {
    return page_.value("sla_ticket_notices_total",
                       {{"level", "first"}, {"event", event}, {"result", result}});
  };
  EXPECT_EQ(notices("breached", "sent"), 4);
  EXPECT_EQ(notices("breached", "failed"), 1);
  EXPECT_EQ(notices("at_risk", "sent"), 0);
  EXPECT_EQ(notices("morning", "failed"), 0);
  EXPECT_EQ(page_.count("sla_ticket_notices_total"), 6u) << "no team hears of the other levels";
}

TEST(PossibleSupport, KnowsWhoHearsOfWhichNotices) {
  Support support;
  support.terms = fakes::sample_support_terms();
  EXPECT_TRUE(possible_notices(support).empty());
  support.sources = {TicketSource{.name = "rt", .internal_notes = true}};
  support.notices.morning_list = "08:00";
  EXPECT_EQ(possible_notices(support).size(), 6u) << "notes, and no list";
  support.notices.teams["legal"].mail_to = {"legal@example.com"};
  EXPECT_EQ(possible_notices(support).size(), 7u);
}

TEST_F(SupportMetricsTest, CountOpenedTicketsByChannelAndLanguageAlone) {
  read();
  const auto opened = [&](const char* channel, const char* language) {
    return page_.value("sla_ticket_opened_total", {{"channel", channel}, {"language", language}});
  };
  EXPECT_EQ(opened("email", "de"), 30);
  EXPECT_EQ(opened("unknown", "unknown"), 10);
  EXPECT_EQ(opened("phone", "unknown"), 0) << "it is mapped";
  for (const MetricsPage::Sample& sample : page_.samples) {
    if (sample.name == "sla_ticket_opened_total") continue;
    EXPECT_FALSE(sample.labels.contains("channel") || sample.labels.contains("language"))
        << sample.name;
  }
}

TEST_F(SupportMetricsTest, ShowTheMailsWithTheNumber) {
  read();
  EXPECT_EQ(page_.value("sla_ticket_ack_target_seconds"), 900);
  EXPECT_EQ(page_.value("sla_ticket_ack_seconds_bucket", {{"le", "60"}}), 1);
  EXPECT_EQ(page_.value("sla_ticket_ack_seconds_bucket", {{"le", "+Inf"}}), 2);
  EXPECT_EQ(page_.value("sla_ticket_ack_missing"), 1);
  EXPECT_EQ(page_.value("sla_ticket_ack_late_total"), 2);
  EXPECT_EQ(page_.value("sla_ticket_first_human_reply_seconds_count"), 0);
}

TEST_F(SupportMetricsTest, MissNoMailThatIsNotPromised) {
  SupportTerms terms = fakes::sample_support_terms();
  terms.number_mail_within.reset();
  support_->rules = SupportRules::compile(terms).value();
  read();
  EXPECT_EQ(page_.count("sla_ticket_ack_target_seconds"), 0u);
  EXPECT_EQ(page_.count("sla_ticket_ack_missing"), 0u);
  EXPECT_EQ(page_.count("sla_ticket_ack_late_total"), 0u);
  EXPECT_EQ(page_.value("sla_ticket_ack_seconds_count"), 2) << "it is measured all the same";
}

TEST_F(SupportMetricsTest, ShowTheHelpDesks) {
  read();
  const Labels helpdesk = {{"source", "helpdesk"}}, phones = {{"source", "phones"}};
  EXPECT_EQ(page_.value("sla_ticket_source_info", {{"source", "helpdesk"}, {"type", "rt"}}), 1);
  EXPECT_EQ(page_.value("sla_ticket_source_up", helpdesk), 1);
  EXPECT_EQ(page_.value("sla_ticket_source_up", phones), 0);
  EXPECT_EQ(page_.value("sla_ticket_source_last_success_timestamp_seconds", helpdesk),
            1'794'999'980);
  EXPECT_EQ(page_.value("sla_ticket_source_lag_seconds", helpdesk), 30);
  EXPECT_EQ(page_.count("sla_ticket_source_lag_seconds"), 1u) << "phones was never read";
  EXPECT_EQ(page_.value("sla_ticket_source_clock_skew_total", helpdesk), 1);
  const auto with = [&](const char* label, const char* value) {
    return Labels{{"source", "helpdesk"}, {label, value}};
  };
  EXPECT_EQ(page_.value("sla_ticket_source_events_total", with("event", "opened")), 40);
  EXPECT_EQ(page_.value("sla_ticket_source_events_total", with("event", "merged")), 0);
  EXPECT_EQ(page_.value("sla_ticket_source_errors_total", with("reason", "timeout")), 2);
  EXPECT_EQ(page_.value("sla_ticket_source_errors_total", with("reason", "auth")), 0);
  EXPECT_EQ(page_.value("sla_ticket_source_unmapped_total", with("item", "queue")), 3);
}

TEST_F(SupportMetricsTest, LetTheLagGrowWithTheSnapshotsClock) {
  const auto snapshot = fakes::with_support(*fakes::sample_snapshot(1), support_);
  snapshot->at += 10min;
  const ExporterStats stats;
  const auto page = fakes::check_metrics_page(
      render_metrics(make_collectables(snapshot, stats, nullptr), MetricsFormat::text_0_0_4),
      false);
  EXPECT_EQ(page.value("sla_ticket_source_lag_seconds"), 630);
}

TEST_F(SupportMetricsTest, ShowTheCalendars) {
  read();
  EXPECT_EQ(page_.value("sla_calendar_open", {{"calendar", "europe"}}), 1);
  EXPECT_EQ(page_.value("sla_calendar_open", {{"calendar", "america"}}), 0);
  EXPECT_EQ(page_.value("sla_calendar_week_open_seconds", {{"calendar", "america"}}), 360'000);
  EXPECT_EQ(page_.value("sla_calendar_next_change_timestamp_seconds", {{"calendar", "europe"}}),
            1'795'021'600);
  EXPECT_EQ(page_.count("sla_calendar_next_change_timestamp_seconds"), 2u);
  EXPECT_EQ(page_.count("sla_calendar_holidays_known_until_timestamp_seconds"), 1u);
  EXPECT_EQ(page_.value("sla_calendar_info", {{"calendar", "europe"}, {"timezone", "UTC+01:00"}}),
            1);
}

TEST(PossibleSupport, KnowsWhichErrorsAKindOfHelpDeskCanMake) {
  using Type = TicketSource::Type;
  EXPECT_EQ(possible_errors(Type::rt).size(), 7u);
  EXPECT_EQ(possible_errors(Type::zammad).size(), 7u);
  EXPECT_FALSE(possible_errors(Type::webhook).contains(SourceError::Reason::timeout));
  EXPECT_FALSE(possible_errors(Type::file).contains(SourceError::Reason::auth));
}

TEST(PossibleSupport, KnowsTheUnionOfAllCalendarsWhereThereAreSeveral) {
  SupportTerms terms = fakes::sample_support_terms();
  const LevelTerms& first = terms.levels.front();
  EXPECT_EQ(possible_calendars(terms, first), (std::set<std::string>{"all", "america", "europe"}));
  terms.calendars.resize(1);
  EXPECT_EQ(possible_calendars(terms, first), (std::set<std::string>{"europe"}));
  EXPECT_EQ(possible_calendars(terms, terms.levels.back()), (std::set<std::string>{"europe"}));
}

TEST(PossibleSupport, OfOneLevelNothingIsMovedOrHandedOver) {
  SupportTerms terms = fakes::sample_support_terms();
  terms.levels.resize(1);
  const LevelTerms& only = terms.levels.front();
  EXPECT_FALSE(possible_reactions(terms, only).contains(ReactionKind::handed_over));
  EXPECT_FALSE(possible_voids(terms, only).contains(VoidReason::routed));
  EXPECT_FALSE(possible_voids(terms, only).contains(VoidReason::returned));
}

}  // namespace
}  // namespace exporter

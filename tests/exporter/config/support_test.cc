// The section `support`: what is read from it, what it warns of, and how it is summed up.
#include "exporter/config/support.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "exporter/config/show.h"
#include "exporter/config/support_summary.h"
#include "exporter/sla/zone.h"
#include "exporter/ticket/support_rules.h"
#include "tests/exporter/config/memory_files.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Unit = ReactionTarget::Unit;

constexpr std::string_view kHolidays =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"
    "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20270101\r\nSUMMARY:New Year\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n";

const std::map<std::string, std::string> kFiles = {
    {"/etc/sla/holidays/geneva.ics", std::string(kHolidays)},
    {"/etc/sla/rt.token", "1-14-abc\n"},
    {"/etc/sla/zammad.token", "xyz\n"},
    {"/etc/sla/whole.token", "token=xyz\n"},
    {"/etc/sla/password", "hunter2\n"},
    {"/etc/sla/hook", "https://chat.example/s3cret\n"},
    {"/etc/sla/events.jsonl", ""}};

constexpr std::string_view kAgreement = R"(
agreement: {timezone: UTC+01:00}
services: {}
support:
  calendars:
    europe:  {timezone: UTC+01:00, open: ["mon-fri 08:00-17:00"], holidays: [holidays/geneva.ics]}
    america: {timezone: UTC-06:00, open: ["sun-thu 21:00-17:00"]}
  levels:
    first:  {react_within: 4 business hours}
    second: {react_within: 8 business hours}
    legal:  {react_within: 5 business days, calendar: europe, reacts_with: reply}
  sources:
    helpdesk:
      type: rt
      url: https://rt.example.com
      token_file: rt.token
      since: 2026-01-01
      map:
        level: {queue: {support: first, experts: second, legal: legal}}
        region: {custom_field: Region, values: {EU: europe, US: america}}
      not_human: [mailbot]
)";

local_days day(int year, unsigned month, unsigned of_month) {
  return local_days(std::chrono::year(year) / std::chrono::month(month) /
                    std::chrono::day(of_month));
}

// Calendars and levels to put something else beside.
std::string with(std::string_view more, std::string_view outside = "") {
  return fmt::format(
      "services: {{}}\n{}\nsupport:\n"
      "  calendars:\n"
      "    europe: {{timezone: UTC+01:00, open: [\"mon-fri 08:00-17:00\"], holidays: []}}\n"
      "  levels: {{first: {{react_within: 4h}}, second: {{react_within: 8h}}}}\n{}",
      outside, more);
}

Support loaded(std::string_view text) {
  ConfigResult config = load_text(text, kFiles);
  EXPECT_TRUE(config.has_value()) << errors_of(config) << text;
  return config ? config->support : Support{};
}

TEST(Support, ReadsTheAgreementAsItIsPublished) {
  const ConfigResult config = load_text(kAgreement, kFiles);
  ASSERT_TRUE(config.has_value()) << errors_of(config);
  const SupportTerms& terms = config->support.terms;

  ASSERT_EQ(terms.calendars.size(), 2u);
  const CalendarTerms& europe = terms.calendars[0];
  EXPECT_EQ(europe.name, "europe");
  EXPECT_EQ(europe.timezone, "UTC+01:00");
  EXPECT_THAT(europe.week[0], IsEmpty());
  EXPECT_THAT(europe.week[1], ElementsAre(OpenWindow{8h, 17h}));
  EXPECT_THAT(europe.week[6], IsEmpty());
  EXPECT_THAT(europe.holidays, ElementsAre(day(2026, 12, 25), day(2027, 1, 1)));
  EXPECT_EQ(europe.holidays_known_until, day(2027, 1, 1));
  EXPECT_THAT(europe.holiday_files, ElementsAre("/etc/sla/holidays/geneva.ics"));
  const CalendarTerms& america = terms.calendars[1];
  EXPECT_THAT(america.week[0], ElementsAre(OpenWindow{21h, 17h}));
  EXPECT_THAT(america.week[5], IsEmpty());

  ASSERT_EQ(terms.levels.size(), 3u);
  EXPECT_EQ(terms.levels[0].react_within, (ReactionTarget{Unit::business_seconds, 4 * 3600}));
  EXPECT_EQ(terms.levels[2].react_within, (ReactionTarget{Unit::business_days, 5}));
  EXPECT_EQ(terms.levels[2].calendar, "europe");

  ASSERT_EQ(config->support.sources.size(), 1u);
  const TicketSource& source = config->support.sources[0];
  EXPECT_EQ(source.type, TicketSource::Type::rt);
  EXPECT_EQ(format_utc(*source.since), "2025-12-31T23:00:00Z");  // midnight in the agreement's zone
  EXPECT_EQ(source.map.level.attribute, "queue");
  EXPECT_EQ(source.map.level.values.at("experts"), "second");
  EXPECT_EQ(source.map.calendar.name, "Region");
  EXPECT_EQ(source.map.calendar.values.at("US"), "america");
  EXPECT_THAT(source.not_human, ElementsAre("mailbot"));
}

TEST(Support, LetsANoteReactAndWaitingPauseAboveTheLowestLevelOnly) {
  const auto levels = loaded(kAgreement).terms.levels;
  ASSERT_EQ(levels.size(), 3u);
  EXPECT_FALSE(levels[0].note_reacts);
  EXPECT_FALSE(levels[0].pauses);
  EXPECT_TRUE(levels[1].note_reacts);
  EXPECT_TRUE(levels[1].pauses);
  EXPECT_FALSE(levels[2].note_reacts) << "reacts_with: reply";
  EXPECT_TRUE(levels[2].pauses);
}

TEST(Support, TakesLevelsInTheOrderOfTheFile) {
  const auto levels = loaded(
                          "services: {}\nsupport: {levels: {zeta: {react_within: 1 real hour}, "
                          "alpha: {react_within: 2 real hours, pauses: false, at_risk_from: "
                          "50%, reacts_with: [note, reply]}}}")
                          .terms.levels;
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels[0].name, "zeta");
  EXPECT_EQ(levels[1].react_within, (ReactionTarget{Unit::real_seconds, 7200}));
  EXPECT_FALSE(levels[1].pauses);
  EXPECT_TRUE(levels[1].note_reacts);
  EXPECT_EQ(levels[1].at_risk_from, 0.5);
}

TEST(Support, KnowsCalendarsAloneForWhoeverOnlyReckonsWithThem) {
  const Support support = loaded(
      "agreement: {timezone: Europe/Berlin}\nservices: {}\nsupport:\n  calendars:\n"
      "    EU: {open: [\"mon-fri 08:00-12:00\", \"mon 13:00-17:00\"], holidays: [2026-12-25, "
      "05-01],\n"
      "         overrides: {2026-12-24: \"08:00-12:00, 13:00-14:00\", 2026-12-31: closed}}\n"
      "    NIGHT: {timezone: UTC, open: [\"daily 22:00-06:00\"], holidays: []}\n"
      "    both: {union: [EU, NIGHT]}\n");
  EXPECT_FALSE(support.configured());
  ASSERT_EQ(support.terms.calendars.size(), 3u);
  const CalendarTerms& eu = support.terms.calendars[0];
  EXPECT_EQ(eu.timezone, "Europe/Berlin") << "the agreement's";
  EXPECT_THAT(eu.week[1], ElementsAre(OpenWindow{8h, 12h}, OpenWindow{13h, 17h}));
  EXPECT_THAT(eu.holidays, testing::Contains(day(2031, 5, 1)));
  EXPECT_EQ(eu.overrides.at(day(2026, 12, 24)).size(), 2u);
  EXPECT_THAT(eu.overrides.at(day(2026, 12, 31)), IsEmpty());
  EXPECT_THAT(support.terms.calendars[2].union_of, ElementsAre("EU", "NIGHT"));
}

TEST(Support, ReadsTargetsOfPrivateAgreements) {
  const Support support = loaded(with(
      "", "private_agreements: {acme: {reactions: {first: {react_within: 2 business hours}}}}"));
  EXPECT_EQ(support.terms.private_targets.at("acme").at("first").amount, 7200);
  EXPECT_FALSE(support.terms.private_targets.at("acme").contains("second"));
}

TEST(Support, ReadsTheNumberMailTheChecklistAndHowLongTicketsAreKept) {
  const Support support = loaded(with(
      "  number_mail: {within: 10m}\n  checklist: [customer_data, faq]\n  retention: 20 months\n"));
  EXPECT_EQ(support.terms.number_mail_within, 600s);
  EXPECT_THAT(support.terms.checklist, ElementsAre("customer_data", "faq"));
  EXPECT_EQ(support.retention, 24h * 609);
  EXPECT_EQ(loaded(with("")).terms.number_mail_within, std::nullopt);
}

TEST(Support, PutsTheTokenIntoTheHeaderThatEachHelpDeskWants) {
  const auto account = [](std::string_view keys) {
    const Support support = loaded(with(
        fmt::format("  sources: {{desk: {{url: \"https://desk.example/rt/\", {}}}}}\n", keys)));
    return support.sources.empty() ? TicketSource{} : support.sources.front();
  };
  const TicketSource rt = account("type: rt, token_file: rt.token");
  EXPECT_EQ(rt.url, "https://desk.example/rt");
  EXPECT_EQ(rt.http.authorization_type, "token");
  EXPECT_EQ(rt.http.authorization_credentials.reveal(), "1-14-abc");
  for (const char* file : {"zammad.token", "whole.token"}) {
    const TicketSource zammad = account(fmt::format("type: zammad, token_file: {}", file));
    EXPECT_EQ(zammad.http.authorization_type, "Token");
    EXPECT_EQ(zammad.http.authorization_credentials.reveal(), "token=xyz");
  }
  const TicketSource basic =
      account("type: rt, basic_auth: {username: me, password_file: password}");
  EXPECT_EQ(basic.http.basic_auth_user, "me");
}

TEST(Support, ReadsWhatShowsThatAnItemOfTheChecklistWasDone) {
  const Support support = loaded(with(
      "  checklist: [data, faq]\n"
      "  sources: {desk: {type: zammad, url: \"https://desk.example\", token_file: zammad.token,\n"
      "    map: {region: {group: {a: europe}}, checklist: {data: {custom_field: Data, values: "
      "[yes]},\n"
      "          faq: [{tag: faq}, {comment: \"[faq]\"}]}}}}\n"));
  ASSERT_EQ(support.sources.size(), 1u);
  const auto& proofs = support.sources[0].map.checklist;
  ASSERT_EQ(proofs.size(), 3u);
  EXPECT_EQ(proofs[0], (ChecklistProof{.item = "data", .custom_field = "Data", .values = {"yes"}}));
  EXPECT_EQ(proofs[2], (ChecklistProof{.item = "faq", .comment = "[faq]"}));
}

TEST(Support, SendsNoticesThroughTheServerOfAlertsUnlessTheyHaveTheirOwn) {
  const std::string teams =
      "  notices: {teams: {first: {mail_to: a@b.example}}, morning_list: \"08:00\"";
  const std::string alerting =
      "alerting: {mail: {server: \"mx.example:587\", from: sla@b.example, to: [ops@b.example], "
      "after: 7m}}";
  const Support shared = loaded(with(teams + "}\n", alerting));
  EXPECT_EQ(shared.notices.mail.server, "mx.example:587");
  EXPECT_THAT(shared.notices.mail.to, IsEmpty());
  EXPECT_EQ(shared.notices.morning_list, "08:00");
  const Support own = loaded(
      with(teams + ", mail: {server: \"own.example:25\", from: sla@b.example}}\n", alerting));
  EXPECT_EQ(own.notices.mail.server, "own.example:25");
}

std::vector<std::string> warnings_of(std::string_view text) {
  const ConfigResult config = load_text(text, kFiles);
  EXPECT_TRUE(config.has_value()) << errors_of(config);
  return config ? config->warnings : std::vector<std::string>{};
}

TEST(Support, WarnsOfACalendarWithoutHolidays) {
  EXPECT_THAT(warnings_of(kAgreement),
              ElementsAre(HasSubstr("7:14: calendar \"america\" has no holidays")));
  EXPECT_THAT(warnings_of(with("")), IsEmpty()) << "holidays: [] says that none are meant";
}

TEST(Support, WarnsWhenTheRegionOfTicketsIsUnknownAmongSeveralCalendars) {
  const std::string calendars =
      "services: {}\nsupport:\n  calendars:\n"
      "    a: {open: [\"daily 08:00-12:00\"], holidays: []}\n"
      "    b: {open: [\"daily 10:00-14:00\"], holidays: []}\n"
      "  levels: {first: {react_within: 1h}}\n"
      "  sources: {desk: {type: rt, url: \"https://a.example\", token_file: rt.token";
  EXPECT_THAT(warnings_of(calendars + "}}"), ElementsAre(HasSubstr("map: region: is missing")));
  EXPECT_THAT(warnings_of(calendars + ", map: {region: {queue: {x: a}}}}}"), IsEmpty());
}

TEST(Support, WarnsOfAFileOfEventsThatIsNotThere) {
  EXPECT_THAT(warnings_of(with("  sources: {a: {type: file, file: events.jsonl}}\n")), IsEmpty());
  EXPECT_THAT(warnings_of(with("  sources: {a: {type: file, file: nowhere.jsonl}}\n")),
              ElementsAre(HasSubstr("there is no /etc/sla/nowhere.jsonl")));
}

TEST(Support, EveryConfigurationThatLoadsCompiles) {
  EXPECT_TRUE(SupportRules::compile(loaded(kAgreement).terms).has_value());
}

TEST(Support, WithRandomBytesInItIsRefusedOrShowsAndLoadsAgain) {
  constexpr std::string_view kBytes = "\t\n \"#%&'*,-0159:<>[]`{|}~\xc3 axu";
  const unsigned seed = 20261129;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  int good = 0;
  for (int i = 0; i < 400; ++i) {
    std::string bent(kAgreement);
    bent[random() % bent.size()] = kBytes[random() % kBytes.size()];
    const ConfigResult config = load_text(bent, kFiles);
    if (!config) {
      EXPECT_FALSE(config.error().empty()) << bent;
      continue;
    }
    ++good;
    const ConfigResult again = load_text(show_config(*config), kFiles);
    ASSERT_TRUE(again.has_value()) << errors_of(again) << bent;
    EXPECT_EQ(*config, *again) << bent;
  }
  EXPECT_GT(good, 20) << "too few of them say anything";
}

TEST(SupportSummary, SaysHowManyHoursAWeekEachCalendarIsOpen) {
  EXPECT_THAT(
      calendar_lines(loaded(kAgreement)),
      ElementsAre("calendar europe: open 45 h a week, UTC+01:00; holidays known until 2027-01-01",
                  "calendar america: open 100 h a week, UTC-06:00; no holidays",
                  "calendar all: open 100 h a week, the union of europe and america; a ticket of "
                  "unknown region counts on it"));
  const Support support = loaded(
      "services: {}\nsupport: {calendars: {a: {open: [\"mon-fri 08:00-12:30\"], holidays: "
      "[05-01]}, "
      "b: {union: [a]}}}");
  EXPECT_THAT(calendar_lines(support),
              ElementsAre("calendar a: open 22 h 30 min a week, UTC; the same holidays every year",
                          "calendar b: open 22 h 30 min a week, the union of a"));
}

TEST(SupportSummary, SaysWhatEachLevelPromises) {
  const Support support = loaded(
      std::string(kAgreement) +
      "private_agreements: {acme: {reactions: {first: {react_within: 2 business hours}}}}\n");
  EXPECT_THAT(
      level_lines(support),
      ElementsAre("level first: 4 business hours, counted on the ticket's calendar; a reply "
                  "reacts",
                  "level second: 8 business hours, counted on the ticket's calendar; a "
                  "reply or an internal note reacts, waiting for the customer pauses",
                  "level legal: 5 business days, counted on europe; a reply reacts, "
                  "waiting for the customer pauses",
                  "level first of agreement acme: 2 business hours"));
}

TEST(SupportSummary, WarnsSixtyDaysBeforeHolidaysEnd) {
  const Support support = loaded(kAgreement);
  const Seconds end = std::chrono::sys_days(std::chrono::year(2027) / 1 / 1);
  EXPECT_THAT(holiday_warnings(support, end - std::chrono::days(61)), IsEmpty());
  EXPECT_THAT(holiday_warnings(support, end - std::chrono::days(60)),
              ElementsAre(HasSubstr("calendar europe: its holidays are known until 2027-01-01")));
  EXPECT_EQ(holiday_warnings(support, end + std::chrono::days(1)).size(), 1u);
}

}  // namespace
}  // namespace exporter

// Rules 4, 5 and 7 by table. An attempt is written as a letter: u up, g degraded, x down for a
// reason the path can cause, r down by the target's own answer, l local, n no canary answered; a
// small + after a down means that a confirmation is outstanding.
#include "exporter/sla/verdict.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace exporter {
namespace {

using probes::Reason;
using probes::Status;

struct Attempts {
  std::vector<OutcomeRecord> records;
  std::vector<const OutcomeRecord*> pointers;

  void add(const std::string& check, std::string_view letters) {
    std::uint8_t number = 0;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] == '+') {
        records.back().final = false;
        continue;
      }
      OutcomeRecord record;
      record.check = check;
      record.attempt = number++;
      std::tie(record.status, record.reason) = meaning(letters[i]);
      records.push_back(record);
    }
  }
  std::span<const OutcomeRecord* const> all() {
    pointers.clear();
    for (const OutcomeRecord& record : records) pointers.push_back(&record);
    return pointers;
  }
  static std::pair<Status, Reason> meaning(char letter) {
    switch (letter) {
      case 'u':
        return {Status::up, Reason::none};
      case 'g':
        return {Status::degraded, Reason::slow};
      case 'x':
        return {Status::down, Reason::timeout};
      case 'r':
        return {Status::down, Reason::status};
      case 'l':
        return {Status::unknown, Reason::local};
      default:
        return {Status::unknown, Reason::connect};
    }
  }
};

Judgement judge(std::string_view letters, bool degraded_is_good = true) {
  Attempts attempts;
  attempts.add("home", letters);
  return judge_check(attempts.all(), degraded_is_good, Cause::suspended);
}

constexpr Judgement kGood{Verdict::good, Cause::none, false};
constexpr Judgement kRescued{Verdict::good, Cause::none, true};
constexpr Judgement kBad{Verdict::bad, Cause::none, false};
constexpr Judgement unknown(Cause cause) { return {Verdict::unknown, cause, false}; }

TEST(Verdict, OfACheckFollowsItsAttempts) {
  struct Row {
    const char* attempts;
    Judgement expected;
  };
  for (const Row& row : {
           Row{"u", kGood},
           {"g", kGood},
           {"x+u", kRescued},
           {"x+g", kRescued},
           {"r", kBad},
           {"x", kBad},  // no retries configured
           {"x+x", kBad},
           {"x+r", kBad},
           {"x+x+x", kBad},
           {"x+", unknown(Cause::unconfirmed)},
           {"x+l", unknown(Cause::unconfirmed)},
           {"x+n", unknown(Cause::unconfirmed)},
           {"l", unknown(Cause::local)},
           {"n", unknown(Cause::connectivity)},
           {"nl", unknown(Cause::local)},
           {"nx", unknown(Cause::unconfirmed)},  // the one down could still be the path
           {"nr", kBad},                         // an answer is an answer
           {"lu", kGood},
           {"", unknown(Cause::suspended)},
       }) {
    EXPECT_EQ(judge(row.attempts), row.expected) << row.attempts;
  }
}

TEST(Verdict, DegradedCountsAsBadWhereTheServiceSaysSo) {
  EXPECT_EQ(judge("g", false), kBad);
  EXPECT_EQ(judge("x+g", false), kBad);
  EXPECT_EQ(judge("gu", false), kGood);
  EXPECT_EQ(judge("u", false), kGood);
}

TEST(Verdict, ReprobesBetweenSlotsNeverDecide) {
  Attempts attempts;
  attempts.add("home", "r");
  attempts.add("home", "u");
  attempts.records.back().extra = true;
  EXPECT_EQ(judge_check(attempts.all(), true, Cause::overload), kBad);
}

TEST(Verdict, OfASlotIsThreeValued) {
  const Judgement g = kGood, b = kBad, u = unknown(Cause::local);
  struct Row {
    std::vector<Judgement> checks;
    int require;
    Judgement expected;
  };
  for (const Row& row : {
           Row{{g, g, g}, 0, kGood},
           {{g, g, b}, 0, kBad},
           {{g, g, u}, 0, u},
           {{g, b, u}, 0, kBad},
           {{b, b, g}, 1, kGood},
           {{b, b, u}, 1, u},
           {{b, b, b}, 1, kBad},
           {{g, b, u}, 2, u},
           {{g, g, u}, 2, kGood},
           {{b, b, u}, 2, kBad},
           {{g}, 9, kGood},  // more than there are: all
           {{}, 0, unknown(Cause::overload)},
       }) {
    EXPECT_EQ(judge_checks(row.checks, row.require), row.expected);
  }
}

TEST(Verdict, TheWidestCauseIsNamed) {
  const std::vector<Judgement> checks = {unknown(Cause::unconfirmed), unknown(Cause::not_running),
                                         unknown(Cause::connectivity)};
  EXPECT_EQ(judge_checks(checks, 0), unknown(Cause::not_running));
}

TEST(Verdict, ASlotIsRescuedOnlyWhenConfirmationMadeItGood) {
  EXPECT_EQ(judge_checks(std::vector{kGood, kRescued}, 0), kRescued);
  EXPECT_EQ(judge_checks(std::vector{kGood, kRescued}, 1), kGood);  // one good check was enough
  EXPECT_EQ(judge_checks(std::vector{kBad, kRescued}, 1), kRescued);
  EXPECT_EQ(judge_checks(std::vector{kBad, kRescued}, 0), kBad);
}

TEST(Verdict, OfASlotLooksAtCountingChecksAndFirstRecordsOnly) {
  Attempts attempts;
  attempts.add("home", "u");
  attempts.add("faq", "x+x");
  attempts.add("extra", "r");  // counts: false
  const std::vector<std::string> both = {"home", "faq"}, one = {"home"};
  EXPECT_EQ(judge_slot(attempts.all(), {}, one, Cause::overload), kGood);
  EXPECT_EQ(judge_slot(attempts.all(), {}, both, Cause::overload), kBad);
  EXPECT_EQ(judge_slot(attempts.all(), {.require = 1}, both, Cause::overload), kGood);
  const std::vector<std::string> missing = {"home", "api"};
  EXPECT_EQ(judge_slot(attempts.all(), {}, missing, Cause::clock_step), unknown(Cause::clock_step));
  attempts.add("home", "r");  // attempt 0 once more
  EXPECT_EQ(judge_slot(attempts.all(), {}, one, Cause::overload), kGood);
}

// All combinations of up to three checks against the rule written down as arithmetic.
TEST(Verdict, AgreesWithTheRuleOnEveryCombination) {
  const std::vector<Judgement> kinds = {kGood, kBad, unknown(Cause::local)};
  for (int code = 0; code < 27; ++code) {
    const int a = code / 9, b = code / 3 % 3, c = code % 3;
    const std::vector<Judgement> checks = {kinds[a], kinds[b], kinds[c]};
    const int good = (a == 0) + (b == 0) + (c == 0), maybe = (a == 2) + (b == 2) + (c == 2);
    for (int k = 1; k <= 3; ++k) {
      const Verdict expected = good >= k          ? Verdict::good
                               : good + maybe < k ? Verdict::bad
                                                  : Verdict::unknown;
      EXPECT_EQ(judge_checks(checks, k).verdict, expected) << a << b << c << " of " << k;
    }
  }
}

}  // namespace
}  // namespace exporter

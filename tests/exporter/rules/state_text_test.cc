#include "exporter/rules/state_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace exporter {
namespace {

using rules::Alert;
using rules::GroupState;
using rules::Labels;
using rules::RuleState;

GroupState some_state(std::mt19937& random) {
  const auto instant = [&]() -> std::optional<std::int64_t> {
    if (random() % 3 == 0) return std::nullopt;
    return static_cast<std::int64_t>(random()) * 1'000'003 - 7;
  };
  const auto labels = [&] {
    return Labels{{"alertname", "A\"\\\n"}, {"n", std::to_string(random() % 5)}, {"ü", "\t§"}};
  };
  const std::vector<double> values = {0.1, -0.0, std::numeric_limits<double>::infinity(), 5e-324};
  GroupState state{.last_slot = instant(), .rules = {}, .stale = {labels()}};
  state.iterations = random();
  state.failures = random() % 10;
  for (unsigned i = random() % 4; i > 0; --i) {
    RuleState rule{.key = "alert x{" + std::to_string(i), .series = {labels(), labels()}};
    rule.health = static_cast<rules::RuleHealth>(random() % 3);
    rule.last_error = "1:2: \"quoted\"";
    rule.last_evaluation = instant();
    for (unsigned n = random() % 4; n > 0; --n) {
      Alert alert{.state = static_cast<rules::AlertState>(random() % 3), .labels = labels()};
      alert.annotations = {{"summary", "says <b>"}, {"z", ""}};
      alert.value = values[random() % values.size()];
      alert.active_at = instant().value_or(0);
      alert.fired_at = instant();
      alert.resolved_at = instant();
      alert.keep_firing_since = instant();
      alert.last_sent_at = instant();
      rule.alerts.insert_or_assign(labels(), alert);
    }
    state.rules.push_back(std::move(rule));
  }
  return state;
}

TEST(StateText, ComesBackAsItWas) {
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    const GroupState state = some_state(random);
    const auto again = parse_state(state_text(state));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, state);
    EXPECT_EQ(state_text(*again), state_text(state));
  }
}

TEST(StateText, RefusesWhatIsNone) {
  std::mt19937 random(8);
  const std::string text = state_text(some_state(random));
  for (std::size_t cut = 0; cut < text.size(); cut += 7) {
    EXPECT_FALSE(parse_state(text.substr(0, cut)));
  }
  EXPECT_FALSE(parse_state("{}"));
  EXPECT_FALSE(parse_state(R"({"version": 2})"));
  EXPECT_FALSE(parse_state("[1]"));
}

}  // namespace
}  // namespace exporter

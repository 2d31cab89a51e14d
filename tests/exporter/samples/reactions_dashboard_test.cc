// Every query of the dashboard of reaction times finds numbers in what the exporter itself samples
// of a busy hour: a label that no series has, or a family that is never served, would draw nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "exporter/samples/sampler.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "tests/fakes/sample_snapshot.h"
#include "tests/fakes/sample_support.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kStart = 1'795'000'000'000;
constexpr std::int64_t kMinute = 60'000;

// Whatever can be counted was counted `times` more.
std::shared_ptr<SupportView> busy(std::uint64_t times) {
  auto view = fakes::sample_support();
  const auto count = [times](auto& counts) {
    for (auto& [key, value] : counts) value += times;
  };
  for (LevelView& level : view->levels) {
    level.next_due = view->at + 1h;
    level.previous.met = level.current.met = {9, 0, 0, 0};
    count(level.reactions);
    count(level.voided);
    for (std::uint64_t i = 0; i < times; ++i) level.business.observe(1h);
  }
  for (SourceView& source : view->sources) {
    source.read_until = view->at;
    count(source.events);
    count(source.errors);
  }
  count(view->level_changes);
  count(view->hand_overs);
  count(view->checklist_gaps);
  count(view->opened);
  view->hand_overs_complete += times;
  view->number_mails_late_total += times;
  for (std::uint64_t i = 0; i < times; ++i) {
    view->number_mail.observe(20s);
    view->first_human_reply.observe(30min);
  }
  return view;
}

// Grafana's variables filled in for everything. What the exporter keeps itself has neither job nor
// instance.
std::string filled_in(std::string expr) {
  constexpr std::pair<std::string_view, std::string_view> kVariables[] = {
      {R"(job=~"$job", instance=~"$instance")", R"(job!="another")"},
      {"$agreement", ".+"},
      {"$level", ".+"},
      {"$__rate_interval", "5m"}};
  for (const auto& [variable, value] : kVariables) {
    for (auto at = expr.find(variable); at != std::string::npos; at = expr.find(variable, at)) {
      expr.replace(at, variable.size(), value);
    }
  }
  return expr;
}

// The queries by panel.
std::multimap<std::string, std::string> queries() {
  std::ifstream file(SLA_SOURCE_DIR "/grafana/dashboards/sla-reactions.json");
  const auto dashboard = nlohmann::json::parse(file);
  std::multimap<std::string, std::string> found;
  for (const auto& panel : dashboard.at("panels")) {
    if (panel.at("type") == "row") continue;
    for (const auto& target : panel.at("targets")) {
      found.emplace(panel.at("title"), filled_in(target.at("expr")));
    }
  }
  return found;
}

std::size_t numbers(const rules::Value& value) {
  const auto* vector = std::get_if<rules::Vector>(&value);
  if (vector == nullptr) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      *vector, [](const rules::VectorSample& each) { return std::isfinite(each.sample.value); }));
}

TEST(ReactionsDashboard, FindsNumbersForEveryQuery) {
  rules::series::Store store;
  Sampler sampler(store, {});
  const auto plain = fakes::sample_snapshot(1);
  for (int minute = 0; minute <= 60; ++minute) {
    const auto snapshot = fakes::with_support(*plain, busy(static_cast<std::uint64_t>(minute)));
    sampler.take(snapshot, kStart + minute * kMinute);
    store.commit(kStart + minute * kMinute);
  }
  const auto asked = queries();
  EXPECT_GT(asked.size(), 40u);
  for (const auto& [panel, expr] : asked) {
    const auto parsed = rules::parse(expr);
    ASSERT_TRUE(parsed) << panel << ": " << expr;
    const auto answer = rules::evaluate(**parsed, *store.snapshot(), kStart + 60 * kMinute);
    ASSERT_TRUE(answer) << panel << ": " << answer.error();
    EXPECT_GT(numbers(answer->value), 0u) << panel << ": " << expr;
  }
}

}  // namespace
}  // namespace exporter

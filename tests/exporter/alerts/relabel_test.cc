// Relabelling by Prometheus' rules. The hashes are those of its own tests and of `md5sum`.
#include "exporter/alerts/relabel.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

using Action = Relabel::Action;
using rules::Labels;

struct Case {
  const char* name;
  std::vector<Relabel> steps;
  Labels labels;
  std::optional<Labels> result;
};

const Labels kAbc = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};

std::vector<Case> replacing() {
  return {
      {"replace with a capture",
       {{.source_labels = {"a"},
         .regex = "f(.*)",
         .target_label = "d",
         .replacement = "ch${1}-ch${1}"}},
       kAbc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "choo-choo"}}},
      {"joined sources in two steps",
       {{.source_labels = {"a", "b"},
         .regex = "f(.*);(.*)r",
         .target_label = "a",
         .replacement = "b${1}${2}m"},
        {.source_labels = {"c", "a"},
         .regex = "(b).*b(.*)ba(.*)",
         .target_label = "d",
         .replacement = "$1$2$2$3"}},
       kAbc,
       Labels{{"a", "boobam"}, {"b", "bar"}, {"c", "baz"}, {"d", "boooom"}}},
      {"a match at the front alone is none",
       {{.source_labels = {"a"}, .regex = "fo", .target_label = "d", .replacement = "x"}},
       kAbc,
       kAbc},
      {"a dot matches a line end",
       {{.source_labels = {"a"}, .regex = "x.y", .target_label = "b", .replacement = "yes"}},
       Labels{{"a", "x\ny"}},
       Labels{{"a", "x\ny"}, {"b", "yes"}}},
      {"an empty replacement removes",
       {{.source_labels = {"a"}, .regex = "foo", .target_label = "a", .replacement = ""}},
       kAbc,
       Labels{{"b", "bar"}, {"c", "baz"}}},
      {"without a source a label is set",
       {{.target_label = "severity", .replacement = "page"}},
       Labels{{"a", "foo"}},
       Labels{{"a", "foo"}, {"severity", "page"}}},
      {"the target comes from a capture",
       {{.source_labels = {"a"},
         .regex = "some-([^-]+)-([^,]+)",
         .target_label = "${1}",
         .replacement = "${2}"}},
       Labels{{"a", "some-job-boo"}},
       Labels{{"a", "some-job-boo"}, {"job", "boo"}}},
      {"an unknown group makes an empty target, which is no target",
       {{.source_labels = {"a"},
         .regex = "some-([^-]+)",
         .target_label = "${3}",
         .replacement = "x"}},
       Labels{{"a", "some-job"}},
       Labels{{"a", "some-job"}}},
      {"a dollar is written twice",
       {{.source_labels = {"a"}, .target_label = "b", .replacement = "$$5 $1"}},
       Labels{{"a", "x"}},
       Labels{{"a", "x"}, {"b", "$5 x"}}},
  };
}

std::vector<Case> choosing() {
  return {
      {"drop", {{.source_labels = {"a"}, .regex = ".*o.*", .action = Action::drop}}, kAbc, {}},
      {"drop not",
       {{.source_labels = {"a"}, .regex = "f|foo1", .action = Action::drop}},
       kAbc,
       kAbc},
      {"keep not",
       {{.source_labels = {"a"}, .regex = "no-match", .action = Action::keep}},
       kAbc,
       {}},
      {"keep", {{.source_labels = {"a"}, .regex = "f.*", .action = Action::keep}}, kAbc, kAbc},
      {"keepequal",
       {{.source_labels = {"a"}, .target_label = "b", .action = Action::keepequal}},
       Labels{{"a", "x"}, {"b", "x"}},
       Labels{{"a", "x"}, {"b", "x"}}},
      {"keepequal not",
       {{.source_labels = {"a"}, .target_label = "b", .action = Action::keepequal}},
       kAbc,
       {}},
      {"dropequal",
       {{.source_labels = {"a"}, .target_label = "b", .action = Action::dropequal}},
       Labels{{"a", "x"}, {"b", "x"}},
       {}},
  };
}

std::vector<Case> mapping() {
  return {
      {"hashmod of one label",
       {{.source_labels = {"c"}, .modulus = 1000, .target_label = "d", .action = Action::hashmod}},
       kAbc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "976"}}},
      {"hashmod of several lines",
       {{.source_labels = {"a"}, .modulus = 1000, .target_label = "d", .action = Action::hashmod}},
       Labels{{"a", "foo\nbar"}},
       Labels{{"a", "foo\nbar"}, {"d", "734"}}},
      {"labelmap",
       {{.regex = "(b.*)", .replacement = "bar_${1}", .action = Action::labelmap}},
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}, {"bar_b1", "bar"}, {"bar_b2", "baz"}}},
      {"labeldrop",
       {{.regex = "(b.*)", .action = Action::labeldrop}},
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
       Labels{{"a", "foo"}}},
      {"labelkeep",
       {{.regex = "(b.*)", .action = Action::labelkeep}},
       Labels{{"a", "foo"}, {"b1", "bar"}},
       Labels{{"b1", "bar"}}},
      {"lowercase and uppercase",
       {{.source_labels = {"a"}, .target_label = "lower", .action = Action::lowercase},
        {.source_labels = {"a"}, .target_label = "upper", .action = Action::uppercase}},
       Labels{{"a", "bAr123Éé"}},
       Labels{{"a", "bAr123Éé"}, {"lower", "bar123éé"}, {"upper", "BAR123ÉÉ"}}},
  };
}

TEST(Relabelling, DoesWhatPrometheusDoes) {
  std::vector<Case> cases = replacing();
  for (const auto& more : {choosing(), mapping()})
    cases.insert(cases.end(), more.begin(), more.end());
  for (const Case& one : cases) {
    const auto result = Relabeller(one.steps).apply(one.labels);
    EXPECT_EQ(result.has_value(), one.result.has_value()) << one.name;
    if (result && one.result) EXPECT_EQ(result->text(), one.result->text()) << one.name;
  }
}

TEST(Relabelling, StopsAtTheStepThatDrops) {
  const Relabeller relabeller({{.source_labels = {"a"}, .regex = "foo", .action = Action::drop},
                               {.target_label = "a", .replacement = "other"}});
  EXPECT_FALSE(relabeller.apply(kAbc));
  EXPECT_EQ(relabeller.apply(Labels{{"a", "bar"}})->get("a"), "other");
}

}  // namespace
}  // namespace exporter

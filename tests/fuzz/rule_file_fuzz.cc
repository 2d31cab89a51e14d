// Fuzzes the reader of rule files: whatever the bytes, it must answer with rules whose expressions
// are there, or with errors that have a message and a place inside the text. What it has read is
// evaluated for some minutes and linted, so that the machine and the lints behind it meet odd rules
// too.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "exporter/config/rule_file.h"
#include "exporter/tool/lint/lint.h"
#include "rules/group/evaluate.h"
#include "rules/promqltest/memory_source.h"

namespace {

constexpr std::int64_t kMinute = 60'000;

void check_errors(const exporter::ConfigErrors& errors, std::string_view text) {
  const auto lines = std::ranges::count(text, '\n') + 1;
  for (const exporter::ConfigError& error : errors) {
    if (error.message.empty() || error.line > lines) std::abort();
  }
}

void evaluate(const rules::RuleGroup& group) {
  rules::promqltest::MemorySource source;
  for (int minute = 0; minute < 3; ++minute) {
    source.add({{"__name__", "up"}, {"job", "a"}}, {minute * kMinute, minute == 1 ? 0.0 : 1.0});
  }
  rules::GroupSettings settings;
  settings.query.max_samples = 10'000;
  rules::GroupState state;
  for (int minute = 0; minute < 3; ++minute) {
    auto evaluation =
        rules::evaluate_group(group, std::move(state), source, minute * kMinute, settings);
    for (const auto& sample : evaluation.samples) source.add(sample.labels, sample.sample);
    state = std::move(evaluation.state);
    if (state.rules.size() != group.rules.size()) std::abort();
  }
}

void lint(const rules::RuleFile& file, std::string_view text) {
  exporter::lint::Input input{
      .files = {&file}, .config = nullptr, .retention = {}, .target = {{2, 42}}};
  std::vector<const exporter::lint::Lint*> all;
  for (const exporter::lint::Lint& each : exporter::lint::lints()) all.push_back(&each);
  const auto lines = std::ranges::count(text, '\n') + 1;
  for (const exporter::lint::Finding& finding : exporter::lint::run(input, all)) {
    if (finding.text.empty() || finding.place.line < 1 || finding.place.line > lines) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const exporter::RuleFileResult file = exporter::read_rule_text(text, "rules.yml");
  if (!file) {
    check_errors(file.error(), text);
    return 0;
  }
  for (const rules::RuleGroup& group : file->groups) {
    for (const rules::Rule& rule : group.rules) {
      if (rules::base_of(rule).expr == nullptr) std::abort();
    }
    evaluate(group);
  }
  lint(*file, text);
  return 0;
}

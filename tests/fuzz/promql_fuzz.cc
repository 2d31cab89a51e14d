// Any text as a query: it is refused with a position, or what it prints parses to the same tree and
// it runs within its budget, at an instant and over a range.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/promqltest/memory_source.h"
#include "rules/promqltest/script.h"

namespace {

constexpr std::size_t kMaxSamples = 2000;
constexpr std::size_t kMaxScriptBytes = 200;

// A counter, a gauge with gaps and the buckets of a histogram, over ten minutes.
rules::promqltest::MemorySource tiny_source() {
  rules::promqltest::MemorySource source;
  for (int step = 0; step <= 10; ++step) {
    const std::int64_t at = step * 60'000;
    source.add({{"__name__", "a_total"}, {"x", "1"}}, {at, step * 2.0});
    source.add({{"__name__", "a_total"}, {"x", "2"}}, {at, (step % 4) * 1.0});
    if (step % 3 != 0) source.add({{"__name__", "b"}, {"x", "1"}}, {at, 1.0 / step});
    if (step == 5) source.add({{"__name__", "b"}, {"x", "1"}}, {at, rules::stale_nan()});
    source.add({{"__name__", "c_bucket"}, {"le", "1"}}, {at, step * 1.0});
    source.add({{"__name__", "c_bucket"}, {"le", "+Inf"}}, {at, step * 3.0});
  }
  return source;
}

void check_printer(const rules::Expr& expr) {
  for (const std::string& text : {rules::print(expr), rules::print_pretty(expr)}) {
    const auto again = rules::parse(text);
    if (!again || !(**again == expr)) std::abort();
  }
}

void check_evaluation(const rules::Expr& expr) {
  static const rules::promqltest::MemorySource source = tiny_source();
  int asked = 0;
  rules::QueryOptions options;
  options.max_samples = kMaxSamples;
  options.stop = [&] { return ++asked > 100; };
  const auto instant = rules::evaluate(expr, source, 600'000, options);
  if (instant ? instant->peak_samples > kMaxSamples : instant.error().empty()) std::abort();
  asked = 0;
  options.delayed_name_removal = true;
  const auto range = rules::evaluate(expr, source, rules::Range{0, 600'000, 45'000}, options);
  if (range ? range->peak_samples > kMaxSamples : range.error().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Short, because a line of a script may repeat its value a million times.
  if (size < kMaxScriptBytes) {
    const auto script = rules::promqltest::parse_script(text);
    if (!script && (script.error().line == 0 || script.error().message.empty())) std::abort();
  }

  const auto expr = rules::parse(text);
  if (!expr) {
    if (expr.error().message.empty() || expr.error().span.begin > size) std::abort();
    return 0;
  }
  check_printer(**expr);
  check_evaluation(**expr);
  return 0;
}

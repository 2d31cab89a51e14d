// Queries on series of one kind, and the same series as OpenMetrics text, so that a Prometheus can
// be filled with them and asked the same. CPU time is that of the process.
//
//   query_bench write KIND SERIES MINUTES                     the text, to standard output
//   query_bench ask KIND SERIES MINUTES SECONDS QUERY...      a line for each query: milliseconds
//   of
//                                                             one evaluation, sum of its result
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include "rules/promql/engine.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"
#include "tests/bench/series_kinds.h"

namespace {

using namespace rules;
using namespace rules::bench;

constexpr int kRounds = 5;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "query_bench: {}\n", why);
  std::exit(2);
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string series_text(const Labels& labels) {
  std::string pairs;
  for (const auto& [name, value] : labels.pairs()) {
    if (name != kMetricName)
      pairs += fmt::format("{}{}=\"{}\"", pairs.empty() ? "" : ",", name, value);
  }
  return fmt::format("{}{{{}}}", labels.get(kMetricName), pairs);
}

void write(const Kind& kind, std::int64_t series, std::int64_t minutes) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < series; ++i) names.push_back(series_text(series_number(i)));
  each_sample(
      kind, series, minutes,
      [&](std::size_t i, std::int64_t at, double value) {
        fmt::print("{} {} {}\n", names[i], format_short(value), at / 1000);
      },
      [](std::int64_t) {});
  fmt::print("# EOF\n");
}

double sum_of(const Answer& answer) {
  const auto* vector = std::get_if<Vector>(&answer.value);
  if (vector == nullptr) return 0;
  double sum = 0;
  for (const VectorSample& each : *vector) sum += each.sample.value;
  return sum;
}

// With all that a request takes but its transport: parsing, a snapshot, the evaluation.
double evaluated(const series::Store& store, const std::string& query, std::int64_t at) {
  const auto expr = parse(query);
  if (!expr) give_up(expr.error().text());
  const auto answer = evaluate(**expr, *store.snapshot(), at);
  if (!answer) give_up(answer.error());
  return sum_of(*answer);
}

// Milliseconds of one evaluation, on average over `seconds`.
double cost(const series::Store& store, const std::string& query, std::int64_t at, double seconds) {
  const double began = cpu_seconds();
  int runs = 0;
  double used = 0;
  while (runs == 0 || used < seconds) {
    evaluated(store, query, at);
    ++runs;
    used = cpu_seconds() - began;
  }
  return used * 1e3 / runs;
}

// Rounds of all queries, so that a moment in which the machine is slow hits none of them alone.
void ask(const series::Store& store, const std::vector<std::string>& queries, std::int64_t at,
         double seconds) {
  std::vector<double> best(queries.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < queries.size(); ++i)
      best[i] = std::min(best[i], cost(store, queries[i], at, seconds / kRounds));
  }
  for (std::size_t i = 0; i < queries.size(); ++i)
    fmt::print("{} {}\n", best[i], evaluated(store, queries[i], at));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < (words.empty() || words[0] == "write" ? 4 : 6))
    give_up("see the top of query_bench.cc");
  const Kind* kind = find_kind(words[1]);
  if (kind == nullptr) give_up("no kind " + words[1]);
  const std::int64_t series = std::stoll(words[2]), minutes = std::stoll(words[3]);
  if (words[0] == "write") {
    write(*kind, series, minutes);
    return 0;
  }
  series::Store store;
  fill(store, *kind, series, minutes);
  // Half a minute behind the last sample: no window ends on one.
  const std::int64_t at = kStart + minutes * kMinute - kMinute / 2;
  ask(store, {words.begin() + 5, words.end()}, at, std::stod(words[4]));
  return 0;
}

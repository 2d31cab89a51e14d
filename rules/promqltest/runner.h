// Runs scripts against the engine with the settings Prometheus' own suite assumes: 10,000 samples,
// 5 minutes of lookback, names dropped late.
//
// Every instant case is run many times over: as written; with @ and its time on every selector, at
// several other times, where the result must be the same; and each of these as a range query around
// its time, whose middle step must be the same again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promqltest/script.h"

namespace rules::promqltest {

struct Failure {
  std::size_t line = 0;
  std::string message;
};

struct Outcome {
  std::size_t passed = 0, failed = 0;
  std::size_t evaluations = 0;  // with the repetitions
  std::vector<Failure> failures;
};

// A script that cannot be read is one failure.
Outcome run_script(std::string_view text);

}  // namespace rules::promqltest

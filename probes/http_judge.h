// Whether an answer is what the module expects: status, version, TLS, headers, body, in the order
// of the blackbox exporter. The first thing that is wrong is the reason. Pure functions, so that
// every condition is a table test without a network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "probes/probe.h"

namespace probes {

// How much of a body is kept for conditions and decompression, unfolded too.
inline constexpr std::size_t kMaxJudgedBodyBytes = 10 * 1024 * 1024;

// Whether conditions or a compression need the body itself, not just its length.
bool needs_body(const HttpModule& module);

struct HttpVerdict {
  Result<void> result;
  bool failed_due_to_regex = false;
  std::uint64_t uncompressed_bytes = 0;
};

// `response.body` was kept as needs_body() says. Takes the body out of the response.
HttpVerdict judge_answer(const HttpModule& module, HttpResponse& response);

// The status alone: of an answer that broke off later this is still worth more than the break.
Result<void> judge_status(const HttpModule& module, int status);

}  // namespace probes

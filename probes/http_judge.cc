#include "probes/http_judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "probes/http_body.h"
#include "probes/net/http1.h"
#include "probes/regexps.h"

namespace probes {
namespace {

constexpr std::size_t kShownPatternBytes = 100;

std::string shown(const std::string& pattern) {
  return pattern.substr(0, kShownPatternBytes) + (pattern.size() > kShownPatternBytes ? "..." : "");
}

std::unexpected<Error> because(Reason reason, std::string message) {
  return std::unexpected(Error{reason, std::move(message)});
}

bool has_body_conditions(const HttpModule& module) {
  return !module.fail_if_body_matches_regexp.empty() ||
         !module.fail_if_body_not_matches_regexp.empty();
}

bool is_compressed(const HttpModule& module) {
  return !module.compression.empty() && module.compression != "identity";
}

bool has_credentials(const HttpModule& module) {
  return !module.basic_auth_user.empty() || !module.authorization_credentials.empty();
}

std::vector<std::string_view> values_of(const HttpResponse& response, const std::string& name) {
  std::vector<std::string_view> values;
  for (const HttpHeader& header : response.headers)
    if (same_header_name(header.name, name)) values.push_back(header.value);
  return values;
}

// A header may come several times: one forbidden value is one too many, one expected is enough.
Result<void> judge_header(const HeaderMatch& match, bool forbidden, const HttpResponse& response) {
  const std::vector<std::string_view> values = values_of(response, match.header);
  if (values.empty()) {
    if (match.allow_missing) return {};
    return because(Reason::header, fmt::format("the answer has no header {}", match.header));
  }
  const bool matched = std::ranges::any_of(
      values, [&](std::string_view value) { return matches(match.regexp, value); });
  if (matched == !forbidden) return {};
  return because(Reason::header,
                 fmt::format("header {} {} \"{}\"", match.header,
                             forbidden ? "matches" : "does not match", shown(match.regexp)));
}

Result<void> judge_headers(const HttpModule& module, const HttpResponse& response) {
  for (const HeaderMatch& match : module.fail_if_header_matches)
    if (auto fine = judge_header(match, true, response); !fine) return fine;
  for (const HeaderMatch& match : module.fail_if_header_not_matches)
    if (auto fine = judge_header(match, false, response); !fine) return fine;
  return {};
}

Result<void> judge_text(const HttpModule& module, std::string_view body) {
  for (const std::string& pattern : module.fail_if_body_matches_regexp)
    if (matches(pattern, body))
      return because(Reason::body, fmt::format("the body matches \"{}\"", shown(pattern)));
  for (const std::string& pattern : module.fail_if_body_not_matches_regexp)
    if (!matches(pattern, body))
      return because(Reason::body, fmt::format("the body does not match \"{}\"", shown(pattern)));
  return {};
}

std::size_t body_limit(const HttpModule& module) {
  if (module.body_size_limit == 0) return kMaxJudgedBodyBytes;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(module.body_size_limit, kMaxJudgedBodyBytes));
}

Result<void> judge_size(const HttpModule& module, const HttpResponse& response) {
  if (module.body_size_limit != 0 && !is_compressed(module) &&
      response.body_bytes > module.body_size_limit)
    return because(Reason::size, fmt::format("the body is larger than body_size_limit, {} bytes",
                                             module.body_size_limit));
  if (needs_body(module) && response.body_truncated)
    return because(Reason::size, fmt::format("the body is larger than {} bytes, the most that "
                                             "conditions and decompression look at",
                                             kMaxJudgedBodyBytes));
  const std::uint64_t most = HttpRequest{}.max_transfer_bytes;
  if (response.body_bytes > most)
    return because(Reason::size,
                   fmt::format("the body is larger than {} bytes, the most a probe reads", most));
  return {};
}

Result<void> judge_body(const HttpModule& module, HttpResponse& response, HttpVerdict& verdict) {
  verdict.uncompressed_bytes = response.body_bytes;
  if (auto fine = judge_size(module, response); !fine) return fine;
  if (!needs_body(module)) return {};
  auto text = decompress(module.compression, std::move(response.body), body_limit(module));
  if (!text) return std::unexpected(text.error());
  verdict.uncompressed_bytes = text->size();
  if (auto fine = judge_text(module, *text); !fine) {
    verdict.failed_due_to_regex = true;
    return fine;
  }
  return {};
}

Result<void> judge_version(const HttpModule& module, const HttpResponse& response) {
  const std::vector<std::string>& valid = module.valid_http_versions;
  const std::string version = "HTTP/" + response.version;
  if (valid.empty() || std::ranges::find(valid, version) != valid.end()) return {};
  return because(Reason::protocol, fmt::format("the server answered with {}, {} was expected",
                                               version, fmt::join(valid, " or ")));
}

Result<void> judge_tls(const HttpModule& module, const HttpResponse& response) {
  if (module.fail_if_ssl && response.tls)
    return because(Reason::tls, "the answer came by TLS, which the module does not want");
  if (module.fail_if_not_ssl && !response.tls)
    return because(Reason::tls, "the answer came without TLS, which the module wants");
  return {};
}

Result<void> judge_all(const HttpModule& module, HttpResponse& response, HttpVerdict& verdict) {
  if (auto fine = judge_status(module, response.status); !fine) return fine;
  if (auto fine = judge_headers(module, response); !fine) {
    verdict.failed_due_to_regex = true;
    return fine;
  }
  if (auto fine = judge_body(module, response, verdict); !fine) return fine;
  if (auto fine = judge_version(module, response); !fine) return fine;
  return judge_tls(module, response);
}

}  // namespace

bool needs_body(const HttpModule& module) {
  return has_body_conditions(module) || is_compressed(module);
}

Result<void> judge_status(const HttpModule& module, int status) {
  const std::vector<int>& valid = module.valid_status_codes;
  const bool fine =
      valid.empty() ? status / 100 == 2 : std::ranges::find(valid, status) != valid.end();
  if (fine) return {};
  if ((status == 401 || status == 403) && has_credentials(module))
    return because(Reason::auth,
                   fmt::format("the server answered {}: it refused the credentials", status));
  const std::string expected =
      valid.empty() ? "a 2xx" : fmt::format("{}", fmt::join(valid, " or "));
  return because(Reason::status,
                 fmt::format("the server answered {}, {} was expected", status, expected));
}

HttpVerdict judge_answer(const HttpModule& module, HttpResponse& response) {
  HttpVerdict verdict;
  verdict.uncompressed_bytes = response.body_bytes;
  verdict.result = judge_all(module, response, verdict);
  return verdict;
}

}  // namespace probes

#include "probes/dns_judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "probes/regexps.h"

namespace probes {
namespace {

using Records = std::vector<dns::Record>;

std::unexpected<Error> because(Reason reason, std::string message) {
  return std::unexpected(Error{reason, std::move(message)});
}

Result<void> judge_rcode(const DnsModule& module, std::uint16_t rcode) {
  std::vector<std::string> valid = module.valid_rcodes;
  if (valid.empty()) valid = {"NOERROR"};
  const bool fine = std::ranges::any_of(
      valid, [&](const std::string& name) { return dns::rcode_number(name) == rcode; });
  if (fine) return {};
  return because(Reason::status, fmt::format("the server answered {}, {} was expected",
                                             dns::rcode_name(rcode), fmt::join(valid, " or ")));
}

std::string shown(const dns::Record& record) {
  std::string text = record.text();
  std::ranges::replace(text, '\t', ' ');
  constexpr std::size_t kShownBytes = 200;
  return text.size() > kShownBytes ? text.substr(0, kShownBytes) + "..." : text;
}

// Each record on its own: none may match these, all must match those. The blackbox exporter's
// fail_if_all_match_regexp fails, against its name, when not all records match.
Result<void> judge_record(const RrMatch& match, const dns::Record& record) {
  const std::string text = record.text();
  for (const std::string& pattern : match.fail_if_matches_regexp)
    if (matches(pattern, text))
      return because(Reason::body,
                     fmt::format("record \"{}\" matches \"{}\"", shown(record), pattern));
  for (const auto* patterns : {&match.fail_if_not_matches_regexp, &match.fail_if_all_match_regexp})
    for (const std::string& pattern : *patterns)
      if (!matches(pattern, text))
        return because(Reason::body,
                       fmt::format("record \"{}\" does not match \"{}\"", shown(record), pattern));
  return {};
}

bool any_match(const std::vector<std::string>& patterns, const Records& records) {
  return std::ranges::any_of(records, [&](const dns::Record& record) {
    const std::string text = record.text();
    return std::ranges::any_of(patterns,
                               [&](const std::string& pattern) { return matches(pattern, text); });
  });
}

Result<void> judge_section(const RrMatch& match, const Records& records, std::string_view section) {
  const bool needs_some =
      !match.fail_if_not_matches_regexp.empty() || !match.fail_if_none_matches_regexp.empty();
  if (records.empty() && needs_some)
    return because(Reason::body,
                   fmt::format("the {} section holds no record, one was expected", section));
  for (const dns::Record& record : records)
    if (auto fine = judge_record(match, record); !fine) return fine;
  if (match.fail_if_none_matches_regexp.empty() ||
      any_match(match.fail_if_none_matches_regexp, records))
    return {};
  return because(Reason::body,
                 fmt::format("no record of the {} section matches \"{}\"", section,
                             fmt::join(match.fail_if_none_matches_regexp, "\" or \"")));
}

}  // namespace

Result<void> judge_dns(const DnsModule& module, const dns::Message& message) {
  if (auto fine = judge_rcode(module, message.rcode); !fine) return fine;
  if (auto fine = judge_section(module.answer, message.answers, "answer"); !fine) return fine;
  if (auto fine = judge_section(module.authority, message.authorities, "authority"); !fine)
    return fine;
  return judge_section(module.additional, message.additionals, "additional");
}

}  // namespace probes

// A token is a hash of file and name, so that it survives a reload that leaves the group alone.
#include "exporter/web/api_pages.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <limits>

#include "exporter/web/api_params.h"
#include "rules/promql/quote.h"

namespace exporter::api {
namespace {

std::string token_of(const rules::RuleGroup& group) {
  const std::string name = group.file + ";" + group.name;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace

std::expected<RulePage, Error> rule_page_of(const WebRequest& request) {
  const std::string_view limit = parameter(request, "group_limit");
  const std::string_view token = parameter(request, "group_next_token");
  if (limit.empty() && !token.empty()) {
    return bad_parameter("group_next_token",
                         "group_limit needs to be present in order to paginate over the groups");
  }
  if (limit.empty()) return RulePage{};
  const auto groups = parse_integer(limit);
  if (!groups || *groups > std::numeric_limits<std::int32_t>::max()) {
    return bad_parameter(
        "group_limit",
        fmt::format("group_limit needs to be a valid number: strconv.ParseInt: "
                    "parsing {}: {}",
                    rules::quote(limit), groups ? "value out of range" : "invalid syntax"));
  }
  if (*groups <= 0) return bad_parameter("group_limit", "group_limit needs to be greater than 0");
  return RulePage{static_cast<std::size_t>(*groups), std::string(token)};
}

bool Paging::reached(const rules::RuleGroup& group) {
  if (!begun_) begun_ = token_of(group) == page_.token;
  return begun_;
}

bool Paging::take(const rules::RuleGroup& group) {
  if (page_.groups > 0 && taken_ == page_.groups) {
    next_ = token_of(group);
    return false;
  }
  ++taken_;
  return true;
}

std::optional<Error> Paging::error() const {
  if (begun_) return std::nullopt;
  return bad_parameter(
             "group_next_token",
             fmt::format("invalid group_next_token '{}'. were rule groups changed?", page_.token))
      .error();
}

}  // namespace exporter::api

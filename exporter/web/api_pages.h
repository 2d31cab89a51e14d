// A long list of rule groups is asked for in pages: so many groups, and a token that says with
// which the next page begins. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "exporter/web/api_reply.h"
#include "rules/group/rule.h"

namespace exporter::api {

struct RulePage {
  std::size_t groups = 0;  // 0: all
  std::string token;       // of the first; empty: from the beginning
};

std::expected<RulePage, Error> rule_page_of(const WebRequest& request);

// Walks over the groups that are asked for.
class Paging {
 public:
  explicit Paging(RulePage page) : page_(std::move(page)), begun_(page_.token.empty()) {}

  // Whether the page has begun with this group or before.
  bool reached(const rules::RuleGroup& group);
  // One more for the page; false when it is full and this group begins the next.
  bool take(const rules::RuleGroup& group);
  std::optional<Error> error() const;  // no group was named by the token
  const std::string& next() const { return next_; }

 private:
  RulePage page_;
  bool begun_;
  std::size_t taken_ = 0;
  std::string next_;
};

}  // namespace exporter::api

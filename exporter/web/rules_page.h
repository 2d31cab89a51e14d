// The page of rules for the operator: which alerts are active and since when, and how every group
// and rule fares. Works without scripts. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "exporter/rules/view.h"
#include "exporter/web/server.h"

namespace exporter {

// "/rules". The function may return null: there are no rules, or not yet.
Route rules_page_route(std::function<std::shared_ptr<const RulesView>()> rules);

std::string rules_page(const RulesView* view);

}  // namespace exporter

// Runs one test of a unit-test file on virtual time, as promtool does: from its start, at every
// evaluation interval, all groups are evaluated, whatever their own interval; alerts are compared
// with the last evaluation at or before the time of their test, expressions with everything there
// is at the end. Pure but for what the rules do not see.
#pragma once

#include <string>
#include <vector>

#include "exporter/tool/rule_test_file.h"

namespace exporter::tool {

// What differs from the expectations, each a text of several lines; empty when all is well. The
// groups are in the order of their evaluation.
std::vector<std::string> run_rule_test(const RuleTest& test, const RuleTestFile& file,
                                       const std::vector<const rules::RuleGroup*>& groups);

}  // namespace exporter::tool

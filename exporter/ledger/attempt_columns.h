// The attempts of a check's day as columns, compressed: like things lie side by side, each written
// as its difference from what was to be expected, so that deflate finds little to keep. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ledger/day_block.h"

namespace exporter::ledger {

std::string encode_columns(const std::vector<Attempt>& attempts,
                           const std::vector<std::string>& addresses, std::int64_t day);
std::optional<DayOfAttempts> decode_columns(std::string_view payload, std::int64_t day);

}  // namespace exporter::ledger

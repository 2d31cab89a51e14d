// A body that holds several JSON values, cut into them: one value, the elements of one array, or
// values one after the other, as JSON lines are. The values themselves are checked by whoever
// parses them. Pure; one pass, without recursion.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace exporter {

// At most `limit` values; the error is one sentence.
std::expected<std::vector<std::string_view>, std::string> split_json_values(std::string_view body,
                                                                            std::size_t limit);

}  // namespace exporter

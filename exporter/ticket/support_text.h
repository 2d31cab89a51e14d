// Terms of support as canonical JSON (keys in order of their bytes, no white space, whole numbers),
// so that their hash can be computed again from what is printed, and back. Where holidays were read
// from is not in it; the days themselves are. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "exporter/ticket/support_timeline.h"

namespace exporter {

std::string canonical_json(const SupportRecord& record);
// The error names what is wrong.
std::expected<SupportRecord, std::string> parse_support(std::string_view json);

}  // namespace exporter

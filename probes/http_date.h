// The three forms of a date in HTTP (RFC 9110 5.6.7). Pure; independent of the locale.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace probes {

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace probes

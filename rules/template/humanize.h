// Numbers for people, as Prometheus' templates write them: four significant digits and a prefix.
// Pure.
#pragma once

#include <expected>
#include <string>

#include "rules/template/value.h"

namespace rules::templates {

std::string humanize(double value);
std::string humanize1024(double value);
std::string humanize_duration(double seconds);
std::string humanize_percentage(double ratio);
std::expected<std::string, std::string> humanize_timestamp(double seconds);

// Prometheus' durations, "1h30m", in seconds.
std::expected<double, std::string> parse_duration(std::string_view text);
// Seconds as nanoseconds, where they fit.
std::expected<std::int64_t, std::string> nanoseconds(double seconds, std::string_view what);

// "host:port", "[host]:port" without the port; anything else as it is.
std::string strip_port(const std::string& address);
// The first label of a host name; addresses and ports stay.
std::string strip_domain(const std::string& address);

}  // namespace rules::templates

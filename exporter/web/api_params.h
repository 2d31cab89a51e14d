// Parameters of the API, read as Prometheus reads them and refused in its words. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/web/api_reply.h"
#include "exporter/web/server.h"
#include "rules/promql/source.h"

namespace exporter::api {

template <class T>
using Parsed = std::expected<T, std::string>;

// The first value; empty when there is none.
std::string_view parameter(const WebRequest& request, const std::string& name);
std::vector<std::string> parameters(const WebRequest& request, const std::string& name);

// Unix seconds with a fraction, or RFC 3339; in milliseconds.
Parsed<std::int64_t> parse_time(std::string_view text);
// Seconds with a fraction, or 1h30m; in nanoseconds.
Parsed<std::int64_t> parse_duration(std::string_view text);
Parsed<std::int64_t> parse_integer(std::string_view text);
Parsed<std::size_t> parse_limit(std::string_view text);  // 0, or an empty text: none

// The time of that parameter, or this one when it is not given.
std::expected<std::int64_t, Error> time_or(const WebRequest& request, const std::string& name,
                                           std::int64_t otherwise);
std::expected<std::size_t, Error> limit_of(const WebRequest& request);

using Matchers = std::vector<rules::Matcher>;
Parsed<std::vector<Matchers>> parse_matchers(const std::vector<std::string>& selectors);

}  // namespace exporter::api

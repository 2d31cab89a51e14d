// The answers of help desks as JSON, read without trust: what is missing or of another type is
// nothing, and what is no JSON at all (a log-in page, half an answer) is an error that says so.
// Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/sources/source.h"

namespace exporter {

std::expected<nlohmann::json, SourceError> parse_answer(const std::string& body,
                                                        const std::string& source,
                                                        std::string_view path);

// An answer that is JSON, but not what was asked for.
SourceError unexpected_answer(const std::string& source, std::string_view path,
                              std::string_view missing);

// A member, or nothing. Numbers are also taken from texts and texts from numbers, because help
// desks write ids either way; null is nothing.
std::optional<std::string> text_in(const nlohmann::json& object, const char* key);
std::optional<std::int64_t> number_in(const nlohmann::json& object, const char* key);
// The member as it is, or null when it is missing or `object` is none.
const nlohmann::json& member_of(const nlohmann::json& object, const char* key);

}  // namespace exporter

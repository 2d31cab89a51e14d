// JSON as Prometheus' API writes it, byte for byte: values as texts, times as seconds with up to
// three decimals, texts with Go's escapes. Everything is appended to a body under way. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/group/rule.h"
#include "rules/promql/labels.h"
#include "rules/promql/value.h"

namespace exporter::api {

// In quotes. What is no UTF-8 becomes the replacement character.
void append_text(std::string& out, std::string_view text);
// The same with <, > and & escaped: how Go writes every text that is not a label.
void append_escaped(std::string& out, std::string_view text);

void append_value(std::string& out, double value);         // "0.5", in quotes
void append_exponent(std::string& out, double value);      // "5e-01", in quotes
void append_number(std::string& out, double value);        // 0.5; must be finite
void append_timestamp(std::string& out, std::int64_t at);  // 1435781451.781
void append_instant(std::string& out, std::int64_t at);    // "2026-11-24T20:30:00.5Z"
void append_labels(std::string& out, const rules::Labels& labels);
void append_labels(std::string& out, const rules::NamedTexts& labels);
void append_sample(std::string& out, rules::Sample sample);  // [1435781451.781,"0.5"]

// {"resultType":"vector","result":[...]}
void append_result(std::string& out, const rules::Value& value, std::int64_t at);

}  // namespace exporter::api

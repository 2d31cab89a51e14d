// The forms follow Prometheus' util/jsonutil and the encoder behind its API. Numbers come from
// std::to_chars, which gives the shortest digits that read back, as Go does.
#include "exporter/web/api_json.h"

#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "rules/promql/number.h"
#include "rules/promql/utf8.h"

namespace exporter::api {
namespace {

void append_control(std::string& out, unsigned char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

void append_quoted(std::string& out, std::string_view text, bool for_html) {
  out.push_back('"');
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t taken = 1;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(text.front());
    } else if (c < 0x20 || (for_html && (c == '<' || c == '>' || c == '&'))) {
      append_control(out, c);
    } else if (c < 0x80) {
      out.push_back(text.front());
    } else {
      const rules::Rune rune = rules::decode_rune(text);
      taken = rune.bytes;
      const bool line_end = rune.code == 0x2028 || rune.code == 0x2029;
      if (!rune.valid) {
        out += "\\ufffd";
      } else if (for_html && line_end) {
        out += rune.code == 0x2028 ? "\\u2028" : "\\u2029";
      } else {
        out += text.substr(0, taken);
      }
    }
    text.remove_prefix(taken);
  }
  out.push_back('"');
}

bool needs_exponent(double value) {
  const double size = std::abs(value);
  return size != 0 && (size < 1e-6 || size >= 1e21) && std::isfinite(value);
}

std::string scientific(double value) {
  char digits[32];
  const auto done =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific);
  return {digits, done.ptr};
}

// Below 2^53 the shortest digits of a number are all there are, so that they need no filling up.
void append_fixed(std::string& out, double value) {
  constexpr double kExact = 9007199254740992;
  if (!(std::abs(value) < kExact)) {
    out += rules::format_number(value);
    return;
  }
  char digits[64];
  const auto done = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
  out.append(digits, done.ptr);
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

template <class Pairs>
void append_pairs(std::string& out, const Pairs& pairs) {
  out.push_back('{');
  for (const auto& [name, value] : pairs) {
    if (out.back() != '{') out.push_back(',');
    append_text(out, name);
    out.push_back(':');
    append_text(out, value);
  }
  out.push_back('}');
}

void append_series(std::string& out, const rules::Series& series) {
  out += R"({"metric":)";
  append_labels(out, series.labels);
  const char* before = R"(,"values":[)";
  for (const rules::Sample& point : series.points) {
    out += before;
    append_sample(out, point);
    before = ",";
  }
  out += series.points.empty() ? "}" : "]}";
}

void append_list(std::string& out, const rules::Matrix& matrix) {
  out += R"({"resultType":"matrix","result":[)";
  for (const rules::Series& series : matrix) {
    if (&series != &matrix.front()) out.push_back(',');
    append_series(out, series);
  }
  out += "]}";
}

void append_list(std::string& out, const rules::Vector& vector) {
  out += R"({"resultType":"vector","result":[)";
  for (const rules::VectorSample& one : vector) {
    out += &one == &vector.front() ? R"({"metric":)" : R"(,{"metric":)";
    append_labels(out, one.labels);
    out += R"(,"value":)";
    append_sample(out, one.sample);
    out.push_back('}');
  }
  out += "]}";
}

}  // namespace

void append_text(std::string& out, std::string_view text) { append_quoted(out, text, false); }
void append_escaped(std::string& out, std::string_view text) { append_quoted(out, text, true); }

void append_value(std::string& out, double value) {
  out.push_back('"');
  if (needs_exponent(value)) {
    out += scientific(value);
  } else {
    append_fixed(out, value);
  }
  out.push_back('"');
}

void append_exponent(std::string& out, double value) {
  out.push_back('"');
  out += std::isfinite(value) ? scientific(value) : rules::format_number(value);
  out.push_back('"');
}

void append_number(std::string& out, double value) {
  std::string digits = needs_exponent(value) ? scientific(value) : rules::format_number(value);
  // JSON in Go has e-7 and not e-07.
  const auto zero = digits.find("e-0");
  if (zero != std::string::npos) digits.erase(zero + 2, 1);
  out += digits;
}

void append_timestamp(std::string& out, std::int64_t at) {
  // Never the smallest number: the engine refuses times so far away.
  const std::int64_t size = at < 0 ? -at : at;
  if (at < 0) out.push_back('-');
  append_integer(out, size / 1000);
  const std::int64_t rest = size % 1000;
  if (rest == 0) return;
  out += rest < 10 ? ".00" : rest < 100 ? ".0" : ".";
  append_integer(out, rest);
}

void append_instant(std::string& out, std::int64_t at) {
  using namespace std::chrono;
  const sys_time<milliseconds> instant{milliseconds(at)};
  const auto day = floor<days>(instant);
  const year_month_day date(day);
  const hh_mm_ss clock(instant - day);
  fmt::format_to(std::back_inserter(out), "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count());
  if (clock.subseconds().count() != 0) {
    fmt::format_to(std::back_inserter(out), ".{:03}", clock.subseconds().count());
    while (out.back() == '0') out.pop_back();
  }
  out += "Z\"";
}

void append_labels(std::string& out, const rules::Labels& labels) {
  append_pairs(out, labels.pairs());
}

void append_labels(std::string& out, const rules::NamedTexts& labels) { append_pairs(out, labels); }

void append_sample(std::string& out, rules::Sample sample) {
  out.push_back('[');
  append_timestamp(out, sample.at);
  out.push_back(',');
  append_value(out, sample.value);
  out.push_back(']');
}

void append_result(std::string& out, const rules::Value& value, std::int64_t at) {
  if (const auto* matrix = std::get_if<rules::Matrix>(&value)) return append_list(out, *matrix);
  if (const auto* vector = std::get_if<rules::Vector>(&value)) return append_list(out, *vector);
  if (const auto* text = std::get_if<std::string>(&value)) {
    out += R"({"resultType":"string","result":[)";
    append_timestamp(out, at);
    out.push_back(',');
    append_escaped(out, *text);
    out += "]}";
    return;
  }
  // Go prints a scalar without an exponent, however long that gets.
  const rules::Sample sample = std::get<rules::Scalar>(value).sample;
  out += R"({"resultType":"scalar","result":[)";
  append_timestamp(out, sample.at);
  out += ",\"" + rules::format_number(sample.value) + "\"]}";
}

}  // namespace exporter::api

#include "exporter/web/json_values.h"

#include <fmt/format.h>

namespace exporter {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// How long the object or array at the beginning of `text` is; 0: it does not end. What stands
// between its brackets only matters as far as brackets and texts go.
std::size_t length_of_value(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
      continue;
    }
    in_text = c == '"';
    if (c == '{' || c == '[') ++depth;
    if (c != '}' && c != ']') continue;
    if (--depth == 0) return i + 1;
  }
  return 0;
}

class Splitter {
 public:
  Splitter(std::string_view text, std::size_t limit, bool commas)
      : text_(text), limit_(limit), commas_(commas) {}

  std::expected<std::vector<std::string_view>, std::string> split() {
    text_ = trimmed(text_);
    while (!text_.empty()) {
      if (!take_value()) return std::unexpected(error_);
      if (!text_.empty() && commas_ && !take_comma()) return std::unexpected(error_);
    }
    return std::move(values_);
  }

 private:
  bool take_value() {
    if (text_.front() != '{')
      return fail(fmt::format("value {} of the body is no JSON object", values_.size()));
    const std::size_t length = length_of_value(text_);
    if (length == 0) return fail(fmt::format("object {} of the body does not end", values_.size()));
    if (values_.size() == limit_)
      return fail(fmt::format("the body holds more than {} events: send them in parts", limit_));
    values_.push_back(text_.substr(0, length));
    text_ = trimmed(text_.substr(length));
    return true;
  }

  bool take_comma() {
    if (text_.front() != ',') return fail("a comma is missing between two events of the array");
    text_ = trimmed(text_.substr(1));
    return !text_.empty() || fail("the array ends with a comma");
  }

  bool fail(std::string error) {
    error_ = std::move(error);
    return false;
  }

  std::string_view text_;
  std::size_t limit_;
  bool commas_;
  std::vector<std::string_view> values_;
  std::string error_;
};

}  // namespace

std::expected<std::vector<std::string_view>, std::string> split_json_values(std::string_view body,
                                                                            std::size_t limit) {
  body = trimmed(body);
  if (!body.starts_with('[')) return Splitter(body, limit, false).split();
  if (length_of_value(body) != body.size())
    return std::unexpected("the array does not end, or something follows it");
  return Splitter(body.substr(1, body.size() - 2), limit, true).split();
}

}  // namespace exporter

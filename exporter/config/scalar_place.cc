// The bytes of a value that are no blanks stand in the file in the same order; only blanks, quotes,
// backslashes and the head of a block come between. So both are walked side by side.
#include "exporter/config/scalar_place.h"

#include <algorithm>
#include <optional>

namespace exporter::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t offset_of_place(std::string_view file, int line, int column) {
  std::size_t at = file.starts_with("\xEF\xBB\xBF") && line == 1 ? 3 : 0;
  for (; line > 1 && at < file.size(); --line) at = std::min(file.find('\n', at), file.size()) + 1;
  return std::min(at + static_cast<std::size_t>(column) - 1, file.size());
}

TextPlace place_of_offset(std::string_view file, std::size_t offset) {
  const std::string_view before = file.substr(0, offset);
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.line = static_cast<int>(std::ranges::count(before, '\n')) + 1,
          .column = static_cast<int>(before.size() - line_start) + 1};
}

class Walk {
 public:
  Walk(std::string_view file, std::size_t at) : file_(file), at_(at) {
    skip_properties();
    const char first = peek();
    if (first == '|' || first == '>') at_ = std::min(file_.find('\n', at_), file_.size());
    if (first == '"' || first == '\'') {
      quote_ = first;
      ++at_;
    }
  }

  // Moves to the byte that became `c`; false when it is not there.
  bool find(char c) {
    skip_blanks();
    if (quote_ == '"' && peek() == '\\') ++at_;
    return peek() == c;
  }
  void pass() {
    if (quote_ == '\'' && peek() == '\'') ++at_;
    ++at_;
  }
  std::size_t at() const { return at_; }

 private:
  char peek() const { return at_ < file_.size() ? file_[at_] : '\0'; }

  // An anchor or a tag in front of the value.
  void skip_properties() {
    while (peek() == '&' || peek() == '!') {
      while (at_ < file_.size() && !is_blank(file_[at_])) ++at_;
      skip_blanks();
    }
  }

  // Line breaks and tabs in double quotes are blanks of the value, too.
  void skip_blanks() {
    while (at_ < file_.size()) {
      const bool escaped = quote_ == '"' && file_[at_] == '\\' && at_ + 1 < file_.size() &&
                           std::string_view("nrt\n ").contains(file_[at_ + 1]);
      if (!escaped && !is_blank(file_[at_])) return;
      at_ += escaped ? 2 : 1;
    }
  }

  std::string_view file_;
  std::size_t at_;
  char quote_ = '\0';
};

std::optional<std::size_t> find_offset(std::string_view file, const Yaml& scalar,
                                       std::size_t offset) {
  Walk walk(file, offset_of_place(file, scalar.line, scalar.column));
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < scalar.text.size(); ++i) {
    if (is_blank(scalar.text[i])) continue;
    if (!walk.find(scalar.text[i])) return std::nullopt;
    if (i >= offset) return walk.at();
    walk.pass();
    last = walk.at();
  }
  return last;  // behind the last byte
}

}  // namespace

TextPlace place_in_scalar(std::string_view file, const Yaml& scalar, std::size_t offset) {
  const auto found = find_offset(file, scalar, offset);
  return found ? place_of_offset(file, *found) : TextPlace{scalar.line, scalar.column};
}

}  // namespace exporter::config

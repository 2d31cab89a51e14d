// Go's fmt: print, println and printf.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "rules/template/go_text.h"
#include "rules/template/utf8.h"

namespace rules::templates {
namespace {

constexpr int kWidest = 10'000;
constexpr int kDeepest = 40;

void append(std::string& out, const Value& value, int depth);

void append_list(std::string& out, const List& list, int depth) {
  out += '[';
  for (std::size_t i = 0; i < list.size() && out.size() <= kMostText; ++i) {
    if (i > 0) out += ' ';
    append(out, list[i], depth);
  }
  out += ']';
}

void append_fields(std::string& out, const Fields& fields, int depth) {
  const bool record = fields.kind == Fields::Kind::record;
  out += record ? "{" : "map[";
  const char* separator = "";
  const auto one = [&](const std::string& name, const Value& value) {
    out += separator;
    separator = " ";
    if (!record) out += name + ':';
    if (out.size() <= kMostText) append(out, value, depth);
  };
  for (const std::string& name : fields.order) one(name, fields.fields.at(name));
  if (fields.order.empty()) {
    for (const auto& [name, value] : fields.fields) one(name, value);
  }
  out += record ? '}' : ']';
}

void append(std::string& out, const Value& value, int depth) {
  if (depth > kDeepest) return;
  if (const auto* flag = value.get<bool>()) {
    out += *flag ? "true" : "false";
  } else if (const auto* whole = value.get<std::int64_t>()) {
    out += std::to_string(*whole);
  } else if (const auto* number = value.get<double>()) {
    out += number_text(*number);
  } else if (const auto* text = value.get<std::string>()) {
    out += *text;
  } else if (const auto* duration = value.get<Duration>()) {
    out += duration_text(*duration);
  } else if (const auto* time = value.get<Time>()) {
    out += time_text(*time);
  } else if (const auto* list = value.get<List>()) {
    append_list(out, *list, depth + 1);
  } else if (const auto* fields = value.get<Fields>()) {
    append_fields(out, *fields, depth + 1);
  } else {
    out += depth > 0 || value.get<Nil>() ? "<nil>" : "<no value>";
  }
}

// One verb of a format: its flags and the value it takes.
struct Verb {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  int width = -1, precision = -1;
  std::string letter;  // one, as UTF-8
};

std::string padded(const Verb& verb, std::string text) {
  const auto length = static_cast<int>(letters_in(text));
  if (verb.width <= length) return text;
  const auto missing = static_cast<std::size_t>(verb.width - length);
  if (verb.minus) return text + std::string(missing, ' ');
  return std::string(missing, verb.zero ? '0' : ' ') + text;
}

// Zeros go between the sign and the digits.
std::string padded_number(const Verb& verb, std::string text, bool finite = true) {
  const bool digits = finite && verb.zero && !verb.minus;
  const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
  Verb plain = verb;
  plain.zero = false;
  if (!digits || !sign) {
    plain.zero = digits;
    return padded(plain, std::move(text));
  }
  plain.zero = true;
  plain.width = verb.width - 1;
  return text[0] + padded(plain, text.substr(1));
}

std::string with_sign(const Verb& verb, std::string text) {
  if (text[0] == '-' || text[0] == '+') return text;
  if (verb.plus) return '+' + text;
  return verb.space ? ' ' + text : text;
}

std::string wrong(const Verb& verb, const Value& value) {
  std::string out = "%!" + verb.letter + "(";
  if (value.is_nil()) return out + "<nil>)";
  out += value.type() + '=';
  append(out, value, 1);
  return out + ')';
}

std::string format_float(const Verb& verb, double value) {
  const char letter = verb.letter[0];
  const char kind = letter == 'v' ? 'g' : static_cast<char>(letter | 0x20);
  int precision = verb.precision;
  if (precision < 0 && kind != 'g') precision = 6;
  std::string text = number_text(value, kind, precision);
  if (std::isfinite(value) && letter < 'a') {
    for (char& one : text) one = one == 'e' ? 'E' : one;
  }
  // A plus is part of infinity only when it was asked for; %v keeps it.
  if (letter == 'v') return padded_number(verb, text, std::isfinite(value));
  return padded_number(verb, with_sign(verb, text), std::isfinite(value));
}

std::string format_base(std::int64_t value, int base) {
  char buffer[80];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, base).ptr;
  return {buffer, end};
}

std::string upper(std::string text) {
  for (char& letter : text) letter = letter >= 'a' && letter <= 'z' ? letter - 32 : letter;
  return text;
}

std::string with_base(const Verb& verb, const char* prefix, std::string digits) {
  const std::size_t sign = digits[0] == '-' ? 1 : 0;
  if (verb.sharp) digits.insert(sign, prefix);
  return padded_number(verb, with_sign(verb, std::move(digits)));
}

std::string format_int(const Verb& verb, std::int64_t value, const Value& whole) {
  const auto letter = static_cast<char32_t>(value);
  switch (verb.letter[0]) {
    case 'v':
    case 'd':
      return padded_number(verb, with_sign(verb, std::to_string(value)));
    case 'b':
      return with_base(verb, "0b", format_base(value, 2));
    case 'o':
      return with_base(verb, "0", format_base(value, 8));
    case 'O':
      return with_base(verb, "", "0o" + format_base(value, 8));
    case 'x':
      return with_base(verb, "0x", format_base(value, 16));
    case 'X':
      return with_base(verb, "0X", upper(format_base(value, 16)));
    case 'c':
      return padded(verb, utf8(letter));
    case 'q':
      return padded(verb, "'" + utf8(letter) + "'");
    case 'U':
      return padded(verb, fmt::format("U+{:04X}", value));
    default:
      return wrong(verb, whole);
  }
}

std::string hex(std::string_view text, bool large) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    out += large ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  return out;
}

std::string format_text(const Verb& verb, std::string text, const Value& whole) {
  if (verb.precision >= 0) text = first_letters(text, static_cast<std::size_t>(verb.precision));
  switch (verb.letter[0]) {
    case 'v':
    case 's':
      return padded(verb, std::move(text));
    case 'q':
      return padded(verb, quoted(text));
    case 'x':
      return padded(verb, hex(text, false));
    case 'X':
      return padded(verb, hex(text, true));
    default:
      return wrong(verb, whole);
  }
}

bool one_of(const Verb& verb, std::string_view letters) {
  return verb.letter.size() == 1 && letters.find(verb.letter[0]) != std::string_view::npos;
}

std::string format(const Verb& verb, const Value& value) {
  if (one_of(verb, "T")) return padded(verb, value.is_nil() ? "<nil>" : value.type());
  if (value.is_nil()) return one_of(verb, "v") ? padded(verb, "<nil>") : wrong(verb, value);
  if (const auto* flag = value.get<bool>()) {
    return one_of(verb, "tv") ? padded(verb, *flag ? "true" : "false") : wrong(verb, value);
  }
  if (const auto* number = value.get<double>()) {
    return one_of(verb, "veEfFgG") ? format_float(verb, *number) : wrong(verb, value);
  }
  if (const auto* whole = value.get<std::int64_t>()) return format_int(verb, *whole, value);
  if (const auto* duration = value.get<Duration>(); duration && one_of(verb, "dxXob")) {
    return format_int(verb, duration->nanoseconds, value);
  }
  std::string text;
  append(text, value, value.get<List>() || value.get<Fields>() ? 1 : 0);
  return format_text(verb, std::move(text), value);
}

class Printer {
 public:
  Printer(std::string_view rest, std::span<const Value> values) : rest_(rest), values_(values) {}

  std::string run() {
    while (!rest_.empty() && out_.size() <= kMostText) {
      const std::size_t percent = std::min(rest_.find('%'), rest_.size());
      out_ += rest_.substr(0, percent);
      rest_.remove_prefix(percent);
      if (!rest_.empty()) one();
    }
    if (used_ < values_.size()) extra();
    return std::move(out_);
  }

 private:
  void one() {
    rest_.remove_prefix(1);
    Verb verb;
    while (!rest_.empty() && flag(verb, rest_[0])) rest_.remove_prefix(1);
    verb.width = number(verb, false);
    if (!rest_.empty() && rest_[0] == '.') {
      rest_.remove_prefix(1);
      verb.precision = std::max(0, number(verb, true));
    }
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const std::size_t size = letter_size(rest_);
    verb.letter = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (verb.letter == "%") {
      out_ += '%';
    } else if (used_ == values_.size()) {
      out_ += "%!" + verb.letter + "(MISSING)";
    } else {
      out_ += format(verb, values_[used_++]);
    }
  }

  static bool flag(Verb& verb, char letter) {
    switch (letter) {
      case '-':
        verb.minus = true;
        break;
      case '+':
        verb.plus = true;
        break;
      case '#':
        verb.sharp = true;
        break;
      case ' ':
        verb.space = true;
        break;
      case '0':
        verb.zero = true;
        break;
      default:
        return false;
    }
    return true;
  }

  // Digits, or a star that takes a value; -1 when there is neither.
  int number(Verb& verb, bool precision) {
    if (!rest_.empty() && rest_[0] == '*') {
      rest_.remove_prefix(1);
      const auto* star = used_ < values_.size() ? values_[used_].get<std::int64_t>() : nullptr;
      used_ = std::min(used_ + 1, values_.size());
      if (star == nullptr || std::abs(*star) > kWidest) {
        out_ += precision ? "%!(BADPREC)" : "%!(BADWIDTH)";
        return -1;
      }
      if (*star < 0 && !precision) verb.minus = true;
      return static_cast<int>(precision ? *star : std::abs(*star));
    }
    int value = -1;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value = std::min(kWidest, std::max(value, 0) * 10 + (rest_[0] - '0'));
      rest_.remove_prefix(1);
    }
    return value;
  }

  void extra() {
    out_ += "%!(EXTRA ";
    for (std::size_t i = used_; i < values_.size() && out_.size() <= kMostText; ++i) {
      if (i > used_) out_ += ", ";
      if (values_[i].is_nil()) {
        out_ += "<nil>";
        continue;
      }
      out_ += values_[i].type() + '=';
      append(out_, values_[i], 1);
    }
    out_ += ')';
  }

  std::string_view rest_;
  std::span<const Value> values_;
  std::size_t used_ = 0;
  std::string out_;
};

}  // namespace

void append_text(std::string& out, const Value& value) { append(out, value, 0); }

std::string sprint(std::span<const Value> values) {
  std::string out;
  for (std::size_t i = 0; i < values.size() && out.size() <= kMostText; ++i) {
    const bool texts = values[i].get<std::string>() || (i > 0 && values[i - 1].get<std::string>());
    if (i > 0 && !texts) out += ' ';
    append(out, values[i], 1);
  }
  return out;
}

std::string sprintln(std::span<const Value> values) {
  std::string out;
  for (std::size_t i = 0; i < values.size() && out.size() <= kMostText; ++i) {
    if (i > 0) out += ' ';
    append(out, values[i], 1);
  }
  return out + '\n';
}

std::string sprintf_text(std::string_view format, std::span<const Value> values) {
  return Printer(format, values).run();
}

}  // namespace rules::templates

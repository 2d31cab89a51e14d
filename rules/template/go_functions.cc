// The functions that Go's text/template brings: comparison, logic, index, len, printing, escaping.
// `and` and `or` are not here: they stop early, so the expansion itself runs them.
#include <fmt/format.h>

#include "rules/template/functions.h"
#include "rules/template/go_text.h"

namespace rules::templates {
namespace {

Answer failed(std::string why) { return std::unexpected(std::move(why)); }

enum class Basic { boolean, whole, real, text, other };

Basic basic(const Value& value) {
  if (value.get<bool>()) return Basic::boolean;
  if (value.get<std::int64_t>() || value.get<Duration>()) return Basic::whole;
  if (value.get<double>()) return Basic::real;
  return value.get<std::string>() ? Basic::text : Basic::other;
}

std::int64_t whole(const Value& value) {
  const auto* duration = value.get<Duration>();
  return duration ? duration->nanoseconds : *value.get<std::int64_t>();
}

constexpr const char* kIncompatible = "incompatible types for comparison";
constexpr const char* kInvalid = "invalid type for comparison";

std::expected<bool, std::string> equal(const Value& a, const Value& b) {
  if (a.is_nil() || b.is_nil()) return a.is_nil() == b.is_nil();
  if (basic(a) != basic(b)) return std::unexpected(kIncompatible);
  switch (basic(a)) {
    case Basic::boolean:
      return *a.get<bool>() == *b.get<bool>();
    case Basic::whole:
      return whole(a) == whole(b);
    case Basic::real:
      return *a.get<double>() == *b.get<double>();
    case Basic::text:
      return *a.get<std::string>() == *b.get<std::string>();
    case Basic::other:
      break;
  }
  if (!a.get<Time>() || !b.get<Time>()) return std::unexpected(kInvalid);
  return a.get<Time>()->nanoseconds == b.get<Time>()->nanoseconds;
}

std::expected<bool, std::string> less(const Value& a, const Value& b) {
  if (a.is_nil() || b.is_nil()) return std::unexpected(kInvalid);
  if (basic(a) != basic(b)) return std::unexpected(kIncompatible);
  switch (basic(a)) {
    case Basic::whole:
      return whole(a) < whole(b);
    case Basic::real:
      return *a.get<double>() < *b.get<double>();
    case Basic::text:
      return *a.get<std::string>() < *b.get<std::string>();
    default:
      return std::unexpected(kInvalid);
  }
}

Answer any_equal(const Call& call) {
  for (const Value& other : call.values.subspan(1)) {
    const auto same = equal(call.values[0], other);
    if (!same) return failed(same.error());
    if (*same) return true;
  }
  return false;
}

Answer not_equal(const Call& call) {
  const auto same = equal(call.values[0], call.values[1]);
  return same ? Answer(!*same) : failed(same.error());
}

Answer less_than(const Call& call) {
  const auto found = less(call.values[0], call.values[1]);
  return found ? Answer(*found) : failed(found.error());
}

Answer less_or_equal(const Call& call) {
  const auto found = less(call.values[0], call.values[1]);
  if (!found || *found) return found ? Answer(true) : failed(found.error());
  return any_equal(call);
}

// As Go has it, not the mirror image: NaN is greater than everything.
Answer greater_than(const Call& call) {
  const Answer found = less_or_equal(call);
  return found ? Answer(!found->truth()) : found;
}

Answer greater_or_equal(const Call& call) {
  const Answer found = less_than(call);
  return found ? Answer(!found->truth()) : found;
}

Answer length(const Call& call) {
  const Value& value = call.values[0];
  if (const auto* text = value.get<std::string>()) return static_cast<std::int64_t>(text->size());
  if (const auto* list = value.get<List>()) return static_cast<std::int64_t>(list->size());
  const auto* fields = value.get<Fields>();
  if (fields == nullptr || fields->kind == Fields::Kind::record) {
    return failed("len of type " + value.type());
  }
  return static_cast<std::int64_t>(fields->fields.size());
}

Answer in_fields(const Fields& fields, const Value& key) {
  const auto* name = key.get<std::string>();
  if (name == nullptr) return failed("value has type " + key.type() + "; should be string");
  const auto found = fields.fields.find(*name);
  if (found != fields.fields.end()) return found->second;
  return fields.kind == Fields::Kind::strings ? Value("") : Value(Missing{});
}

Answer at_position(const Value& value, const Value& key) {
  const auto* at = key.get<std::int64_t>();
  if (at == nullptr) return failed("cannot index slice/array with type " + key.type());
  const auto* list = value.get<List>();
  const auto* text = value.get<std::string>();
  const std::size_t size = list ? list->size() : text->size();
  if (*at < 0 || static_cast<std::size_t>(*at) >= size) {
    return failed(fmt::format("index out of range: {}", *at));
  }
  const auto position = static_cast<std::size_t>(*at);
  if (list) return (*list)[position];
  return static_cast<std::int64_t>(static_cast<unsigned char>((*text)[position]));
}

Answer index(const Call& call) {
  Value value = call.values[0];
  for (const Value& key : call.values.subspan(1)) {
    if (value.is_nil()) return failed("index of untyped nil");
    const auto* fields = value.get<Fields>();
    const bool list = value.get<List>() || value.get<std::string>();
    if (!list && (!fields || fields->kind == Fields::Kind::record)) {
      return failed("can't index item of type " + value.type());
    }
    Answer found = fields ? in_fields(*fields, key) : at_position(value, key);
    if (!found) return found;
    value = *std::move(found);
  }
  return value;
}

Answer slice(const Call& call) {
  const auto* list = call.values[0].get<List>();
  const auto* text = call.values[0].get<std::string>();
  if (!list && !text) return failed("can't slice item of type " + call.values[0].type());
  const auto size = static_cast<std::int64_t>(list ? list->size() : text->size());
  std::int64_t ends[] = {0, size};
  if (call.values.size() > 3) return failed("too many slice indexes");
  for (std::size_t i = 1; i < call.values.size(); ++i) {
    const auto* at = call.values[i].get<std::int64_t>();
    if (!at) return failed("cannot index slice/array with type " + call.values[i].type());
    if (*at < 0 || *at > size) return failed(fmt::format("index out of range: {}", *at));
    ends[i - 1] = *at;
  }
  if (ends[0] > ends[1]) {
    return failed(fmt::format("invalid slice index: {} > {}", ends[0], ends[1]));
  }
  if (list) return List(list->begin() + ends[0], list->begin() + ends[1]);
  return text->substr(static_cast<std::size_t>(ends[0]),
                      static_cast<std::size_t>(ends[1] - ends[0]));
}

std::string joined(const Call& call) {
  if (call.values.size() == 1 && call.values[0].get<std::string>()) return call.text(0);
  return sprint(call.values);
}

Answer html(const Call& call) {
  std::string out;
  for (const char letter : joined(call)) {
    switch (letter) {
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\0':
        out += "\xef\xbf\xbd";
        break;
      default:
        out += letter;
    }
  }
  return out;
}

Answer js(const Call& call) {
  std::string out;
  for (const char letter : joined(call)) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '\\' || letter == '\'' || letter == '"') {
      out += std::string("\\") + letter;
    } else if (byte < 0x20 || std::string_view("<>&=").find(letter) != std::string_view::npos) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += letter;
    }
  }
  return out;
}

constexpr Function kFunctions[] = {
    {"eq", "aa", 2, true, any_equal},
    {"ge", "aa", 2, false, greater_or_equal},
    {"gt", "aa", 2, false, greater_than},
    {"html", "a", 0, true, html},
    {"index", "aa", 1, true, index},
    {"js", "a", 0, true, js},
    {"le", "aa", 2, false, less_or_equal},
    {"len", "a", 1, false, length},
    {"lt", "aa", 2, false, less_than},
    {"ne", "aa", 2, false, not_equal},
    {"not", "a", 1, false, [](const Call& call) -> Answer { return !call.values[0].truth(); }},
    {"print", "a", 0, true, [](const Call& call) -> Answer { return sprint(call.values); }},
    {"printf", "sa", 1, true,
     [](const Call& call) -> Answer { return sprintf_text(call.text(0), call.values.subspan(1)); }},
    {"println", "a", 0, true, [](const Call& call) -> Answer { return sprintln(call.values); }},
    {"slice", "aa", 1, true, slice},
    {"urlquery", "a", 0, true,
     [](const Call& call) -> Answer { return query_escape(joined(call)); }},
};

}  // namespace

std::span<const Function> go_functions() { return kFunctions; }

}  // namespace rules::templates

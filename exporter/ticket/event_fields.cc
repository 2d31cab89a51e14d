// One table says what a field is and where it goes; another what an event of a type needs beside
// the five fields that all have.
#include "exporter/ticket/event_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "exporter/config/utf8.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

enum class Kind { id, word, type, actor, number, instant, flag };

struct Field {
  std::string_view name;
  Kind kind = Kind::word;
  std::string TicketEvent::* text = nullptr;  // of ids and words
};

constexpr std::array kFields = {
    Field{"source", Kind::id, &TicketEvent::source},
    Field{"ticket", Kind::id, &TicketEvent::ticket},
    Field{"seq", Kind::number},
    Field{"at", Kind::instant},
    Field{"type", Kind::type},
    Field{"actor", Kind::actor},
    Field{"level", Kind::word, &TicketEvent::level},
    Field{"calendar", Kind::word, &TicketEvent::calendar},
    Field{"agreement", Kind::word, &TicketEvent::agreement},
    Field{"channel", Kind::word, &TicketEvent::channel},
    Field{"language", Kind::word, &TicketEvent::language},
    Field{"destination", Kind::word, &TicketEvent::destination},
    Field{"since", Kind::instant},
    Field{"into", Kind::id, &TicketEvent::into},
    Field{"item", Kind::word, &TicketEvent::item},
    Field{"reason", Kind::word, &TicketEvent::reason},
    Field{"public", Kind::flag},
};
constexpr std::array<std::string_view, 5> kAlways = {"source", "ticket", "seq", "at", "type"};

constexpr auto kWritten = [] {
  std::array<std::string_view, kFields.size() - 1> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kFields[i].name;
  return names;
}();

using Type = TicketEventType;

struct Need {
  Type type;
  std::string_view field, why;
};
constexpr std::array kNeeds = {
    Need{Type::opened, "actor", "customer, agent or system decides whether a clock runs"},
    Need{Type::escalated, "level", "the level the ticket moved to"},
    Need{Type::routed, "level", "the level the ticket moved to"},
    Need{Type::returned, "level", "the level the ticket moved to"},
    Need{Type::carry, "since", "when the clock of the merged ticket began"},
    Need{Type::checked_item, "item", "the item of the checklist that was done"},
};

// Open time before 1970 and after 2099 is nobody's.
constexpr std::int64_t kEndOfTime = 4'102'444'800;

std::unexpected<std::string> refuse(std::string text) { return std::unexpected(std::move(text)); }

const Field* find_field(std::string_view name) {
  const auto found = std::ranges::find(kFields, name, &Field::name);
  return found == kFields.end() ? nullptr : found;
}

std::string_view expected_of(Kind kind) {
  switch (kind) {
    case Kind::number:
      return "a whole number";
    case Kind::instant:
      return "an instant such as \"2026-01-14T09:00:00Z\"";
    case Kind::flag:
      return "true or false";
    default:
      return "text";
  }
}

std::unexpected<std::string> wrong_kind(const Field& field, std::string_view given) {
  return refuse(
      fmt::format("\"{}\" must be {}, not {}", field.name, expected_of(field.kind), given));
}

FieldResult check_text(const Field& field, std::string_view text) {
  const std::size_t longest = field.kind == Kind::id ? kLongestEventId : kLongestEventWord;
  if (text.size() > longest) {
    return refuse(
        fmt::format("\"{}\" has {} bytes; at most {} are taken", field.name, text.size(), longest));
  }
  if (config::first_invalid_utf8(text)) {
    return refuse(fmt::format("\"{}\" is not valid UTF-8", field.name));
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, is_control)) {
    return refuse(fmt::format("\"{}\" holds a control character", field.name));
  }
  return {};
}

TicketActor implied_actor(Type type) {
  switch (type) {
    case Type::customer_replied:
    case Type::customer_auto:
      return TicketActor::customer;
    case Type::auto_reply:
    case Type::routed:
    case Type::carry:
    case Type::attributes:
      return TicketActor::system;
    default:
      return TicketActor::agent;
  }
}

FieldResult put_word(TicketEvent& event, const Field& field, std::string_view text) {
  if (field.kind == Kind::type) {
    const auto type = ticket_event_type(text);
    if (!type) return refuse(fmt::format("\"type\" is no event that is known: \"{}\"", text));
    event.type = *type;
  } else if (field.kind == Kind::actor) {
    const auto actor = ticket_actor(text);
    if (!actor) {
      return refuse(fmt::format("\"actor\" is customer, agent or system, not \"{}\"", text));
    }
    event.actor = *actor;
  } else {
    event.*field.text = text;
  }
  return {};
}

FieldResult put_seconds(TicketEvent& event, const Field& field, std::int64_t seconds) {
  if (seconds < 0 || seconds >= kEndOfTime) {
    return refuse(fmt::format("\"{}\" lies outside the years 1970 to 2099", field.name));
  }
  const Seconds at{std::chrono::seconds(seconds)};
  if (field.name == "at") {
    event.at = at;
  } else {
    event.since = at;
  }
  return {};
}

}  // namespace

FieldResult EventBuilder::mark(std::string_view name) {
  const Field* field = find_field(name);
  if (field == nullptr) {
    return refuse(fmt::format("unknown key \"{}\"; the keys are {}",
                              name.substr(0, kLongestEventWord), fmt::join(kWritten, ", ")));
  }
  given_.resize(kFields.size());
  const auto place = static_cast<std::size_t>(field - kFields.data());
  if (given_[place]) return refuse(fmt::format("\"{}\" stands there twice", name));
  given_[place] = true;
  return {};
}

FieldResult EventBuilder::put_text(std::string_view name, std::string_view text) {
  if (auto marked = mark(name); !marked) return marked;
  const Field& field = *find_field(name);
  if (field.kind == Kind::number || field.kind == Kind::flag) return wrong_kind(field, "text");
  if (auto checked = check_text(field, text); !checked) return checked;
  if (field.kind != Kind::instant) return put_word(event_, field, text);
  const auto instant = parse_instant(text);
  if (!instant) return refuse(fmt::format("\"{}\": {}", name, instant.error()));
  return put_seconds(event_, field, instant->time_since_epoch().count());
}

FieldResult EventBuilder::put_number(std::string_view name, std::int64_t number) {
  if (auto marked = mark(name); !marked) return marked;
  const Field& field = *find_field(name);
  if (field.kind == Kind::instant) return put_seconds(event_, field, number);
  if (field.kind != Kind::number) return wrong_kind(field, "a number");
  if (number < 0) return refuse(fmt::format("\"{}\" must not be negative", name));
  event_.seq = number;
  return {};
}

FieldResult EventBuilder::put_flag(std::string_view name, bool flag) {
  if (auto marked = mark(name); !marked) return marked;
  const Field& field = *find_field(name);
  if (field.kind != Kind::flag) return wrong_kind(field, "true or false");
  public_ = flag;
  return {};
}

FieldResult EventBuilder::put_written(std::string_view name, std::string_view text) {
  const Field* field = find_field(name);
  const Kind kind = field == nullptr ? Kind::word : field->kind;
  if (kind == Kind::flag && (text == "true" || text == "false"))
    return put_flag(name, text == "true");
  if (kind != Kind::number) return put_text(name, text);
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return wrong_kind(*field, fmt::format("\"{}\"", text.substr(0, kLongestEventWord)));
  }
  return put_number(name, number);
}

std::expected<TicketEvent, std::string> EventBuilder::finish() {
  given_.resize(kFields.size());
  const auto given = [&](std::string_view name) {
    return static_cast<bool>(given_[static_cast<std::size_t>(find_field(name) - kFields.data())]);
  };
  for (std::string_view name : kAlways) {
    if (!given(name)) return refuse(fmt::format("\"{}\" is missing", name));
  }
  if (event_.source.empty() || event_.ticket.empty()) {
    return refuse(fmt::format("\"{}\" is empty", event_.source.empty() ? "source" : "ticket"));
  }
  for (const Need& need : kNeeds) {
    if (event_.type != need.type || given(need.field)) continue;
    return refuse(fmt::format("\"{}\" is missing: an event of type {} says {}", need.field,
                              name_of(need.type), need.why));
  }
  const bool is_message = event_.type == Type::reaction, is_note = event_.type == Type::note;
  if (public_ && ((is_message && !*public_) || (is_note && *public_))) {
    return refuse(
        fmt::format("\"public\" contradicts the type: a reaction is public, a note is "
                    "not; this is a {}",
                    is_message ? "note" : "reaction"));
  }
  if (!given("actor")) event_.actor = implied_actor(event_.type);
  return event_;
}

std::span<const std::string_view> written_event_fields() { return kWritten; }

bool has_event_field(std::string_view name) { return find_field(name) != nullptr; }

std::string event_field(const TicketEvent& event, std::string_view name) {
  const Field* field = find_field(name);
  if (field == nullptr) return {};
  if (field->text != nullptr) return event.*field->text;
  switch (field->kind) {
    case Kind::number:
      return std::to_string(event.seq);
    case Kind::type:
      return std::string(name_of(event.type));
    case Kind::actor:
      return std::string(name_of(event.actor));
    case Kind::instant:
      if (name == "at") return format_utc(event.at);
      return event.since ? format_utc(*event.since) : std::string();
    default:
      return {};
  }
}

}  // namespace exporter

#include "exporter/sources/zammad_fields.h"

#include <algorithm>
#include <array>
#include <utility>

namespace exporter {
namespace {

struct StateName {
  std::string_view name;
  ZammadState state;
};
constexpr auto kStates = std::to_array<StateName>({
    {"new", ZammadState::live},
    {"open", ZammadState::live},
    {"pending reminder", ZammadState::waiting},
    {"pending close", ZammadState::waiting},
    {"closed", ZammadState::closed},
    {"merged", ZammadState::merged},
    {"removed", ZammadState::removed},
});

// What `map:` calls an attribute and what Zammad calls it. Tags have no attribute, and the channel
// of a ticket is how its first article came.
constexpr auto kAttributes =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"group", "group"},
                                                                  {"queue", "group"},
                                                                  {"priority", "priority"},
                                                                  {"organization", "organization"},
                                                                  {"language", "language"}});

bool names(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& n) { return same_word(n, name); });
}

std::string attribute_of(const TicketField& field) {
  if (field.attribute == "custom_field") return lower_word(field.name);
  for (const auto& [ours, theirs] : kAttributes) {
    if (field.attribute == ours) return std::string(theirs);
  }
  return {};
}

}  // namespace

std::string lower_word(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && lower_word(a) == lower_word(b);
}

ZammadState zammad_state(const TicketSource& source, std::string_view name) {
  if (names(source.spam_states, name)) return ZammadState::spam;
  if (names(source.resolved_states, name)) return ZammadState::closed;
  if (names(source.waiting_states, name)) return ZammadState::waiting;
  for (const StateName& known : kStates) {
    if (same_word(known.name, name)) return known.state;
  }
  return ZammadState::live;
}

std::string zammad_first_value(const ZammadRecord& record, std::string_view attribute) {
  for (const ZammadEntry& entry : record.history.entries) {
    if (entry.type == "updated" && entry.object == "Ticket" && entry.attribute == attribute)
      return entry.from;
  }
  const auto now = record.ticket.attributes.find(std::string(attribute));
  return now == record.ticket.attributes.end() ? std::string() : now->second;
}

std::string zammad_tag(const ZammadEntry& entry) {
  if (entry.attribute != "tag" || (entry.type != "added" && entry.type != "removed")) return {};
  return entry.to.empty() ? entry.from : entry.to;
}

ZammadField::ZammadField(const TicketField& field, const ZammadRecord& record, Unmapped& unmapped)
    : field_(field), unmapped_(unmapped), attribute_(attribute_of(field)) {
  if (field.attribute == "channel") take(record.ticket.article_type);
  if (!attribute_.empty()) take(zammad_first_value(record, attribute_));
}

bool ZammadField::follow(const ZammadEntry& entry) {
  if (field_.attribute == "tag") {
    const std::string tag = zammad_tag(entry);
    if (tag.empty()) return false;
    entry.type == "added" ? static_cast<void>(tags_.insert(tag))
                          : static_cast<void>(tags_.erase(tag));
    return take_tags();
  }
  const bool mine = !attribute_.empty() && entry.type == "updated" && entry.object == "Ticket" &&
                    entry.attribute == attribute_;
  return mine && take(entry.to);
}

bool ZammadField::take(const std::string& theirs) {
  const auto found = field_.values.find(theirs);
  if (found == field_.values.end()) {
    const bool custom = field_.attribute == "custom_field";
    if (!theirs.empty()) ++unmapped_[custom ? field_.name : field_.attribute];
    return false;
  }
  return std::exchange(value_, found->second) != found->second;
}

// Of several tags the first of the map counts; with none of them the value stays.
bool ZammadField::take_tags() {
  for (const auto& [theirs, ours] : field_.values) {
    if (tags_.contains(theirs)) return std::exchange(value_, ours) != ours;
  }
  return false;
}

}  // namespace exporter

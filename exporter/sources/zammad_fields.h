// What of a Zammad ticket means what to us: its states, and the attributes that the configuration
// maps, followed through the history. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/sources/zammad_answers.h"

namespace exporter {

enum class ZammadState { live, waiting, closed, spam, merged, removed };

// By Zammad's usual names and those of the configuration; an unknown one is live, because a clock
// must not stop for a word that nobody explained.
ZammadState zammad_state(const TicketSource& source, std::string_view name);

// Without regard to case, as far as ASCII goes.
bool same_word(std::string_view a, std::string_view b);
std::string lower_word(std::string_view text);

// The value that an attribute had when the ticket was made: the one its first change came from, or
// the one it still has.
std::string zammad_first_value(const ZammadRecord& record, std::string_view attribute);

// The tag an entry adds or removes; empty when it is not about a tag.
std::string zammad_tag(const ZammadEntry& entry);

// One value of ours through the life of a ticket.
class ZammadField {
 public:
  using Unmapped = std::map<std::string, std::uint64_t>;
  ZammadField(const TicketField& field, const ZammadRecord& record, Unmapped& unmapped);

  // Empty: not mapped, or not known.
  const std::string& value() const { return value_; }
  // True when the entry changed it to another known value.
  bool follow(const ZammadEntry& entry);

 private:
  bool take(const std::string& theirs);
  bool take_tags();

  const TicketField& field_;
  Unmapped& unmapped_;
  std::string attribute_;  // Zammad's name; empty for tags and for what never changes
  std::set<std::string> tags_;
  std::string value_;
};

}  // namespace exporter

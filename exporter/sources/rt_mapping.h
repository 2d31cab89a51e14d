// The words of a Request Tracker in ours: levels, regions and the like by the configured map,
// states by their names, mails by their headers. What no map knows is counted, never guessed. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/sources/rt_answers.h"

namespace exporter {

using Unmapped = std::map<std::string, std::uint64_t>;

enum class RtState { active, waiting, closed, spam, deleted };

// A value of ours that a map has: which one, and under what name its unknown values are counted.
struct RtMapped {
  const TicketField* field = nullptr;
  std::string_view counted_as;
};

class RtMapping {
 public:
  // `levels` are lowest first.
  RtMapping(TicketSource source, std::vector<LevelTerms> levels);

  RtState state(std::string_view status) const;
  // RT's own actions and the accounts that are nobody.
  bool is_machine(std::string_view account) const;
  void add_machine(std::string account) { source_.not_human.push_back(std::move(account)); }

  // Ours for the first of theirs that is known, or empty; one that is not is counted.
  std::string ours(const RtMapped& mapped, const std::vector<std::string>& theirs,
                   Unmapped& unmapped) const;
  RtMapped level() const;
  // What the events carry beside the level: "region", "agreement", "channel", "language".
  RtMapped calendar() const { return {&source_.map.calendar, "region"}; }
  RtMapped agreement() const { return {&source_.map.agreement, "agreement"}; }
  RtMapped channel() const { return {&source_.map.channel, "channel"}; }
  RtMapped language() const { return {&source_.map.language, "language"}; }
  RtMapped destination() const { return {&source_.map.destination, "destination"}; }

  // From the lowest, which is 0; so is a level that is empty or unknown: somebody waits there too.
  std::size_t rank(std::string_view level) const;
  const std::vector<LevelTerms>& levels() const { return levels_; }

  // Items of the checklist that a value of a custom field, or the text of a note, proves.
  std::vector<std::string> proven_by_field(const std::string& field,
                                           const std::string& value) const;
  std::vector<std::string> proven_by_note(std::string_view text) const;
  bool looks_at_notes() const;

  const TicketSource& source() const { return source_; }

 private:
  TicketSource source_;
  std::vector<LevelTerms> levels_;
};

// No human wrote it: an absence notice, a bounce, a confirmation (RFC 3834, and what RT itself
// found).
bool is_automatic(const RtHeaders& headers);
// "email", "web", "rest": how the message came in.
std::string interface_of(const RtHeaders& headers);
// RT's own confirmation of a new ticket, which tells its number.
bool is_number_mail(const RtHeaders& headers);

}  // namespace exporter

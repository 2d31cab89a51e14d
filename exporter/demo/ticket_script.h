// What happens to a ticket of the demo company, from the customer's first message to the last, as a
// pure function of the ticket's name. So the help desk needs no memory: started again it knows from
// its file alone how each story goes on. The dice are seeded with the name.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::demo {

using Instant = std::chrono::sys_seconds;

// Tickets of one kind come at even distances, and their number is that of the distance since 1970.
struct TicketSeries {
  char letter;
  std::chrono::seconds every;
  std::int64_t one_in_history;  // of so many only one came while nobody looked
};

// The first kind is the daily work: some a minute while the demo runs, so that one sees something;
// in the weeks before, and while the demo was closed, one in 90 minutes. The other three are cases
// for the legal department, which has five days, day and night. They last so long that at any time
// at least one of each kind is at risk, waits for the customer, or is breached; whichever hour the
// demo is started at.
inline constexpr std::array kTicketSeries = {
    TicketSeries{'T', std::chrono::seconds(15), 360},
    TicketSeries{'L', std::chrono::hours(12), 1},      // at risk for the last 14 hours
    TicketSeries{'W', std::chrono::hours(48), 1},      // waits for 60 hours
    TicketSeries{'F', std::chrono::hours(12 * 24), 1}  // forgotten for 13 days
};
// The longest story ends within it.
inline constexpr std::chrono::hours kLongestStory{19 * 24};

struct TicketKey {
  char letter = 'T';
  std::int64_t number = 0;
  auto operator<=>(const TicketKey&) const = default;
};
std::string text_of(TicketKey key);  // "T-118267421"
std::optional<TicketKey> parse_ticket_key(std::string_view text);
const TicketSeries& series_of(TicketKey key);

// An event in the words of docs/sources.md; empty fields are left out.
struct ScriptStep {
  Instant at;
  std::string_view type, actor = {}, level = {}, calendar = {}, channel = {}, language = {},
                         destination = {}, item = {};
  bool by_people = false;  // does not happen while nobody answers
};

// In the order of time, and never empty; the first opens the ticket.
std::vector<ScriptStep> script_of(TicketKey key);

}  // namespace exporter::demo

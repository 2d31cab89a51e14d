// Events as help desks and files may send them: whatever the bytes, reading them ends in an event
// or an error, an event that was read is the same after writing, and whatever events come in
// whatever order, the clocks of the ticket keep the invariant of docs/reactions.md.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ranges>

#include "exporter/ticket/event_csv.h"
#include "exporter/ticket/event_json.h"
#include "exporter/ticket/ticket.h"

namespace {

using namespace exporter;

void require(bool condition) {
  if (!condition) std::abort();
}

std::shared_ptr<const SupportRules> make_rules() {
  SupportTerms terms;
  CalendarTerms calendar;
  calendar.name = "europe";
  calendar.timezone = "UTC+01:00";
  for (std::size_t day = 1; day <= 5; ++day) {
    calendar.week[day] = {{std::chrono::hours(8), std::chrono::hours(17)}};
  }
  terms.calendars.push_back(calendar);
  calendar.name = "america";
  calendar.timezone = "UTC-06:00";
  terms.calendars.push_back(calendar);
  for (const char* name : {"first", "second", "legal"}) {
    LevelTerms level;
    level.name = name;
    level.react_within.amount = 14'400;
    terms.levels.push_back(level);
  }
  terms.levels.front().note_reacts = false;
  terms.checklist = {"faq"};
  return SupportRules::compile(std::move(terms)).value();
}

void require_invariant(const Ticket& ticket, const SupportRules& rules) {
  int open = 0;
  for (const ReactionClock& clock : ticket.clocks()) {
    if (!clock.end) ++open;
    for (std::size_t i = 0; i < clock.pauses.size(); ++i) {
      require(clock.pauses[i].from < clock.pauses[i].to);
      if (i > 0) require(clock.pauses[i - 1].to <= clock.pauses[i].from);
    }
    const ClockReading reading = read_clock(clock, rules, ticket.last_at());
    require(reading.business.count() >= 0);
    require((reading.state == ClockState::voided) == (clock.voided != VoidReason::none));
  }
  require(open <= 1);
  require((open == 1) == (ticket.open_clock() != nullptr));
  if (ticket.alive() && ticket.unanswered()) require(open == 1);
  if (!ticket.alive()) require(open == 0);
}

void require_same_after_writing(const TicketEvent& event) {
  const auto again = parse_event_json(event_json(event));
  require(again.has_value() && *again == event);
  const auto csv = EventCsv::open(event_csv_header());
  const auto from_csv = csv->parse(event_csv(event));
  require(from_csv.has_value() && *from_csv == event);
}

void apply(Ticket& ticket, const TicketEvent& event, const SupportRules& rules) {
  ticket.apply(event, rules);
  require_invariant(ticket, rules);
}

void read_csv(std::string_view text, Ticket& ticket, const SupportRules& rules) {
  const auto header = take_csv_record(text);
  if (!header) return;
  const auto csv = EventCsv::open(*header);
  if (!csv) return;
  while (const auto record = take_csv_record(text)) {
    const auto event = csv->parse(*record);
    if (!event) continue;
    require_same_after_writing(*event);
    apply(ticket, *event, rules);
  }
}

// Three bytes an event: what it is, who acted where, and how time went on; so that the fold is
// reached without spelling JSON.
void read_bytes(std::string_view bytes, Ticket& ticket, const SupportRules& rules) {
  constexpr const char* levels[] = {"first", "second", "legal", "elsewhere"};
  constexpr int steps[] = {0, 1, 1'800, 14'400, 40'000, 260'000, -1, -20'000};
  Seconds now{std::chrono::seconds(1'768'381'200)};
  std::int64_t seq = 0;
  for (; bytes.size() >= 3 && seq < 24; bytes.remove_prefix(3)) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    TicketEvent event;
    event.source = event.ticket = "1";
    event.seq = ++seq;
    event.type = static_cast<TicketEventType>(byte(0) % 20);
    event.actor = static_cast<TicketActor>(byte(1) % 3);
    event.level = levels[(byte(1) >> 2) % 4];
    event.calendar = (byte(1) >> 4) % 4 == 1 ? "america" : "";
    event.channel = (byte(1) & 0x80) != 0 ? "phone" : "";
    event.item = "faq";
    now += std::chrono::seconds(steps[byte(2) % 8]);
    event.at = now;
    if (event.type == TicketEventType::carry) event.since = now - std::chrono::hours(byte(2));
    apply(ticket, event, rules);
  }
}

}  // namespace

// The first byte chooses the form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const SupportRules> rules = make_rules();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Ticket ticket;
  switch (data[0] % 3) {
    case 0:
      read_csv(text, ticket, *rules);
      break;
    case 1:
      read_bytes(text, ticket, *rules);
      break;
    default:
      for (const auto line : std::views::split(text, '\n')) {
        const auto event = parse_event_json(std::string_view(line.begin(), line.end()));
        if (!event) continue;
        require_same_after_writing(*event);
        apply(ticket, *event, *rules);
      }
  }
  return 0;
}

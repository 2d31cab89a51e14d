// Zammad's answers: whatever they hold, they become events in a strict order, the same each time,
// or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporter/sources/zammad_cursor.h"
#include "exporter/sources/zammad_events.h"

namespace {

using namespace exporter;

ZammadReading make_reading() {
  ZammadReading reading;
  reading.source.name = "desk";
  reading.source.not_human = {"bot"};
  reading.source.map.level = {"group", "", {{"a", "first"}, {"b", "second"}}};
  reading.source.map.calendar = {"custom_field", "Region", {{"EU", "europe"}}};
  reading.source.map.agreement = {"tag", "", {{"vip", "acme"}}};
  reading.source.map.checklist = {
      {"data", "data", {}, "", ""}, {"dns", "", {}, "dns", ""}, {"faq", "", {}, "", "faq"}};
  reading.levels.resize(2);
  reading.levels[0].name = "first";
  reading.levels[1].name = "second";
  return reading;
}

void require(bool condition) {
  if (!condition) std::abort();
}

std::string take_part(std::string_view& rest) {
  const auto end = rest.find('\0');
  const std::string part(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

void read_cursor(const std::string& text, const std::vector<ZammadTicket>& rows) {
  ZammadCursor cursor = ZammadCursor::parse(text, Seconds{});
  for (const ZammadTicket& row : rows) cursor.note(row);
  cursor.finish_page(rows, 2, Seconds{});
  require(ZammadCursor::parse(cursor.text(), Seconds{}).text() == cursor.text());
}

}  // namespace

// Up to four parts with a NUL between them: tickets, a history, articles, a cursor.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ZammadReading reading = make_reading();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto tickets = read_zammad_tickets(take_part(rest), "desk");
  const auto history = read_zammad_history(take_part(rest), "desk");
  const auto articles = read_zammad_articles(take_part(rest), "desk");
  read_cursor(take_part(rest), tickets.value_or(std::vector<ZammadTicket>()));
  ZammadRecord record;
  record.ticket.id = 1;
  if (tickets && !tickets->empty()) record.ticket = tickets->front();
  if (history) record.history = *history;
  if (articles) record.articles = *articles;
  require(zammad_articles_moved(record).size() <= record.history.entries.size());

  if (!record.history.entries.empty())
    record.carried[record.history.entries.front().id] = {Seconds{}, false};
  static_cast<void>(zammad_waiting(record, reading, 9));

  std::map<std::string, std::uint64_t> unmapped;
  const auto events = zammad_events(record, reading, unmapped);
  require(events == zammad_events(record, reading, unmapped));
  require(!events.empty() && events.front().type == TicketEventType::opened);
  for (std::size_t i = 1; i < events.size(); ++i) require(events[i - 1].seq < events[i].seq);
  return 0;
}

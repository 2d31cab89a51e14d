#include "exporter/sources/zammad_cursor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporter/sla/zone.h"
#include "exporter/sources/json_answer.h"

namespace exporter {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }
Seconds instant(std::int64_t number) { return Seconds(std::chrono::seconds(number)); }

}  // namespace

ZammadCursor ZammadCursor::parse(const std::string& text, Seconds since) {
  ZammadCursor cursor;
  cursor.after_ = cursor.newest_ = since;
  const json object = json::parse(text, nullptr, false);
  const auto after = number_in(object, "after"), page = number_in(object, "page");
  const auto newest = number_in(object, "newest");
  if (!after || !page || !newest || *page < 1 || *page > 1'000'000) return cursor;
  cursor.after_ = instant(*after);
  cursor.newest_ = instant(*newest);
  cursor.page_ = static_cast<int>(*page);
  const json& found = member_of(object, "found");
  cursor.found_ = found.is_boolean() && found.get<bool>();
  const json& known = member_of(object, "known");
  if (!known.is_array()) return cursor;
  for (const json& row : known) {
    const auto id = number_in(row, "id");
    const auto updated = text_in(row, "updated");
    const auto at = parse_instant(updated.value_or(""));
    if (id && at) cursor.known_[*id] = {*at, *updated};
  }
  return cursor;
}

std::string ZammadCursor::text() const {
  json known = json::array();
  for (const auto& [id, ticket] : known_) known.push_back({{"id", id}, {"updated", ticket.text}});
  const json object = {{"after", number(after_)},
                       {"page", page_},
                       {"newest", number(newest_)},
                       {"found", found_},
                       {"known", std::move(known)}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool ZammadCursor::knows(const ZammadTicket& ticket) const {
  const auto found = known_.find(ticket.id);
  return found != known_.end() && found->second.text == ticket.updated_text;
}

void ZammadCursor::note(const ZammadTicket& ticket) {
  found_ = true;
  known_[ticket.id] = {ticket.updated, ticket.updated_text};
}

void ZammadCursor::move_to(Seconds after) {
  after_ = after;
  page_ = 1;
  found_ = false;
  std::erase_if(known_, [after](const auto& entry) { return entry.second.updated < after; });
  while (known_.size() > kMaxKnown) {
    known_.erase(std::ranges::min_element(known_, {},
                                          [](const auto& entry) { return entry.second.updated; }));
  }
}

bool ZammadCursor::finish_page(const std::vector<ZammadTicket>& rows, std::size_t page_rows,
                               Seconds now) {
  const bool full = rows.size() >= page_rows;
  const Seconds last = rows.empty() ? after_ : rows.back().updated - 1s;
  if (!rows.empty()) newest_ = std::max(newest_, rows.back().updated);
  if (full && last <= after_) {
    ++page_;
    return false;
  }
  if (page_ > 1 && found_) {
    page_ = 1;
    found_ = false;
    return false;
  }
  // A server whose clock was ahead must not push us past what it will write once it is right.
  move_to(full ? last : std::max(after_, std::min(newest_, now) - kOverlap));
  return !full;
}

}  // namespace exporter

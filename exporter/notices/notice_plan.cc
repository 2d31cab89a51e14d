#include "exporter/notices/notice_plan.h"

#include <algorithm>
#include <tuple>

namespace exporter {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::seconds;

std::optional<NoticeKey> notice_due(const std::string& source, const std::string& ticket,
                                    const ReactionClock& clock, const ClockReading& reading,
                                    const HeardSince& heard, const IsTold& is_told) {
  const bool breached = reading.state == ClockState::breached_open;
  if (!breached && reading.state != ClockState::at_risk) return std::nullopt;
  const auto since = heard.find(clock.level);
  if (since == heard.end()) return std::nullopt;
  if (breached && reading.breached && *reading.breached < since->second) return std::nullopt;
  NoticeKey key{.source = source,
                .ticket = ticket,
                .level = clock.level,
                .instance = clock.instance,
                .stage = breached ? NoticeStage::breached : NoticeStage::at_risk};
  if (is_told(key)) return std::nullopt;
  if (breached) return key;
  NoticeKey worse = key;
  worse.stage = NoticeStage::breached;
  if (is_told(worse)) return std::nullopt;
  return key;
}

std::optional<local_days> morning_due(const Zone& zone, seconds time_of_day, Seconds heard_since,
                                      Seconds now) {
  const local_days day = floor<days>(zone.to_local(now));
  const Seconds moment = zone.from_local(day + time_of_day);
  if (now < moment || heard_since > moment) return std::nullopt;
  return day;
}

std::optional<seconds> time_of_day(std::string_view text) {
  if (text.size() != 5) return std::nullopt;
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  return std::chrono::hours(two(0)) + std::chrono::minutes(two(3));
}

MorningList morning_list(std::vector<OpenClockView> open, const Zone& zone, local_days day) {
  const auto due_of = [](const OpenClockView& each) {
    return each.reading.due ? each.reading.due->due : Seconds::max();
  };
  std::ranges::sort(open, [&](const OpenClockView& a, const OpenClockView& b) {
    return std::tuple(due_of(a), std::tie(a.source, a.ticket)) <
           std::tuple(due_of(b), std::tie(b.source, b.ticket));
  });
  MorningList list;
  for (OpenClockView& each : open) {
    const ClockState state = each.reading.state;
    if (state == ClockState::breached_open) {
      list.breached.push_back(std::move(each));
    } else if (state == ClockState::at_risk) {
      list.at_risk.push_back(std::move(each));
    } else if (state == ClockState::running && each.reading.due &&
               floor<days>(zone.to_local(each.reading.due->due)) == day) {
      list.due_today.push_back(std::move(each));
    }
  }
  return list;
}

}  // namespace exporter

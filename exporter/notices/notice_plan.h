// Which notices about single tickets fall due (docs/reactions.md, Notices): one when a clock gets
// at risk, one when it is breached, and each morning a list for the team of a level. What was told
// before is asked of the caller, who remembers it over restarts. Pure.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/sources/notice_row.h"
#include "exporter/ticket/support_view.h"

namespace exporter {

// From when on somebody hears of a level; those that are missing nobody hears of.
using HeardSince = std::map<std::string, Seconds>;
using IsTold = std::function<bool(const NoticeKey& key)>;

// The notice that an open clock is due. A clock that was told as breached is not told as at risk
// any more, and a breach from before anybody heard of its level is not told at all: whoever turns
// notices on hears of the old ones by the morning list.
std::optional<NoticeKey> notice_due(const std::string& source, const std::string& ticket,
                                    const ReactionClock& clock, const ClockReading& reading,
                                    const HeardSince& heard, const IsTold& is_told);

// The local day whose morning list is due at `now`: its time has come, and somebody heard of the
// level by then. One that was missed is made up for as long as its day lasts.
std::optional<std::chrono::local_days> morning_due(const Zone& zone,
                                                   std::chrono::seconds time_of_day,
                                                   Seconds heard_since, Seconds now);
// "08:00" of the configuration; absent for an empty one.
std::optional<std::chrono::seconds> time_of_day(std::string_view text);

// Open clocks of one level, each once, by due.
struct MorningList {
  std::vector<OpenClockView> breached, at_risk, due_today;
  bool empty() const { return breached.empty() && at_risk.empty() && due_today.empty(); }
};
// Paused clocks are in no list: it is the customer's turn.
MorningList morning_list(std::vector<OpenClockView> open, const Zone& zone,
                         std::chrono::local_days day);

}  // namespace exporter

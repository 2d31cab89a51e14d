// What tickets.db remembers of notices about single tickets (docs/reactions.md, Notices): that one
// is to be sent, and what became of it. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/sla/terms.h"

namespace exporter {

enum class NoticeStage { at_risk, breached, morning };
// `recorded` goes to nobody: a morning on which there was nothing to say.
enum class NoticeChannel { mail, webhook, note, recorded };
enum class NoticeState { waiting, sent, failed };

// What is told once. A clock is told of by its ticket, level and instance; a morning list has no
// source, and its local day in the place of the ticket.
struct NoticeKey {
  std::string source, ticket, level;
  int instance = 0;
  NoticeStage stage = NoticeStage::at_risk;
  auto operator<=>(const NoticeKey&) const = default;
};

// One notice on one way.
struct NoticeRow {
  NoticeKey key;
  NoticeChannel channel = NoticeChannel::mail;
  std::string id;  // the same for every attempt, so that receivers can tell a repetition
  Seconds at;      // when it fell due
  std::string content;
  NoticeState state = NoticeState::waiting;
  int tries = 0;
  Seconds next_try;
  bool operator==(const NoticeRow&) const = default;
};

std::string_view name_of(NoticeStage stage);
std::string_view name_of(NoticeChannel channel);
std::string_view name_of(NoticeState state);
// 32 hexadecimal digits that follow from key and channel alone.
std::string notice_id(const NoticeKey& key, NoticeChannel channel);

}  // namespace exporter

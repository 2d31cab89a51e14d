// The words of notices: a mail, the JSON of a web hook, an internal note. They say which ticket and
// when, and nothing of a customer. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "exporter/config/support.h"
#include "exporter/notices/notice_plan.h"

namespace exporter {

// Where the words are about.
struct NoticeFrame {
  Zone zone;          // the published agreement's
  std::string place;  // of this exporter
  const std::map<std::string, TicketSource>* sources = nullptr;
};

// A mail's subject is its first line, and its text what follows the line end.
std::string notice_mail(const NoticeKey& key, const OpenClockView& clock, const NoticeFrame& frame);
std::string notice_json(const NoticeKey& key, const OpenClockView& clock, const NoticeFrame& frame);
std::string notice_note(const NoticeKey& key, const OpenClockView& clock, const NoticeFrame& frame);

std::string morning_mail(const NoticeKey& key, const MorningList& list, const NoticeFrame& frame);
std::string morning_json(const NoticeKey& key, const MorningList& list, const NoticeFrame& frame);

// Of the ticket in its help desk; empty where none is known.
std::string ticket_url(const TicketSource& source, std::string_view ticket);

}  // namespace exporter

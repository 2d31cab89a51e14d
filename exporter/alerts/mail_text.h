// The words of a mail about alerts: plain text in UTF-8, readable on a telephone at night. Nothing
// that comes from an alert can end a header or a line of it. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/alerts/mail_book.h"
#include "probes/outcome.h"

namespace exporter {

struct MailFrame {
  std::string from;
  std::vector<std::string> to;
  std::string place;       // of this exporter
  std::string message_id;  // without angle brackets
  probes::WallTime date{};
  std::chrono::seconds after{};  // no Alertmanager has answered for so long
};

// Header and body, with "\n" as line end and nothing but ASCII.
std::string alert_mail(const MailNews& news, const MailFrame& frame);
// The same for any subject and text in UTF-8; of the frame only what stands in the header.
std::string plain_mail(const MailFrame& frame, std::string_view subject, std::string_view text);

// One line of valid UTF-8 and of bounded length, in bytes.
std::string one_line(std::string_view text, std::size_t at_most);

// "Sun, 06 Dec 2026 01:00:00 +0000".
std::string mail_date(probes::WallTime at);
// Text as the value of a header (RFC 2047), folded.
std::string header_text(std::string_view text);
// RFC 2045 section 6.7; lines end with "\n".
std::string quoted_printable(std::string_view text);

}  // namespace exporter

#include "exporter/alerts/mail_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "probes/net/base64.h"
#include "rules/template/utf8.h"

namespace exporter {
namespace {

// More would not be read; Alertmanager and the page show them all.
constexpr std::size_t kMaxListed = 100, kMaxNamed = 5;
constexpr std::size_t kMaxSubject = 150, kMaxAnnotation = 2000;  // bytes

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string names_of(const std::vector<OutgoingAlert>& alerts) {
  std::vector<std::string> names;
  for (const OutgoingAlert& alert : alerts) {
    std::string name(alert.labels.get("alertname"));
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  const std::size_t more = names.size() > kMaxNamed ? names.size() - kMaxNamed : 0;
  names.resize(names.size() - more);
  const std::string listed = fmt::format("{}", fmt::join(names, ", "));
  return more == 0 ? listed : fmt::format("{} and {} more", listed, more);
}

std::string subject_of(const MailNews& news, const MailFrame& frame) {
  if (news.kind == MailNews::Kind::over) {
    return fmt::format("[OVER] Alertmanager answers again ({})", frame.place);
  }
  std::vector<std::string> counts;
  if (!news.firing.empty()) counts.push_back(fmt::format("FIRING:{}", news.firing.size()));
  if (!news.resolved.empty()) counts.push_back(fmt::format("RESOLVED:{}", news.resolved.size()));
  const auto& named = news.firing.empty() ? news.resolved : news.firing;
  return fmt::format("[{}] {} ({})", fmt::join(counts, " "), names_of(named), frame.place);
}

std::string introduction(const MailNews& news, const MailFrame& frame) {
  switch (news.kind) {
    case MailNews::Kind::begins:
      return fmt::format(
          "No Alertmanager has answered for {} s, so alerts come by mail until one does.\n"
          "This mail lists all that fire now; later ones say only what is new.\n",
          frame.after.count());
    case MailNews::Kind::goes_on:
      return "There is still no Alertmanager that answers. This is new:\n";
    case MailNews::Kind::over:
      return "Alertmanager answers again and gets the alerts; mail about them ends here.\n";
    case MailNews::Kind::only_way:
      return "";
  }
  return "";
}

void put_alert(std::string& out, const OutgoingAlert& alert) {
  const auto line = [](std::string_view text) { return one_line(text, kMaxAnnotation); };
  out += fmt::format("* {}, since {}", line(alert.labels.get("alertname")),
                     alert_time(alert.starts_at));
  if (alert.resolved) out += fmt::format(", until {}", alert_time(alert.ends_at));
  out += '\n';
  for (const auto& [name, text] : alert.annotations) {
    out += fmt::format("  {}: {}\n", line(name), line(text));
  }
  std::vector<std::string> labels;
  for (const auto& [name, value] : alert.labels.pairs()) {
    if (name != "alertname") labels.push_back(fmt::format("{}={}", line(name), line(value)));
  }
  if (!labels.empty()) out += fmt::format("  {}\n", fmt::join(labels, ", "));
  out += fmt::format("  {}\n", line(alert.generator_url));
}

void put_alerts(std::string& out, std::string_view title,
                const std::vector<OutgoingAlert>& alerts) {
  if (alerts.empty()) return;
  out += fmt::format("\n{}\n\n", title);
  for (std::size_t i = 0; i < std::min(alerts.size(), kMaxListed); ++i) put_alert(out, alerts[i]);
  if (alerts.size() > kMaxListed) {
    out += fmt::format("... and {} more\n", alerts.size() - kMaxListed);
  }
}

std::string body_of(const MailNews& news, const MailFrame& frame) {
  std::string body = introduction(news, frame);
  const bool over = news.kind == MailNews::Kind::over;
  put_alerts(body, over ? "Still firing:" : "Firing:", news.firing);
  put_alerts(body, "Resolved:", news.resolved);
  body += fmt::format("\n-- \nSLA Exporter at {}\n", one_line(frame.place, kMaxSubject));
  return body;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t at_most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(rules::templates::letter_size(text), 1);
    const std::string_view letter = text.substr(0, size);
    text.remove_prefix(letter.size());
    if (out.size() + letter.size() > at_most) return out + "...";
    const bool broken = size == 1 && static_cast<unsigned char>(letter.front()) >= 0x80;
    if (broken) {
      out += "\uFFFD";
    } else if (is_control(letter.front())) {
      out += ' ';
    } else {
      out += letter;
    }
  }
  return out;
}

std::string mail_date(probes::WallTime at) {
  using namespace std::chrono;
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto second = floor<seconds>(at);
  const auto day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss time(second - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::string header_text(std::string_view text) {
  std::string line = one_line(text, kMaxSubject);
  const bool plain =
      std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; }) &&
      line.find("=?") == line.npos;
  if (plain) return line;
  // An encoded word has at most 75 characters and holds whole letters.
  constexpr std::size_t kMaxBytes = 42;
  std::string out, word;
  const auto end_word = [&] {
    if (word.empty()) return;
    if (!out.empty()) out += "\n ";
    out += fmt::format("=?utf-8?B?{}?=", probes::base64(word));
    word.clear();
  };
  std::string_view rest = line;
  while (!rest.empty()) {
    const std::size_t size = std::max<std::size_t>(rules::templates::letter_size(rest), 1);
    if (word.size() + size > kMaxBytes) end_word();
    word += rest.substr(0, size);
    rest.remove_prefix(std::min(size, rest.size()));
  }
  end_word();
  return out;
}

std::string quoted_printable(std::string_view text) {
  constexpr std::size_t kMaxLine = 76;
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += c;
      column = 0;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool last = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = (byte > 0x20 && byte < 0x7f && c != '=') || (c == ' ' && !last);
    const std::string piece = plain ? std::string(1, c) : fmt::format("={:02X}", byte);
    // The soft line break needs a column of its own.
    if (column + piece.size() >= kMaxLine) {
      out += "=\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

std::string plain_mail(const MailFrame& frame, std::string_view subject, std::string_view text) {
  return fmt::format(
      "From: SLA Exporter <{}>\n"
      "To: {}\n"
      "Subject: {}\n"
      "Date: {}\n"
      "Message-ID: <{}>\n"
      "Auto-Submitted: auto-generated\n"
      "MIME-Version: 1.0\n"
      "Content-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: quoted-printable\n"
      "\n"
      "{}",
      frame.from, fmt::join(frame.to, ",\n "), header_text(subject), mail_date(frame.date),
      frame.message_id, quoted_printable(text));
}

std::string alert_mail(const MailNews& news, const MailFrame& frame) {
  return plain_mail(frame, subject_of(news, frame), body_of(news, frame));
}

}  // namespace exporter

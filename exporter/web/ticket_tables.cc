// Small functions that give one cell each, so that the page itself reads as a list of columns.
#include "exporter/web/ticket_tables.h"

#include <fmt/format.h>

#include "exporter/web/html.h"

namespace exporter {
namespace {

constexpr std::string_view kNone = "&ndash;";

// A shape, a class and what people read for each word.
struct Look {
  std::string_view word, style, shape, text;
};
constexpr Look kLooks[] = {
    {"breached", "bad", "&#9650;", "breached"},
    {"at_risk", "unknown", "&#9671;", "at risk"},
    {"paused", "excluded", "&#9632;", "paused"},
    {"running", "good", "&#9679;", "running"},
    {"open", "quiet", "&#9675;", "open"},
    {"ended", "good", "&#9679;", "ended"},
    {"unproven", "unknown", "&#9671;", "unproven"},
    {"up", "good", "&#9679;", "read"},
    {"down", "bad", "&#9650;", "not read"},
    {"calendar open", "good", "&#9679;", "open"},
    {"calendar closed", "quiet", "&#9675;", "closed"},
};

}  // namespace

std::string ticket_table(std::string_view note, std::initializer_list<Column> columns,
                         std::string_view rows) {
  std::string heads;
  for (const Column& column : columns) {
    heads += fmt::format("<th scope=\"col\"{}>{}</th>", column.number ? " class=\"number\"" : "",
                         column.head);
  }
  return fmt::format(
      "<p class=\"note quiet\">{}</p>\n<div class=\"scroll\"><table>\n<thead><tr>{}</tr></thead>\n"
      "<tbody>\n{}</tbody></table></div>\n",
      note, heads, rows);
}

std::string ticket_state_cell(std::string_view word, std::string_view note) {
  for (const Look& look : kLooks) {
    if (look.word == word) {
      return fmt::format("<td class=\"whole\"><span class=\"{}\">{} {}</span>{}</td>", look.style,
                         look.shape, look.text, note);
    }
  }
  return text_cell(word);
}

std::string text_cell(std::string_view text) {
  return fmt::format("<td>{}</td>", text.empty() ? kNone : escape_html(text));
}

std::string whole_cell(std::string_view html) {
  return fmt::format("<td class=\"whole\">{}</td>", html);
}

std::string number_cell(std::string_view html) {
  return fmt::format("<td class=\"number\">{}</td>", html);
}

std::string count_cell(std::uint64_t count, std::string_view style) {
  if (count == 0 || style.empty()) return number_cell(std::to_string(count));
  return number_cell(fmt::format("<span class=\"{}\">{}</span>", style, count));
}

std::string wait_text(std::chrono::seconds wait) {
  const auto hours = std::chrono::floor<std::chrono::hours>(wait);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(wait - hours);
  if (wait < std::chrono::minutes(1)) return fmt::format("{} s", wait.count());
  if (hours == hours.zero()) return fmt::format("{} min", minutes.count());
  if (minutes == minutes.zero()) return fmt::format("{} h", hours.count());
  return fmt::format("{} h {} min", hours.count(), minutes.count());
}

std::string moment_text(const Zone& zone, std::optional<Seconds> at) {
  return at ? zone.format_short(*at) : std::string(kNone);
}

}  // namespace exporter

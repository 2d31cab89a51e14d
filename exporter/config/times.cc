// Moments: with an offset they mean one instant; without, the agreement's zone decides, and a time
// that its clocks skip or show twice is refused rather than guessed.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <vector>

#include "exporter/config/values.h"

namespace exporter::config {
namespace {

using std::chrono::seconds;

// Moments outside can only be slips of the pen, and would make months without end.
constexpr int kFirstYear = 1970, kLastYear = 2199;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Two digits at `at`, or nothing.
std::optional<int> two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

// "+01:00" in seconds east of UTC; offsets in use lie between -12:00 and +14:00.
std::optional<seconds> parse_offset(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = two_digits(text, 1);
  const auto minutes = two_digits(text, 4);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  const seconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return text[0] == '-' ? -offset : offset;
}

// What a clock shows, and the offset from UTC if it is written.
struct Moment {
  std::chrono::local_seconds shown;
  std::optional<seconds> offset;
};

// "2026-12-06", "2026-12-06T02:00", "2026-12-06T02:00:30", each but the first with an offset or Z.
std::optional<Moment> split_time(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto century = two_digits(text, 0), year = two_digits(text, 2);
  const auto month = two_digits(text, 5), day = two_digits(text, 8);
  if (!century || !year || !month || !day) return std::nullopt;
  const int full_year = *century * 100 + *year;
  if (full_year < kFirstYear || full_year > kLastYear) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(full_year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  Moment moment{std::chrono::local_days(date), std::nullopt};
  if (text.size() == 10) return moment;

  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':') {
    return std::nullopt;
  }
  const auto hour = two_digits(text, 11), minute = two_digits(text, 14);
  int second = 0;
  std::string_view rest = text.substr(16);
  if (rest.starts_with(':')) {
    const auto found = two_digits(rest, 1);
    if (!found) return std::nullopt;
    second = *found;
    rest.remove_prefix(3);
  }
  if (!hour || !minute || *hour > 23 || *minute > 59 || second > 59) return std::nullopt;
  moment.shown += std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(second);
  if (rest.empty()) return moment;
  moment.offset = rest == "Z" ? seconds(0) : parse_offset(rest);
  if (!moment.offset) return std::nullopt;
  return moment;
}

}  // namespace

Parsed<Seconds> parse_time(std::string_view text, const Zone& zone) {
  const auto moment = split_time(text);
  if (!moment) {
    return std::unexpected(fmt::format(
        "\"{}\" is not a moment; write it like 2026-12-06T02:00+01:00 or, in the agreement's zone, "
        "2026-12-06T02:00",
        text));
  }
  if (moment->offset) return Seconds(moment->shown.time_since_epoch() - *moment->offset);
  const std::vector<Seconds> instants = zone.instants_of(moment->shown);
  if (instants.size() == 1) return instants.front();
  if (instants.empty()) {
    return std::unexpected(fmt::format(
        "\"{}\" does not exist in {}: clocks are put forward over it", text, zone.name()));
  }
  return std::unexpected(fmt::format(
      "\"{}\" happens twice in {}, because clocks are put back; add the offset that is meant, such "
      "as {}",
      text, zone.name(), zone.format(instants.front())));
}

}  // namespace exporter::config

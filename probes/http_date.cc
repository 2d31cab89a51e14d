#include "probes/http_date.h"

#include <array>
#include <charconv>

namespace probes {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Parts {
  std::string_view day, month, year, clock;
};

std::optional<int> number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<unsigned> month_number(std::string_view name) {
  for (unsigned i = 0; i < kMonths.size(); ++i)
    if (kMonths[i] == name) return i + 1;
  return std::nullopt;
}

// RFC 850 years have two digits; from 69 on they are of the last century, as POSIX says.
int full_year(int year, bool two_digits) {
  if (!two_digits) return year;
  return year + (year >= 69 ? 1900 : 2000);
}

std::optional<std::chrono::seconds> time_of_day(std::string_view clock) {
  if (clock.size() != 8 || clock[2] != ':' || clock[5] != ':') return std::nullopt;
  const auto hours = number(clock.substr(0, 2));
  const auto minutes = number(clock.substr(3, 2));
  const auto seconds = number(clock.substr(6, 2));
  if (!hours || !minutes || !seconds) return std::nullopt;
  if (*hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) return std::nullopt;
  if (*seconds < 0 || *seconds > 60) return std::nullopt;
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

std::optional<std::chrono::sys_seconds> assemble(const Parts& parts) {
  const auto day = number(parts.day);
  const auto month = month_number(parts.month);
  const auto year = number(parts.year);
  const auto time = time_of_day(parts.clock);
  if (!day || !month || !year || !time || *day < 1) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(full_year(*year, parts.year.size() == 2)), std::chrono::month(*month),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + *time;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  // "Sun Nov  6 08:49:37 1994", as C's asctime writes it
  if (text.size() == 24 && text[3] == ' ')
    return assemble({text.substr(8, 2), text.substr(4, 3), text.substr(20, 4), text.substr(11, 8)});
  if (!text.ends_with(" GMT") && !text.ends_with(" UTC")) return std::nullopt;
  const std::size_t comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(comma + 2);
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (rest.size() == 24)
    return assemble({rest.substr(0, 2), rest.substr(3, 3), rest.substr(7, 4), rest.substr(12, 8)});
  // "Sunday, 06-Nov-94 08:49:37 GMT"
  if (rest.size() == 22)
    return assemble({rest.substr(0, 2), rest.substr(3, 3), rest.substr(7, 2), rest.substr(10, 8)});
  return std::nullopt;
}

}  // namespace probes

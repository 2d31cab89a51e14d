// The calendar and the counting.
#include "tests/fakes/plain_months.h"

#include <algorithm>

namespace fakes::plain {
namespace {

constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;

bool leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

std::int64_t days_of(int year, int month) {
  if (month == 2) return leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Days since 1970-01-01, by adding up years and months.
std::int64_t day_number(int year, int month, std::int64_t day) {
  std::int64_t days = day - 1;
  for (int y = 1970; y < year; ++y) days += leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += days_of(year, m);
  return days;
}

// 1970-01-01 was a Thursday; 0 is Sunday.
std::int64_t weekday(std::int64_t day_number) { return (day_number + 4) % 7; }

std::int64_t sunday_from(std::int64_t day_number) {
  return day_number + (7 - weekday(day_number)) % 7;
}

struct Summer {
  std::int64_t begin, end;
};

// Directive 2000/84/EC: from the last Sunday of March to that of October, at 01:00 UTC.
Summer summer_of_europe(int year) {
  const auto last_sunday = [year](int month) { return sunday_from(day_number(year, month, 25)); };
  return {last_sunday(3) * kDay + kHour, last_sunday(10) * kDay + kHour};
}

// 15 U.S.C. 260a: from the second Sunday of March to the first of November, at 02:00 of the clocks
// that are put forward or back; in Chicago 08:00 UTC and 07:00 UTC.
Summer summer_of_chicago(int year) {
  const std::int64_t march = sunday_from(day_number(year, 3, 8));
  const std::int64_t november = sunday_from(day_number(year, 11, 1));
  return {march * kDay + 8 * kHour, november * kDay + 7 * kHour};
}

// The midnight at which the clocks of the place show the first of the month.
std::int64_t month_begin(Law law, int year, int month) {
  const std::int64_t midnight = day_number(year, month, 1) * kDay;
  if (law == Law::plus_one) return midnight - kHour;
  const bool europe = law == Law::berlin;
  const std::int64_t winter = midnight - (europe ? kHour : -6 * kHour);
  const Summer summer = europe ? summer_of_europe(year) : summer_of_chicago(year);
  return winter >= summer.begin && winter < summer.end ? winter - kHour : winter;
}

}  // namespace

std::vector<Month> months(Law law, int first_year, int last_year) {
  std::vector<Month> result;
  for (int year = first_year; year <= last_year; ++year) {
    for (int month = 1; month <= 12; ++month) {
      const std::int64_t end =
          month == 12 ? month_begin(law, year + 1, 1) : month_begin(law, year, month + 1);
      result.push_back({year, month, days_of(year, month), month_begin(law, year, month), end});
    }
  }
  return result;
}

void conclude(Figures& figures) {
  figures.eligible = figures.expected - figures.excluded;
  figures.allowed = figures.eligible / 100;  // one of a hundred, rounded down
  figures.remaining = figures.allowed - figures.bad;
  if (figures.bad > figures.allowed) {
    figures.state = "missed";
  } else if (figures.bad + figures.unknown + figures.pending <= figures.allowed) {
    figures.state = "met";
  } else {
    figures.state = figures.pending > 0 ? "open" : "unproven";
  }
}

Slots::Slots(std::int64_t begin, std::int64_t end, std::int64_t every)
    : begin_(begin), every_(every) {
  const std::size_t count = index(end);
  found_.assign(count, Verdict::unknown);
  corrected_.assign(count, Verdict::none);
  excluded_.assign(count, false);
}

std::int64_t Slots::first_from(std::int64_t at) const {
  return std::max(begin_, (at + every_ - 1) / every_ * every_);
}

void Slots::exclude(std::int64_t from, std::int64_t to, std::int64_t recorded) {
  for (std::int64_t slot = first_from(from); slot + every_ <= to; slot += every_) {
    if (recorded < slot) excluded_[index(slot)] = true;
  }
}

void Slots::withdraw(std::int64_t from, std::int64_t to, std::int64_t at) {
  for (std::int64_t slot = first_from(from); slot + every_ <= to; slot += every_) {
    if (slot > at) excluded_[index(slot)] = false;
  }
}

void Slots::correct(std::int64_t from, std::int64_t to, Verdict verdict) {
  for (std::int64_t slot = first_from(from); slot < to; slot += every_) {
    corrected_[index(slot)] = verdict;
  }
}

namespace {

void count(Figures& figures, Verdict verdict) {
  if (verdict == Verdict::good) ++figures.good;
  if (verdict == Verdict::bad) ++figures.bad;
  if (verdict == Verdict::unknown) ++figures.unknown;
  if (verdict == Verdict::excluded) ++figures.excluded;
}

}  // namespace

Figures Slots::figures(const Month& month, std::int64_t now) const {
  Figures figures;
  for (std::int64_t slot = first_from(month.begin); slot < month.end; slot += every_) {
    ++figures.expected;
    const std::size_t i = index(slot);
    if (slot + every_ > now) {
      ++figures.pending;
    } else if (corrected_[i] != Verdict::none) {
      count(figures, corrected_[i]);
    } else {
      count(figures, excluded_[i] ? Verdict::excluded : found_[i]);
    }
  }
  conclude(figures);
  return figures;
}

Figures Slots::as_found(const Month& month, std::int64_t now) const {
  Figures figures;
  for (std::int64_t slot = first_from(month.begin); slot < month.end; slot += every_) {
    ++figures.expected;
    if (slot + every_ <= now) count(figures, found_[index(slot)]);
  }
  return figures;
}

}  // namespace fakes::plain

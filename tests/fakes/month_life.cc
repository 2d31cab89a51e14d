// The book's life and the plain one, side by side.
#include "tests/fakes/month_life.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "exporter/sla/zone.h"
#include "tests/fakes/book_bench.h"

namespace exporter::fakes {
namespace {

namespace plain = ::fakes::plain;

constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 24 * kHour;

// What a slot may hold: attempts by letter, and the verdict that follows.
struct Kind {
  std::string_view letters;
  plain::Verdict verdict;
};
constexpr std::array<Kind, 9> kKinds = {{{"u", plain::Verdict::good},
                                         {"xu", plain::Verdict::good},
                                         {"g", plain::Verdict::good},
                                         {"r", plain::Verdict::bad},
                                         {"xx", plain::Verdict::bad},
                                         {"l", plain::Verdict::unknown},
                                         {"n", plain::Verdict::unknown},
                                         {"xl", plain::Verdict::unknown},
                                         {"", plain::Verdict::unknown}}};

Seconds at(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

template <class Counts>
std::string text_of(const Counts& counts) {
  return fmt::format("good {} bad {} unknown {} excluded {}", counts.good, counts.bad,
                     counts.unknown, counts.excluded);
}

std::string text(const plain::Figures& f) {
  return fmt::format("{} expected {} pending {} eligible {} allowed {} remaining {} {}", text_of(f),
                     f.expected, f.pending, f.eligible, f.allowed, f.remaining, f.state);
}

std::string text(const MonthFigures& f) {
  return fmt::format("{} expected {} pending {} eligible {} allowed {} remaining {} {}",
                     text_of(f.counts), f.expected, f.pending, f.eligible, f.allowed, f.remaining,
                     name_of(f.state));
}

std::string text(const nlohmann::json& j) {
  const auto number = [&j](const char* key) { return j.at(key).get<std::int64_t>(); };
  return fmt::format(
      "good {} bad {} unknown {} excluded {} expected {} pending {} eligible {} allowed {} "
      "remaining {} {}",
      number("good"), number("bad"), number("unknown"), number("excluded"), number("expected"),
      number("pending"), number("eligible"), number("allowed"), number("remaining"),
      j.at("state").get<std::string>());
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

MonthLife::MonthLife(MonthLifeParts parts)
    : parts_(std::move(parts)),
      engine_(parts_.seed),
      months_(plain::months(parts_.law, parts_.first_year, parts_.last_year + 1)) {
  const std::int64_t begin = months_.front().begin, end = months_.back().end;
  services_.push_back({"api", plain::Slots(begin, end, kMinute), {}});
  services_.push_back({"web", plain::Slots(begin, end, 5 * kMinute), {}});
  Config config = make_config({{.name = "web", .every = std::chrono::minutes(5)}, {.name = "api"}});
  config.agreements[0].timezone = parts_.timezone;
  config_ = std::make_shared<const Config>(std::move(config));
}

void MonthLife::run() {
  now_ = months_.front().begin;
  restart();
  for (current_ = 0; months_[current_].year <= parts_.last_year; ++current_) {
    const Month& month = months_[current_];
    const double before = cpu_seconds();
    plan_month(month, static_cast<int>(current_ % 7));
    live(month, month.end);
    finish(month, cpu_seconds() - before);
    if (testing::Test::HasFailure()) return;
  }
  for (Watched& service : services_) {
    service.script.assign(static_cast<std::size_t>(32 * kDay / service.slots.every()), 0);
  }
  live(months_[current_], months_[current_].begin + 12 * kDay);
}

void MonthLife::restart() {
  book_ = make_book(parts_.ledger, "2026a");
  const auto started = book_->start(config_, {}, now());
  ASSERT_TRUE(started) << started.error().message;
  compare_statements();
}

std::int64_t MonthLife::below(std::int64_t n) {
  return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
}

// Seven kinds in turn, so that in nine years every month of the calendar has most of them.
void MonthLife::plan_month(const Month& month, int kind) {
  for (Watched& service : services_) {
    const auto slots = (month.end - month.begin) / service.slots.every();
    service.script.assign(static_cast<std::size_t>(slots), 0);
  }
  if (kind < 4) plan_boundary(month, kind);
  if (kind == 4) plan_window(month);
  if (kind > 4) plan_chance(month, kind == 6);
}

void MonthLife::plan_boundary(const Month& month, int kind) {
  struct Boundary {
    std::int64_t bad_beside_allowed, unknown;
  };
  constexpr std::array<Boundary, 4> kBoundaries = {{{0, 0}, {1, 0}, {0, 1}, {-1, 1}}};
  const Boundary& boundary = kBoundaries[static_cast<std::size_t>(kind)];
  for (Watched& service : services_) {
    const std::int64_t allowed = static_cast<std::int64_t>(service.script.size()) / 100;
    place(month, service, Verdict::bad, allowed + boundary.bad_beside_allowed);
    place(month, service, Verdict::unknown, boundary.unknown);
  }
}

// Thirty hours of maintenance take their part of the budget; the rest is spent to the last slot.
void MonthLife::plan_window(const Month& month) {
  const std::int64_t from = month.begin + 14 * kDay, to = from + 30 * kHour;
  window_at(month.begin + kDay, from, to);
  for (Watched& service : services_) {
    const std::int64_t every = service.slots.every();
    const std::int64_t slots = static_cast<std::int64_t>(service.script.size());
    place(month, service, Verdict::bad, (slots - 30 * kHour / every) / 100, from, to);
  }
}

void MonthLife::plan_chance(const Month& month, bool goes_down) {
  const auto moment = [&](std::int64_t day) {
    return month.begin + day * kDay + below(20) * kHour;
  };
  for (Watched& service : services_) script_chance(month, service);
  const std::int64_t planned = moment(13) + below(3600);
  window_at(month.begin + 2 * kDay, planned, planned + 3 * kHour + below(3600));
  const std::int64_t given_up = moment(16);
  window_at(month.begin + 2 * kDay, given_up, given_up + 4 * kHour, given_up + 2 * kHour);
  const std::int64_t late = moment(18);
  window_at(late + kHour, late, late + 2 * kHour);
  if (goes_down) {
    const std::int64_t down = moment(8);
    events_.emplace(down, [this, down] { down_until_ = down + 3 * kHour; });
  }
  const auto correct = [&](std::int64_t when, std::int64_t from) {
    correct_at(when, from, from + 1 + below(5 * kHour));
  };
  correct(month.begin + 20 * kDay, moment(10));
  correct(month.end + 2 * kDay, moment(22));   // provisional by now
  correct(month.end + 10 * kDay, moment(24));  // closed by now
  // Over the end of the month; what follows is lived by chance as well.
  if (!goes_down) correct_at(month.end + 9 * kDay, month.end - kHour, month.end + kHour);
}

void MonthLife::script_chance(const Month& month, Watched& service) {
  const std::int64_t every = service.slots.every();
  for (std::uint8_t& kind : service.script) {
    if (below(150) == 0) kind = static_cast<std::uint8_t>(below(kKinds.size()));
  }
  const auto fill = [&](std::int64_t from, std::int64_t length, std::uint8_t kind) {
    const std::int64_t first = (from - month.begin) / every;
    std::fill_n(service.script.begin() + first, length / every, kind);
  };
  fill(month.begin + 4 * kDay + below(kDay), below(9 * kHour), kind_of(Verdict::bad));
  fill(month.begin + 6 * kDay + below(kDay), below(2 * kHour), kind_of(Verdict::unknown));
}

std::uint8_t MonthLife::kind_of(Verdict verdict) {
  std::size_t kind;
  do {
    kind = static_cast<std::size_t>(below(kKinds.size()));
  } while (kKinds[kind].verdict != verdict);
  return static_cast<std::uint8_t>(kind);
}

// So many slots that were good become something else, but none in [not_from, not_to).
void MonthLife::place(const Month& month, Watched& service, Verdict verdict, std::int64_t count,
                      std::int64_t not_from, std::int64_t not_to) {
  while (count > 0) {
    const std::int64_t index = below(static_cast<std::int64_t>(service.script.size()));
    const std::int64_t slot = month.begin + index * service.slots.every();
    std::uint8_t& kind = service.script[static_cast<std::size_t>(index)];
    if (kind != 0 || (slot >= not_from && slot < not_to)) continue;
    kind = kind_of(verdict);
    --count;
  }
}

void MonthLife::window_at(std::int64_t when, std::int64_t from, std::int64_t to,
                          std::int64_t withdrawn) {
  MaintenanceWindow window;
  window.id = fmt::format("w{}", ++windows_);
  window.from = at(from);
  window.to = at(to);
  events_.emplace(when, [this, window, from, to] {
    const auto recorded = book_->record_windows({window}, now());
    EXPECT_TRUE(recorded) << recorded.error().message;
    for (Watched& service : services_) service.slots.exclude(from, to, now_);
  });
  if (withdrawn == 0) return;
  events_.emplace(withdrawn, [this, window, from, to] {
    const auto gone = book_->withdraw_windows({window.id}, now());
    EXPECT_TRUE(gone) << gone.error().message;
    for (Watched& service : services_) service.slots.withdraw(from, to, now_);
  });
}

void MonthLife::correct_at(std::int64_t when, std::int64_t from, std::int64_t to) {
  events_.emplace(when, [this, from, to] {
    Watched& service = services_[static_cast<std::size_t>(below(2))];
    Correction correction;
    correction.by = "anna";
    correction.why = "by chance";
    correction.service = service.name;
    correction.from = at(from);
    correction.to = at(to);
    const auto verdict = static_cast<std::uint8_t>(below(4));
    correction.verdict = static_cast<exporter::Verdict>(verdict);
    service.slots.correct(from, to, static_cast<Verdict>(verdict));
    const auto done = book_->correct(correction, now());
    EXPECT_TRUE(done) << done.error().message;
    compare_statements();
    compare();
  });
}

void MonthLife::live(const Month& month, std::int64_t until) {
  const bool slow =
      parts_.always_slow || (month.year == parts_.slow_year && month.month == parts_.slow_month);
  while (now_ < until && !testing::Test::HasFailure()) {
    advance(month, slow ? kMinute : kHour);
    happen();
    if (now_ % kDay == 0 && parts_.at_midnight) parts_.at_midnight(now());
    if (now_ % kDay == 0 && now_ < month.end && now_ >= down_until_) compare();
  }
}

void MonthLife::advance(const Month& month, std::int64_t by) {
  const std::int64_t until = now_ + by;
  std::vector<Arrival> arrivals;
  if (now_ >= down_until_) find_slots(month, until, arrivals);
  const bool was_down = now_ < down_until_;
  now_ = until;
  if (now_ < down_until_) return;
  if (was_down) return restart();
  const auto stepped = book_->step(std::move(arrivals), now());
  EXPECT_TRUE(stepped) << stepped.error().message;
  compare_statements();
}

// The scheduler: what the checks found in the slots that begin until then.
void MonthLife::find_slots(const Month& month, std::int64_t until, std::vector<Arrival>& arrivals) {
  for (Watched& service : services_) {
    const std::int64_t every = service.slots.every();
    std::int64_t slot = (now_ + every - 1) / every * every;
    for (; slot < until; slot += every) {
      const auto index = static_cast<std::size_t>((slot - month.begin) / every);
      const Kind& kind = kKinds[service.script[index]];
      service.slots.find(slot, kind.verdict);
      std::ranges::move(attempts(service.name, "home", at(slot), kind.letters),
                        std::back_inserter(arrivals));
    }
  }
}

void MonthLife::happen() {
  if (now_ < down_until_) return;
  while (!events_.empty() && events_.begin()->first <= now_) {
    const auto event = events_.extract(events_.begin());
    event.mapped()();
  }
}

const plain::Month* MonthLife::month_of(int year, int month) const {
  const auto it = std::ranges::find_if(months_, [year, month](const Month& known) {
    return known.year == year && known.month == month;
  });
  return it == months_.end() ? nullptr : &*it;
}

void MonthLife::compare() {
  const std::shared_ptr<const Snapshot> snapshot = book_->snapshot();
  ASSERT_EQ(snapshot->services.size(), services_.size());
  for (const auto& view : snapshot->services) {
    const std::size_t current = now_ < months_[current_].end ? current_ : current_ + 1;
    compare_month(*view, view->current, months_[current]);
    ASSERT_EQ(view->previous.has_value(), current > 0);
    // Nothing can happen to a month any more that was closed days ago.
    const bool settled = current > 0 && now_ > months_[current].begin + 11 * kDay;
    if (view->previous && !settled) {
      compare_month(*view, *view->previous, months_[current - 1]);
    }
  }
}

void MonthLife::compare_month(const ServiceView& view, const MonthFigures& shown,
                              const Month& month) {
  SCOPED_TRACE(fmt::format("{} in {}-{:02} at {}", view.service, month.year, month.month,
                           format_utc(now())));
  const plain::Slots& slots = services_[view.service == "api" ? 0 : 1].slots;
  const plain::Figures want = slots.figures(month, now_);
  EXPECT_EQ(text(shown), text(want));
  EXPECT_EQ(shown.exhausted(), want.bad >= want.allowed);
  EXPECT_EQ(format_month(shown.month), fmt::format("{}-{:02}", month.year, month.month));
  EXPECT_EQ(shown.begin, at(month.begin));
  EXPECT_EQ(shown.end, at(month.end));
  EXPECT_FALSE(shown.partial);
  EXPECT_EQ(shown.closed, now_ >= month.end + 5 * kDay);
  const auto every = std::chrono::seconds(slots.every());
  EXPECT_DOUBLE_EQ(budget_minutes(view.objective, shown.eligible, every),
                   static_cast<double>(want.eligible * slots.every()) / 6000.0);
}

// Each statement is looked at in the moment it is written: it must know what is known by then.
void MonthLife::compare_statements() {
  const Month& month = months_[current_];
  const bool may_come =
      now_ >= month.end || (now_ > month.begin && now_ <= month.begin + 12 * kDay);
  if (!may_come) return;
  for (const Statement& statement : parts_.statements_after(statements_compared_)) {
    compare_statement(statement);
    ++statements_compared_;
  }
}

void MonthLife::compare_statement(const Statement& statement) {
  SCOPED_TRACE(fmt::format("statement {}-{:02} revision {} {} at {}", statement.year,
                           statement.month, statement.revision,
                           statement.closed ? "closed" : "provisional", format_utc(now())));
  const Month* month = month_of(statement.year, static_cast<int>(statement.month));
  ASSERT_NE(month, nullptr);
  const nlohmann::json json = nlohmann::json::parse(statement.json);
  EXPECT_EQ(json.at("from"), format_utc(at(month->begin)));
  EXPECT_EQ(json.at("to"), format_utc(at(month->end)));
  EXPECT_EQ(json.at("terms").at("tzdata_version"), "2026a");
  EXPECT_EQ(statement.closed, now_ >= month->end + 5 * kDay);
  ASSERT_EQ(json.at("services").size(), services_.size());
  for (const Watched& service : services_) {
    const nlohmann::json& shown = json.at("services").at(service.name);
    const plain::Figures want = service.slots.figures(*month, now_);
    EXPECT_EQ(text(shown), text(want)) << service.name;
    EXPECT_EQ(want.pending, 0);
    EXPECT_EQ(shown.at("every"), service.slots.every());
    EXPECT_EQ(shown.at("objective_parts_per_million"), 990'000);
    const plain::Figures found = service.slots.as_found(*month, now_);
    const nlohmann::json committed = {
        {"bad", found.bad}, {"good", found.good}, {"unknown", found.unknown}};
    EXPECT_EQ(shown.at("committed"), committed) << service.name;
  }
}

void MonthLife::finish(const Month& month, double cpu_seconds) {
  longest_ = std::max(longest_, cpu_seconds / static_cast<double>(services_.size()));
  compare();
  for (const Watched& service : services_) {
    const plain::Figures figures = service.slots.figures(month, now_);
    ++months_compared_;
    const std::int64_t left = figures.remaining;
    ++endings_[fmt::format(
        "{} with {}{}", figures.state,
        left > 1 || left < -1 ? std::string("more") : fmt::format("{} left", left),
        figures.unknown > 0 ? " and unknown slots" : "")];
  }
}

}  // namespace exporter::fakes

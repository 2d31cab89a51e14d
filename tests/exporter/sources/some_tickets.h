// What the tests of the desk share: a configuration with two levels in Geneva's office hours, a
// folder of their own, events, and a view as text, so that two desks can be compared.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/sources/desk.h"

namespace exporter::desk_test {

inline Seconds at(std::string_view text) { return parse_instant(text).value(); }

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "desk-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file() const { return path_ / EventStore::kFileName; }

 private:
  std::filesystem::path path_;
};

// Monday to Friday 08:00-17:00 in UTC+01:00; first level 4 hours, second 8.
inline SupportTerms office_terms() {
  SupportTerms terms;
  CalendarTerms europe;
  europe.name = "europe";
  europe.timezone = "UTC+01:00";
  for (std::size_t day = 1; day <= 5; ++day) {
    europe.week[day] = {{std::chrono::hours(8), std::chrono::hours(17)}};
  }
  terms.calendars = {europe};
  for (const auto& [name, hours] : {std::pair("first", 4), std::pair("second", 8)}) {
    LevelTerms level;
    level.name = name;
    level.react_within = {ReactionTarget::Unit::business_seconds, hours * 3600};
    level.note_reacts = level.pauses = std::string_view(name) != "first";
    terms.levels.push_back(level);
  }
  terms.number_mail_within = std::chrono::minutes(10);
  terms.checklist = {"faq"};
  return terms;
}

inline Config office() {
  Config config;
  config.agreements = {AgreementTerms{.timezone = "UTC+01:00"}};
  config.support.terms = office_terms();
  config.support.sources = {TicketSource{.name = "rt", .type = TicketSource::Type::rt}};
  return config;
}

inline TicketEvent event(std::string ticket, std::int64_t seq, std::string_view time,
                         TicketEventType type, TicketActor actor = TicketActor::customer,
                         std::string level = "") {
  TicketEvent event;
  event.source = "rt";
  event.ticket = std::move(ticket);
  event.seq = seq;
  event.at = at(time);
  event.type = type;
  event.actor = actor;
  event.level = std::move(level);
  if (type == TicketEventType::opened) event.calendar = "europe";
  return event;
}

// Monday, 08:00 in Geneva.
inline const Seconds kMorning = at("2026-11-23T07:00:00Z");

inline TicketEvent opened(std::string ticket, std::string_view time) {
  return event(std::move(ticket), 1, time, TicketEventType::opened);
}
inline TicketEvent answered(std::string ticket, std::int64_t seq, std::string_view time) {
  return event(std::move(ticket), seq, time, TicketEventType::reaction, TicketActor::agent);
}

inline SourceBatch batch(std::vector<TicketEvent> events, std::string_view read_until,
                         std::string cursor = "") {
  SourceBatch batch;
  batch.events = std::move(events);
  batch.cursor = std::move(cursor);
  if (!read_until.empty()) batch.read_until = at(read_until);
  return batch;
}

inline const LevelView& level(const SupportView& view, std::string_view name) {
  for (const LevelView& each : view.levels) {
    if (each.key.level == name) return each;
  }
  ADD_FAILURE() << "the view has no level " << name;
  return view.levels.front();
}

inline std::uint64_t reactions(const SupportView& view, std::string_view name, bool met,
                               ClockKind kind = ClockKind::first) {
  std::uint64_t count = 0;
  for (const auto& [key, by] : level(view, name).reactions) {
    if (key.kind == kind && key.met == met) count += by;
  }
  return count;
}

inline std::string text_of(const SecondsHistogram& histogram) {
  return fmt::format("{} in {} = {}", fmt::join(histogram.counts, ","), histogram.sum,
                     histogram.count);
}

inline std::string text_of(const ReactionMonth& month) {
  return fmt::format("{} met {} missed {} open {} next {}/{} state {}", format_month(month.month),
                     fmt::join(month.met, ","), fmt::join(month.missed, ","), month.open_missed,
                     month.next_met, month.next_missed, static_cast<int>(month.state));
}

// All figures; not the instants of sources, which depend on when something was read.
inline std::string text_of(const SupportView& view) {
  std::string text;
  for (const LevelView& each : view.levels) {
    text += fmt::format("{} {}: {} {} {} {} oldest {} next {}\n", each.key.agreement,
                        each.key.level, each.breached, each.paused, each.at_risk, each.running,
                        each.oldest.count(), each.next_due ? format_utc(*each.next_due) : "-");
    for (const auto& [key, by] : each.reactions) {
      if (by > 0)
        text += fmt::format("  {} {} {} {}\n", key.calendar, name_of(key.kind), key.met, by);
    }
    for (const auto& [reason, by] : each.voided) {
      if (by > 0) text += fmt::format("  void {} {}\n", name_of(reason), by);
    }
    text += fmt::format("  after breach {}, business {}\n  {}\n  {}\n", each.voided_after_breach,
                        text_of(each.business), text_of(each.current), text_of(each.previous));
  }
  text += fmt::format("open {}: ", view.open_total);
  for (const OpenClockView& each : view.open) {
    text += fmt::format("{}/{}/{} ", each.ticket, each.clock.level, name_of(each.reading.state));
  }
  text += "\nmisses: ";
  for (const MissView& each : view.misses) text += each.ticket + "/" + each.clock.level + " ";
  text += fmt::format("\nmail {} missing {} late {}; reply {}; complete {}\n",
                      text_of(view.number_mail), view.number_mails_missing,
                      view.number_mails_late_total, text_of(view.first_human_reply),
                      view.hand_overs_complete);
  for (const auto& [key, by] : view.level_changes) {
    text += fmt::format("{}>{} {}\n", key.first, key.second, by);
  }
  for (const auto& [key, by] : view.opened) {
    if (by > 0) text += fmt::format("opened {},{} {}\n", key.first, key.second, by);
  }
  for (const auto& [item, by] : view.checklist_gaps) text += fmt::format("gap {} {}\n", item, by);
  return text;
}

// A desk that works at once, on the thread of the test.
class LocalDesk {
 public:
  explicit LocalDesk(const Folder& folder, const Config& config, Seconds now)
      : desk(folder.path(), executor) {
    const auto taken = desk.configure(config, now);
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
    if (taken) sentences = *taken;
  }
  const SupportView& view() {
    shown_ = desk.view();
    return *shown_;
  }

  InlineExecutor executor;
  Desk desk;
  std::vector<std::string> sentences;

 private:
  std::shared_ptr<const SupportView> shown_;
};

// A folder and that configuration.
class DeskTest : public testing::Test {
 protected:
  Folder folder_;
  Config config_ = office();
};

}  // namespace exporter::desk_test

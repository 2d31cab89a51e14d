#include "exporter/notices/notice_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "exporter/log.h"

namespace exporter {
namespace {

std::string day_text(std::chrono::local_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

NoticeRow row_of(const NoticeKey& key, NoticeChannel channel, std::string content, Seconds now) {
  return {.key = key,
          .channel = channel,
          .id = notice_id(key, channel),
          .at = now,
          .content = std::move(content),
          .state = NoticeState::waiting,
          .tries = 0,
          .next_try = now};
}

}  // namespace

void NoticeBook::configure(const Config& config, Seconds now) {
  settings_ = config.support.notices;
  sources_.clear();
  bool notes = false;
  for (const TicketSource& each : config.support.sources) {
    sources_[each.name] = each;
    notes = notes || each.internal_notes;
  }
  frame_.sources = &sources_;
  frame_.place = config.place.name;
  frame_.zone = Zone();
  if (!config.agreements.empty()) {
    if (auto zone = Zone::parse(config.agreements.front().timezone)) frame_.zone = *zone;
  }
  morning_ = time_of_day(settings_.morning_list);
  levels_.clear();
  for (const LevelTerms& each : config.support.terms.levels) {
    if (notes || settings_.teams.contains(each.name)) levels_.push_back(each.name);
  }
  configured_at_ = now;
  heard_.reset();
}

std::vector<NoticeChannel> NoticeBook::channels(const std::string& level,
                                                const std::string& source) const {
  std::vector<NoticeChannel> channels;
  if (const auto team = settings_.teams.find(level); team != settings_.teams.end()) {
    if (!team->second.mail_to.empty()) channels.push_back(NoticeChannel::mail);
    const bool hook = !team->second.webhook_url.empty() || !team->second.webhook_secret_url.empty();
    if (hook) channels.push_back(NoticeChannel::webhook);
  }
  const auto from = sources_.find(source);
  if (from != sources_.end() && from->second.internal_notes) {
    channels.push_back(NoticeChannel::note);
  }
  return channels;
}

// --- a step ------------------------------------------------------------------------------------

std::vector<NoticeRow> NoticeBook::step(Seconds now) {
  std::vector<NoticeRow> sending;
  if (!desk_.store() || !desk_.book() || !write_settled()) return sending;
  if (!make_ready(sending)) return sending;
  std::vector<NoticeRow> rows;
  for (const Due& due : clocks_due()) add_notice(due, now, rows);
  add_mornings(now, rows);
  if (rows.empty()) return sending;
  if (auto done = desk_.store()->intend(rows); !done) {
    note_trouble(done.error());
    return sending;
  }
  note_trouble(std::nullopt);
  for (NoticeRow& row : rows) {
    told_.insert(row.key);
    if (row.state == NoticeState::waiting) sending.push_back(std::move(row));
  }
  return sending;
}

bool NoticeBook::make_ready(std::vector<NoticeRow>& rows) {
  if (!heard_) {
    auto heard = desk_.store()->hear_of(levels_, configured_at_);
    if (!heard) {
      note_trouble(heard.error());
      return false;
    }
    heard_ = *std::move(heard);
  }
  if (resumed_) return true;
  auto waiting = desk_.store()->notices_waiting();
  if (!waiting) {
    note_trouble(waiting.error());
    return false;
  }
  rows = *std::move(waiting);
  resumed_ = true;
  return true;
}

// The file is asked once about each; on trouble nothing is sent, and it is asked again.
bool NoticeBook::is_told(const NoticeKey& key) {
  seen_.insert(key);
  if (told_.contains(key)) return true;
  const auto noticed = desk_.store()->is_noticed(key);
  if (!noticed) {
    note_trouble(noticed.error());
    return true;
  }
  if (*noticed) told_.insert(key);
  return *noticed;
}

std::vector<NoticeBook::Due> NoticeBook::clocks_due() {
  std::vector<Due> due;
  if (levels_.empty()) return due;
  seen_.clear();
  desk_.book()->visit_open(
      [&](const TicketName& name, const ReactionClock& clock, const ClockReading& reading) {
        const bool late =
            reading.state == ClockState::at_risk || reading.state == ClockState::breached_open;
        if (!late || due.size() >= kMostAtOnce) return;
        if (channels(clock.level, name.source).empty()) return;
        const auto key = notice_due(name.source, name.ticket, clock, reading, *heard_,
                                    [this](const NoticeKey& asked) { return is_told(asked); });
        if (key) due.push_back({*key, clock});
      });
  // What is no longer open is the file's to remember.
  std::erase_if(told_, [this](const NoticeKey& key) {
    return key.stage != NoticeStage::morning && !seen_.contains(key);
  });
  return due;
}

OpenClockView NoticeBook::look(const std::string& source, const std::string& ticket,
                               const ReactionClock& clock, Seconds now) const {
  return {.source = source,
          .ticket = ticket,
          .clock = clock,
          .reading = read_clock(clock, desk_.book()->timeline().rules_at(clock.start), now),
          .provisional = false};
}

void NoticeBook::add_notice(const Due& due, Seconds now, std::vector<NoticeRow>& rows) const {
  const OpenClockView clock = look(due.key.source, due.key.ticket, due.clock, now);
  for (const NoticeChannel channel : channels(due.key.level, due.key.source)) {
    std::string content = channel == NoticeChannel::mail      ? notice_mail(due.key, clock, frame_)
                          : channel == NoticeChannel::webhook ? notice_json(due.key, clock, frame_)
                                                              : notice_note(due.key, clock, frame_);
    rows.push_back(row_of(due.key, channel, std::move(content), now));
  }
}

// --- mornings ----------------------------------------------------------------------------------

void NoticeBook::add_mornings(Seconds now, std::vector<NoticeRow>& rows) {
  if (!morning_) return;
  for (const auto& [level, team] : settings_.teams) {
    const auto since = heard_->find(level);
    if (since == heard_->end()) continue;
    const auto day = morning_due(frame_.zone, *morning_, since->second, now);
    if (!day) continue;
    const NoticeKey key{.source = "",
                        .ticket = day_text(*day),
                        .level = level,
                        .instance = 0,
                        .stage = NoticeStage::morning};
    if (!is_told(key)) add_morning(key, *day, now, rows);
  }
}

std::vector<OpenClockView> NoticeBook::open_of(const std::string& level, Seconds now) const {
  std::vector<OpenClockView> open;
  desk_.book()->visit_open(
      [&](const TicketName& name, const ReactionClock& clock, const ClockReading&) {
        if (clock.level == level) open.push_back(look(name.source, name.ticket, clock, now));
      });
  return open;
}

// A morning without anything to say is recorded as well, so that what falls due later that day
// does not make one.
void NoticeBook::add_morning(const NoticeKey& key, std::chrono::local_days day, Seconds now,
                             std::vector<NoticeRow>& rows) const {
  const MorningList list = morning_list(open_of(key.level, now), frame_.zone, day);
  if (list.empty()) {
    rows.push_back(row_of(key, NoticeChannel::recorded, "", now));
    rows.back().state = NoticeState::sent;
    return;
  }
  for (const NoticeChannel channel : channels(key.level, "")) {
    const bool mail = channel == NoticeChannel::mail;
    rows.push_back(row_of(key, channel,
                          mail ? morning_mail(key, list, frame_) : morning_json(key, list, frame_),
                          now));
  }
}

// --- the file ----------------------------------------------------------------------------------

bool NoticeBook::settle(const NoticeRow& row) {
  if (row.state != NoticeState::waiting) desk_.count_notice(row);
  settled_.push_back(row);
  return write_settled();
}

bool NoticeBook::write_settled() {
  if (!desk_.store()) return false;
  if (settled_.empty()) return true;
  for (; !settled_.empty(); settled_.erase(settled_.begin())) {
    const auto done = desk_.store()->settle(settled_.front());
    if (done) continue;
    note_trouble(done.error());
    return false;
  }
  note_trouble(std::nullopt);
  return true;
}

void NoticeBook::note_trouble(const std::optional<LedgerError>& error) {
  if (std::exchange(failing_, error.has_value()) == error.has_value()) return;
  if (!error) return log_info("notices about tickets are recorded again");
  log_error("notices about tickets wait, because they cannot be recorded; free the disk",
            {{"error", error->message}});
}

}  // namespace exporter

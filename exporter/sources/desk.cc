// In a batch most events are the next of their ticket and are applied as they come. One at or
// before the last is known already, as a rule: sources read a little twice. Where the file has more
// events of a ticket than were applied, because it is new or one came late, the ticket is folded
// from the file.
#include "exporter/sources/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "exporter/log.h"
#include "exporter/sources/signing.h"

namespace exporter {

using std::chrono::seconds;

namespace {

constexpr const char* kNotConfigured = "reaction times are not configured (section support)";

std::unexpected<LedgerError> refused(std::string sentence) {
  return std::unexpected(LedgerError{LedgerError::Kind::refused, std::move(sentence)});
}

}  // namespace

Desk::Desk(std::filesystem::path folder, Executor& executor)
    : folder_(std::move(folder)), executor_(executor) {}

SupportRecord support_record(const Config& config) {
  SupportRecord record;
  record.terms = config.support.terms;
  for (const AgreementTerms& each : config.agreements) {
    record.agreements[each.name] = {each.timezone, each.close_after};
  }
  return record;
}

// --- opening and reloading ---------------------------------------------------------------------

LedgerResult<void> Desk::open(Seconds now) {
  auto store = EventStore::open(folder_, EventStore::Mode::create);
  if (!store) return std::unexpected(store.error());
  auto rows = (*store)->sources();
  if (!rows) return std::unexpected(rows.error());
  auto book = read_book(**store, now);
  if (!book) return std::unexpected(book.error());
  store_ = *std::move(store);
  book_.emplace(*std::move(book));
  rows_ = *std::move(rows);
  return {};
}

LedgerResult<void> Desk::take_records(const std::vector<SupportRecord>& records) {
  if (records.empty()) return {};
  SupportTimeline timeline = book_->timeline();
  for (const SupportRecord& record : records) {
    if (auto added = timeline.add(record); !added) return refused(added.error());
  }
  if (auto done = store_->record_terms(records); !done) return std::unexpected(done.error());
  book_->take_terms(std::move(timeline));
  // A help desk whose clock is ahead of ours has told us of what lies under the new terms.
  for (const TicketName& name : book_->touched_since(records.front().from)) {
    const auto events = store_->events_of(name);
    if (!events) return std::unexpected(events.error());
    book_->refold(name, *events);
  }
  return {};
}

void Desk::set_sources(const Support& support) {
  std::map<std::string, SourceView> states;
  sources_.clear();
  for (const TicketSource& each : support.sources) {
    sources_.push_back(each.name);
    SourceView& state = states[each.name];
    if (const auto known = states_.find(each.name); known != states_.end()) {
      state = known->second;
    }
    state.source = each.name;
    // Whoever delivers by himself is not known to be away before something of his failed.
    const bool delivers = each.type == TicketSource::Type::webhook;
    if (delivers && state.last_error.empty()) state.up = true;
  }
  states_ = std::move(states);
  std::ranges::sort(sources_);
}

LedgerResult<std::vector<std::string>> Desk::configure(const Config& config, Seconds now) {
  configured_ = config.support.configured();
  if (!configured_) {
    std::lock_guard lock(mutex_);
    view_ = nullptr;
    return std::vector<std::string>{};
  }
  if (!store_) {
    if (auto opened = open(now); !opened) {
      configured_ = false;
      return std::unexpected(opened.error());
    }
  }
  SupportChange change = decide_support(book_->timeline(), support_record(config), now);
  if (auto taken = take_records(change.records); !taken) return std::unexpected(taken.error());
  set_sources(config.support);
  if (auto named = store_->name_sources(sources_); !named) return std::unexpected(named.error());
  calendars_ = config.support.terms.calendars;
  retention_ = config.support.retention;
  book_->advance(now);
  publish(now);
  return std::move(change.sentences);
}

namespace {

void warn_of_differing(const std::vector<TicketEvent>& events) {
  log_warn(
      "events are known with other content; what is known stays. Give a new event a seq of its own",
      {{"source", events.front().source},
       {"events", std::to_string(events.size())},
       {"ticket", events.front().ticket},
       {"seq", std::to_string(events.front().seq)}});
}

}  // namespace

// --- what happened -----------------------------------------------------------------------------

LedgerResult<TakenEvents> Desk::commit(const std::string& source, const SourceBatch& batch,
                                       Seconds now) {
  if (!configured_) return refused(kNotConfigured);
  auto committed = store_->commit(source, batch, now);
  if (!committed) {
    failed(source, {SourceError::Reason::local, committed.error().message, std::nullopt});
    return std::unexpected(committed.error());
  }
  SourceRow& row = rows_[source];
  if (!batch.cursor.empty()) row.cursor = batch.cursor;
  row.last_success = now;
  if (batch.read_until) {
    row.read_until = std::max(row.read_until.value_or(Seconds::min()), *batch.read_until);
    book_->read_until(source, *row.read_until);
  }
  TakenEvents taken{.differing = committed->differing.size()};
  for (const auto& [type, by] : committed->added) {
    row.counters[{"event", type}] += by;
    taken.added += by;
  }
  if (taken.differing > 0) {
    row.counters[{"unmapped", EventStore::kChangedEvent}] += taken.differing;
    warn_of_differing(committed->differing);
  }
  for (const auto& [name, by] : batch.unmapped) row.counters[{"unmapped", name}] += by;

  for (const TicketEvent& event : batch.events) {
    const TicketName name{event.source, event.ticket};
    // What nobody knows may have been removed long ago: the file decides.
    if (!book_->find(name) || !book_->apply(event)) late_.insert(name);
  }
  if (auto done = refold_late(); !done) return std::unexpected(done.error());
  if (const auto state = states_.find(source); state != states_.end()) {
    state->second.up = true;
    state->second.last_error.clear();
  }
  book_->advance(now);
  save_kept();
  publish(now);
  return taken;
}

LedgerResult<void> Desk::refold_late() {
  for (; !late_.empty(); late_.erase(late_.begin())) {
    const TicketName& name = *late_.begin();
    const auto count = store_->count_events(name);
    if (!count) return std::unexpected(count.error());
    if (*count <= book_->events_of(name)) continue;
    const auto events = store_->events_of(name);
    if (!events) return std::unexpected(events.error());
    book_->refold(name, *events);
  }
  return {};
}

void Desk::failed(const std::string& source, const SourceError& error) {
  if (!configured_) return;
  const auto state = states_.find(source);
  if (state == states_.end()) return;
  const bool first = state->second.last_error != error.message;
  state->second.up = false;
  state->second.last_error = error.message;
  if (first) {
    log_warn("a help desk could not be read; its figures stay as they are and it is tried again",
             {{"source", source},
              {"reason", std::string(name_of(error.reason))},
              {"error", error.message}});
  }
  ++rows_[source].counters[{"error", std::string(name_of(error.reason))}];
  // A count of failures that cannot be written is no reason for another failure.
  static_cast<void>(store_->count_error(source, error.reason));
  next_show_ = {};
}

LedgerResult<std::string> Desk::correct(TicketCorrection correction, Seconds now) {
  if (!configured_) return refused(kNotConfigured);
  auto signed_one = sign_correction(*store_, std::move(correction), now);
  if (!signed_one) return std::unexpected(signed_one.error());
  book_->correct(*signed_one);
  book_->advance(now);
  publish(now);
  return sentence_of(*signed_one);
}

LedgerResult<std::string> Desk::take_terms_now(const std::string& by, const std::string& why,
                                               Seconds now) {
  if (!configured_) return refused(kNotConfigured);
  auto record = support_now(book_->timeline(), by, why, now);
  if (!record) return refused(record.error());
  if (auto taken = take_records({*record}); !taken) return std::unexpected(taken.error());
  book_->advance(now);
  publish(now);
  return sentence_of(*record);
}

std::string Desk::cursor_of(const std::string& source) const {
  const auto row = rows_.find(source);
  return row == rows_.end() ? std::string() : row->second.cursor;
}

void Desk::count_notice(const NoticeRow& row) {
  const bool sent = row.state == NoticeState::sent;
  ++notices_[{row.key.level, std::string(name_of(row.key.stage)), sent}];
  next_show_ = {};
}

struct Desk::Accepting {
  SourceBatch batch;
  std::promise<LedgerResult<TakenEvents>> done;
};

std::expected<TakenEvents, std::string> Desk::accept(const std::string& source, SourceBatch batch,
                                                     Seconds now) {
  if (accepting_.fetch_add(1) >= kMaxAccepting) {
    accepting_.fetch_sub(1);
    return std::unexpected("too many deliveries wait for the disk; deliver it again later");
  }
  if (!batch.read_until) {
    for (const TicketEvent& event : batch.events) {
      const Seconds at = std::min(event.at, now);
      batch.read_until = std::max(batch.read_until.value_or(at), at);
    }
  }
  batch.told_once = true;
  auto waiting = std::make_shared<Accepting>();
  waiting->batch = std::move(batch);
  std::future<LedgerResult<TakenEvents>> done = waiting->done.get_future();
  executor_.post([this, source, waiting, now] {
    waiting->done.set_value(commit(source, waiting->batch, now));
    accepting_.fetch_sub(1);
  });
  if (done.wait_for(kLongestAccept) != std::future_status::ready) {
    return std::unexpected("the delivery is not on the disk yet; deliver it again");
  }
  const LedgerResult<TakenEvents> result = done.get();
  if (!result) return std::unexpected(result.error().message);
  return *result;
}

// --- time --------------------------------------------------------------------------------------

void Desk::tick(Seconds now) {
  if (!configured_) return;
  bool changed = book_->advance(now);
  save_kept();
  if (remove_old(now)) changed = true;
  if (changed || now >= next_show_) publish(now);
}

// Counters that a late event would have set back, for the next start.
void Desk::save_kept() {
  if (!book_->kept_changed()) return;
  if (store_->save_totals(totals_json(book_->kept()))) book_->kept_saved();
}

bool Desk::remove_old(Seconds now) {
  if (now < next_remove_) return false;
  const Seconds before = now - std::chrono::duration_cast<seconds>(retention_);
  const std::vector<TicketName> names = book_->removable(before, kRemovedAtOnce);
  if (names.empty()) return false;
  auto removed = store_->remove(names, totals_json(book_->kept_without(names)));
  if (!removed) {
    next_remove_ = now + kRemoveRetry;
    if (!std::exchange(failing_, true)) {
      log_warn("tickets past their retention could not be removed; it is tried again",
               {{"error", removed.error().message}});
    }
    return false;
  }
  failing_ = false;
  book_->remove(names);
  book_->advance(now);
  return true;
}

// --- what is shown -----------------------------------------------------------------------------

// When a view changes by time alone: a calendar opens or closes, a month ends.
Seconds Desk::next_turn(const SupportView& view, Seconds now) const {
  Seconds next = now + kShowEvery;
  for (const CalendarView& each : view.calendars) {
    if (each.next_change) next = std::min(next, *each.next_change);
  }
  for (const LevelView& each : view.levels) {
    next = std::min(next, book_->timeline().month_end(each.key.agreement, each.current.month));
  }
  return next;
}

void Desk::publish(Seconds now) {
  auto view = std::make_shared<SupportView>();
  book_->show(*view, sources_);
  view->at = now;
  view->notices = notices_;
  show_sources(*view);
  show_calendars(*view, now);
  next_show_ = next_turn(*view, now);
  std::lock_guard lock(mutex_);
  view_ = std::move(view);
}

void Desk::show_sources(SupportView& view) const {
  for (const auto& [source, state] : states_) {
    SourceView shown = state;
    if (const auto row = rows_.find(source); row != rows_.end()) {
      shown.last_success = row->second.last_success;
      shown.read_until = row->second.read_until;
      for (const auto& [key, count] : row->second.counters) {
        auto& counts = key.first == "event"   ? shown.events
                       : key.first == "error" ? shown.errors
                                              : shown.unmapped;
        counts[key.second] = count;
      }
    }
    const auto& skews = book_->totals().skews;
    if (const auto skew = skews.find(source); skew != skews.end()) shown.clock_skew = skew->second;
    view.sources.push_back(std::move(shown));
  }
}

namespace {

// The first instant of which a holiday is no longer known.
std::optional<Seconds> known_until(const CalendarTerms& calendar) {
  if (!calendar.holidays_known_until) return std::nullopt;
  const auto zone = Zone::parse(calendar.timezone);
  if (!zone) return std::nullopt;
  return zone->from_local(*calendar.holidays_known_until + std::chrono::days(1));
}

}  // namespace

void Desk::show_calendars(SupportView& view, Seconds now) const {
  const auto show = [&](const std::string& name, std::optional<Seconds> known) {
    const OpeningHours* hours = view.rules->hours(name);
    if (!hours) return;
    view.calendars.push_back({.calendar = name,
                              .open = hours->open_at(now),
                              .next_change = hours->next_change(now),
                              .week_open = hours->week_open(),
                              .holidays_known_until = known});
  };
  std::optional<Seconds> all_known;
  for (const CalendarTerms& each : calendars_) {
    const auto known = known_until(each);
    if (known) all_known = std::min(all_known.value_or(*known), *known);
    show(each.name, known);
  }
  show("all", all_known);
}

std::shared_ptr<const SupportView> Desk::view() const {
  std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace exporter

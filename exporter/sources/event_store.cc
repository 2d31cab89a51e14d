// After a failed sync what SQLite believes written may never reach the disk. The connection is
// given up without another word to the file, and the next call opens it anew.
#include "exporter/sources/event_store.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "exporter/ledger/digest.h"
#include "exporter/sources/correction_text.h"
#include "exporter/ticket/support_text.h"

namespace exporter {
namespace {

using ledger::Blob;
using ledger::Database;
using ledger::Query;
using ledger::Transaction;

constexpr const char* kTables = R"sql(
PRAGMA auto_vacuum=INCREMENTAL;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA trusted_schema=OFF;
PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-16000;
CREATE TABLE IF NOT EXISTS events(
  source TEXT NOT NULL, ticket TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
  type TEXT NOT NULL, actor TEXT NOT NULL, level TEXT NOT NULL, calendar TEXT NOT NULL,
  agreement TEXT NOT NULL, channel TEXT NOT NULL, language TEXT NOT NULL, destination TEXT NOT NULL,
  since TEXT NOT NULL, into_ticket TEXT NOT NULL, item TEXT NOT NULL, reason TEXT NOT NULL,
  checksum BLOB NOT NULL, PRIMARY KEY(source, ticket, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources(
  source TEXT PRIMARY KEY, configured INTEGER NOT NULL, cursor TEXT NOT NULL,
  read_until TEXT NOT NULL, last_success TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters(
  source TEXT NOT NULL, what TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY(source, what, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed(
  source TEXT NOT NULL, ticket TEXT NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY(source, ticket)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS notices(
  source TEXT NOT NULL, ticket TEXT NOT NULL, level TEXT NOT NULL, instance INTEGER NOT NULL,
  stage TEXT NOT NULL, channel TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
  content TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_try INTEGER NOT NULL,
  PRIMARY KEY(source, ticket, level, instance, stage, channel)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notice_levels(
  level TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals(id INTEGER PRIMARY KEY CHECK(id = 1), body TEXT NOT NULL);
PRAGMA user_version=1;
)sql";

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kTermsKind = "terms", kCorrectionKind = "correction";
constexpr std::size_t kChecksumBytes = 8;

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }
Seconds instant(std::int64_t number) { return Seconds(std::chrono::seconds(number)); }

std::string text_of(const std::optional<Seconds>& at) {
  return at ? std::to_string(number(*at)) : std::string();
}

std::optional<Seconds> instant_in(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc()) return std::nullopt;
  return instant(value);
}

// Of everything in a row; parts are kept apart by their lengths.
std::string checksum_of(const TicketEvent& event) {
  std::string row;
  const auto add = [&row](std::string_view part) {
    row += fmt::format("{}:", part.size());
    row += part;
  };
  add(event.source);
  add(event.ticket);
  row += fmt::format("{},{},", event.seq, number(event.at));
  for (const std::string_view part :
       {name_of(event.type), name_of(event.actor), std::string_view(event.level),
        std::string_view(event.calendar), std::string_view(event.agreement),
        std::string_view(event.channel), std::string_view(event.language),
        std::string_view(event.destination), std::string_view(event.into),
        std::string_view(event.item), std::string_view(event.reason)}) {
    add(part);
  }
  row += text_of(event.since);
  return ledger::digest({row}).substr(0, kChecksumBytes);
}

constexpr const char* kSelectEvents =
    "SELECT source, ticket, seq, at, type, actor, level, calendar, agreement, channel, language, "
    "destination, since, into_ticket, item, reason, checksum FROM events "
    "ORDER BY source, ticket, seq";
constexpr const char* kSelectTicket =
    "SELECT source, ticket, seq, at, type, actor, level, calendar, agreement, channel, language, "
    "destination, since, into_ticket, item, reason, checksum FROM events "
    "WHERE source = ? AND ticket = ? ORDER BY seq";
constexpr int kChecksumColumn = 16;

// False when a name is none of ours: the row was not written by this program.
bool read_row(const Query& row, TicketEvent& event) {
  const auto type = ticket_event_type(row.bytes(4));
  const auto actor = ticket_actor(row.bytes(5));
  if (!type || !actor) return false;
  event.source.assign(row.bytes(0));
  event.ticket.assign(row.bytes(1));
  event.seq = row.integer(2);
  event.at = instant(row.integer(3));
  event.type = *type;
  event.actor = *actor;
  event.level.assign(row.bytes(6));
  event.calendar.assign(row.bytes(7));
  event.agreement.assign(row.bytes(8));
  event.channel.assign(row.bytes(9));
  event.language.assign(row.bytes(10));
  event.destination.assign(row.bytes(11));
  event.since = instant_in(row.bytes(12));
  event.into.assign(row.bytes(13));
  event.item.assign(row.bytes(14));
  event.reason.assign(row.bytes(15));
  return true;
}

std::string damage_in(const TicketEvent& event) {
  return fmt::format(
      "an event behind {} of ticket {} of {} has a type or actor that does not exist", event.seq,
      event.ticket, event.source);
}

}  // namespace

// --- opening -----------------------------------------------------------------------------------

LedgerResult<std::unique_ptr<EventStore>> EventStore::open(const std::filesystem::path& folder,
                                                           Mode mode) {
  std::unique_ptr<EventStore> store(new EventStore(folder / kFileName, mode));
  if (auto ready = store->connect(); !ready) return std::unexpected(ready.error());
  return store;
}

EventStore::~EventStore() = default;

// The database speaks of the ledger.
LedgerError EventStore::with_remedy(LedgerError error) {
  if (error.kind != LedgerError::Kind::damaged) return error;
  error.message +=
      ". For tickets the verb is `slatool tickets verify`. Without a backup, move the file away: "
      "the "
      "help desks are then read again from their `since`, and signed corrections are lost";
  return error;
}

LedgerResult<void> EventStore::connect() {
  const auto mode = mode_ == Mode::create ? Database::Mode::create : Database::Mode::read;
  auto database = Database::open(file_, mode);
  if (!database) return std::unexpected(with_remedy(database.error()));
  database_ = *std::move(database);
  if (auto ready = prepare(); !ready) {
    database_.reset();
    return std::unexpected(with_remedy(ready.error()));
  }
  return {};
}

LedgerResult<void> EventStore::prepare() {
  const std::int64_t version = database_->number("PRAGMA user_version");
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  if (version > kVersion) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::newer_schema,
        fmt::format("{} was written by a later version of this program (format {}, this one knows "
                    "{}). Start that version",
                    file_.string(), version, kVersion)});
  }
  if (mode_ == Mode::create) {
    database_->script(kTables);
    // What a failed sync left in the kernel's memory is written once more, and synced.
    database_->run("PRAGMA wal_checkpoint(TRUNCATE)");
    std::error_code ignored;
    std::filesystem::permissions(file_, std::filesystem::perms(0640), ignored);
  } else if (version == 0) {
    database_->report_damage("it holds no tickets");
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return {};
}

LedgerResult<void> EventStore::make_ready() {
  if (database_ && !database_->sync_failed()) return {};
  database_.reset();
  return connect();
}

// --- writing -----------------------------------------------------------------------------------

bool EventStore::insert(const TicketEvent& event) {
  database_->run(
      "INSERT OR IGNORE INTO events SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
      "?14, ?15, ?16, ?17 WHERE NOT EXISTS (SELECT 1 FROM removed WHERE source = ?1 AND ticket = "
      "?2 AND last_seq >= ?3)",
      {event.source, event.ticket, event.seq, number(event.at), name_of(event.type),
       name_of(event.actor), event.level, event.calendar, event.agreement, event.channel,
       event.language, event.destination, text_of(event.since), event.into, event.item,
       event.reason, Blob{checksum_of(event)}});
  return database_->number("SELECT changes()") > 0;
}

bool EventStore::differs(const TicketEvent& event) {
  Query known =
      database_->query("SELECT checksum FROM events WHERE source = ? AND ticket = ? AND seq = ?",
                       {event.source, event.ticket, event.seq});
  return known.next() && known.bytes(0) != checksum_of(event);
}

void EventStore::count(const std::string& source, std::string_view what, std::string_view name,
                       std::uint64_t by) {
  database_->run(
      "INSERT INTO counters VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + "
      "excluded.count",
      {source, what, name, static_cast<std::int64_t>(by)});
}

LedgerResult<CommittedEvents> EventStore::commit(const std::string& source,
                                                 const SourceBatch& batch, Seconds at) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  Transaction transaction(*database_);
  CommittedEvents done;
  for (const TicketEvent& event : batch.events) {
    if (insert(event)) {
      ++done.added[std::string(name_of(event.type))];
    } else if (batch.told_once && differs(event)) {
      done.differing.push_back(event);
    }
  }
  for (const auto& [type, by] : done.added) count(source, "event", type, by);
  for (const auto& [name, by] : batch.unmapped) count(source, "unmapped", name, by);
  if (!done.differing.empty()) count(source, "unmapped", kChangedEvent, done.differing.size());
  database_->run(
      "INSERT INTO sources VALUES(?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET "
      "cursor = CASE excluded.cursor WHEN '' THEN cursor ELSE excluded.cursor END, "
      "read_until = CASE WHEN excluded.read_until = '' THEN read_until WHEN read_until = '' OR "
      "CAST(excluded.read_until AS INTEGER) > CAST(read_until AS INTEGER) THEN "
      "excluded.read_until ELSE read_until END, last_success = excluded.last_success",
      {source, batch.cursor, text_of(batch.read_until), text_of(at)});
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  if (auto committed = transaction.commit(); !committed) {
    return std::unexpected(committed.error());
  }
  return done;
}

LedgerResult<void> EventStore::name_sources(const std::vector<std::string>& sources) {
  if (auto ready = make_ready(); !ready) return ready;
  Transaction transaction(*database_);
  database_->run("UPDATE sources SET configured = 0");
  for (const std::string& source : sources) {
    database_->run(
        "INSERT INTO sources VALUES(?, 1, '', '', '') ON CONFLICT DO UPDATE SET configured = 1",
        {source});
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return transaction.commit();
}

LedgerResult<void> EventStore::count_error(const std::string& source, SourceError::Reason reason) {
  if (auto ready = make_ready(); !ready) return ready;
  Transaction transaction(*database_);
  count(source, "error", name_of(reason), 1);
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return transaction.commit();
}

std::int64_t EventStore::append(std::string_view kind, const std::string& body) {
  std::string before = ledger::no_digest();
  std::int64_t id = 1;
  {
    Query last = database_->query("SELECT id, hash FROM entries ORDER BY id DESC LIMIT 1");
    if (last.next()) {
      id = last.integer(0) + 1;
      before.assign(last.bytes(1));
    }
  }
  database_->run("INSERT INTO entries VALUES(?, ?, ?, ?)",
                 {id, kind, body, Blob{ledger::digest({before, kind, "\n", body})}});
  return id;
}

LedgerResult<TicketCorrection> EventStore::correct(TicketCorrection correction) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  Transaction transaction(*database_);
  correction.id = append(kCorrectionKind, correction_json(correction));
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  if (auto done = transaction.commit(); !done) return std::unexpected(done.error());
  return correction;
}

LedgerResult<void> EventStore::record_terms(const std::vector<SupportRecord>& records) {
  if (records.empty()) return {};
  if (auto ready = make_ready(); !ready) return ready;
  Transaction transaction(*database_);
  for (const SupportRecord& each : records) append(kTermsKind, canonical_json(each));
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return transaction.commit();
}

LedgerResult<void> EventStore::save_totals(const std::string& totals) {
  if (auto ready = make_ready(); !ready) return ready;
  Transaction transaction(*database_);
  database_->run("INSERT OR REPLACE INTO totals VALUES(1, ?)", {totals});
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return transaction.commit();
}

LedgerResult<void> EventStore::remove(const std::vector<TicketName>& names,
                                      const std::string& totals) {
  if (auto ready = make_ready(); !ready) return ready;
  Transaction transaction(*database_);
  for (const TicketName& name : names) {
    database_->run(
        "INSERT OR REPLACE INTO removed SELECT source, ticket, max(seq) FROM events WHERE source = "
        "?1 AND ticket = ?2 GROUP BY source, ticket",
        {name.source, name.ticket});
    database_->run("DELETE FROM events WHERE source = ? AND ticket = ?",
                   {name.source, name.ticket});
    database_->run("DELETE FROM notices WHERE source = ? AND ticket = ?",
                   {name.source, name.ticket});
  }
  database_->run("INSERT OR REPLACE INTO totals VALUES(1, ?)", {totals});
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  if (auto done = transaction.commit(); !done) return done;
  database_->run("PRAGMA incremental_vacuum(200)");
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return {};
}

// --- reading -----------------------------------------------------------------------------------

LedgerResult<std::map<std::string, SourceRow>> EventStore::sources() {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  std::map<std::string, SourceRow> sources;
  {
    Query rows = database_->query(
        "SELECT source, configured, cursor, read_until, last_success FROM sources");
    while (rows.next()) {
      sources[std::string(rows.bytes(0))] = {.configured = rows.integer(1) != 0,
                                             .cursor = std::string(rows.bytes(2)),
                                             .read_until = instant_in(rows.bytes(3)),
                                             .last_success = instant_in(rows.bytes(4)),
                                             .counters = {}};
    }
  }
  {
    Query rows = database_->query("SELECT source, what, name, count FROM counters");
    while (rows.next()) {
      sources[std::string(rows.bytes(0))]
          .counters[{std::string(rows.bytes(1)), std::string(rows.bytes(2))}] =
          static_cast<std::uint64_t>(rows.integer(3));
    }
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return sources;
}

bool EventStore::follow_chain(const std::function<void(std::int64_t id, std::string_view kind,
                                                       std::string_view body)>& take) {
  std::string before = ledger::no_digest();
  std::int64_t expected = 1;
  bool whole = true;
  Query rows = database_->query("SELECT id, kind, body, hash FROM entries ORDER BY id");
  while (rows.next()) {
    const std::string hash = ledger::digest({before, rows.bytes(1), "\n", rows.bytes(2)});
    whole = whole && rows.integer(0) == expected && hash == rows.bytes(3);
    take(rows.integer(0), rows.bytes(1), rows.bytes(2));
    before.assign(rows.bytes(3));
    ++expected;
  }
  return whole;
}

LedgerResult<StoredEntries> EventStore::entries() {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  StoredEntries entries;
  std::string wrong;
  const bool whole =
      follow_chain([&](std::int64_t id, std::string_view kind, std::string_view body) {
        if (kind == kTermsKind) {
          auto terms = parse_support(body);
          if (!terms) wrong = terms.error();
          if (terms) entries.terms.push_back(*std::move(terms));
          return;
        }
        auto correction = parse_correction(body);
        if (!correction) wrong = correction.error();
        if (!correction) return;
        correction->id = id;
        entries.corrections.push_back(*std::move(correction));
      });
  // What was signed about a ticket that was removed went into the totals with it.
  std::erase_if(entries.corrections, [this](const TicketCorrection& each) {
    return database_->number(
               "SELECT count(*) FROM removed WHERE source = ? AND ticket = ? AND last_seq >= ?",
               {each.source, each.ticket, each.after_seq}) > 0;
  });
  if (!whole) database_->report_damage("a correction or the terms of support were changed");
  if (!wrong.empty()) database_->report_damage(wrong);
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return entries;
}

LedgerResult<void> EventStore::for_each(const std::function<void(const TicketEvent&)>& take) {
  if (auto ready = make_ready(); !ready) return ready;
  {
    TicketEvent event;
    Query rows = database_->query(kSelectEvents);
    while (rows.next()) {
      if (!read_row(rows, event)) {
        database_->report_damage(damage_in(event));
        break;
      }
      take(event);
    }
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return {};
}

LedgerResult<std::vector<TicketEvent>> EventStore::events_of(const TicketName& name) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  std::vector<TicketEvent> events;
  {
    TicketEvent event;
    Query rows = database_->query(kSelectTicket, {name.source, name.ticket});
    while (rows.next()) {
      if (!read_row(rows, event)) {
        database_->report_damage(damage_in(event));
        break;
      }
      events.push_back(event);
    }
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return events;
}

LedgerResult<std::int64_t> EventStore::count_events(const TicketName& name) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  const std::int64_t count = database_->number(
      "SELECT count(*) FROM events WHERE source = ? AND ticket = ?", {name.source, name.ticket});
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return count;
}

LedgerResult<std::string> EventStore::totals() {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  std::string totals;
  {
    Query rows = database_->query("SELECT body FROM totals");
    if (rows.next()) totals.assign(rows.bytes(0));
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return totals;
}

LedgerResult<EventStore::Report> EventStore::verify() {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  Report report;
  {
    TicketEvent event;
    Query rows = database_->query(kSelectEvents);
    while (rows.next()) {
      ++report.events;
      if (read_row(rows, event) && checksum_of(event) == rows.bytes(kChecksumColumn)) continue;
      report.problems.push_back(fmt::format("event {} of ticket {} of {} is not what was recorded",
                                            rows.integer(2), rows.bytes(1), rows.bytes(0)));
    }
  }
  const bool whole = follow_chain(
      [&report](std::int64_t, std::string_view, std::string_view) { ++report.entries; });
  if (!whole) {
    report.problems.emplace_back(
        "the chain of corrections and terms is broken: an entry was changed or taken out");
  }
  if (database_->number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> "
                        "'ok'") > 0) {
    report.problems.emplace_back("SQLite's own check of the file fails");
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return report;
}

}  // namespace exporter

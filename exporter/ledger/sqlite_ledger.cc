// Opening, closing, and coming back after a failed sync; the work itself is in the parts.
#include "exporter/ledger/sqlite_ledger.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <system_error>

#include "exporter/ledger/commit.h"
#include "exporter/ledger/packing.h"
#include "exporter/ledger/reading.h"
#include "exporter/ledger/schema.h"
#include "exporter/ledger/verifying.h"

namespace exporter {

LedgerResult<std::unique_ptr<Ledger>> Ledger::open(LedgerOptions options) {
  return ledger::SqliteLedger::open(std::move(options));
}

}  // namespace exporter

namespace exporter::ledger {
namespace {

constexpr const char* kWriterSettings =
    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000;";

LedgerResult<void> use_wal(Database& database) {
  Query mode = database.query("PRAGMA journal_mode=WAL");
  const bool wal = mode.next() && mode.bytes(0) == "wal";
  if (wal) return {};
  if (auto error = database.take_error()) return std::unexpected(*error);
  return std::unexpected(LedgerError{
      LedgerError::Kind::io,
      fmt::format("{}: this file system does not support write-ahead logging (shared memory). Give "
                  "a --storage.path on a local disk",
                  database.file().string())});
}

}  // namespace

LedgerResult<std::unique_ptr<Ledger>> SqliteLedger::open(LedgerOptions options) {
  std::unique_ptr<SqliteLedger> ledger(new SqliteLedger(std::move(options)));
  auto opened = ledger->options_.read_only ? ledger->open_to_read() : ledger->open_to_write();
  if (!opened) return std::unexpected(opened.error());
  return ledger;
}

SqliteLedger::~SqliteLedger() {
  // A connection whose sync failed must not write again, not even a checkpoint.
  if (database_ && database_->sync_failed()) {
    sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

LedgerResult<void> SqliteLedger::open_to_write() {
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) {
    return std::unexpected(
        LedgerError{LedgerError::Kind::io, fmt::format("{}: {}. Make the folder, or give another "
                                                       "--storage.path",
                                                       options_.folder.string(), error.message())});
  }
  if (auto fine = check_folder(options_.folder); !fine) return fine;
  const std::optional<CommitMark> mark = LockFile::read_mark(options_.folder);
  auto lock = LockFile::take(options_.folder);
  if (!lock) return std::unexpected(lock.error());
  lock_.emplace(*std::move(lock));

  if (!std::filesystem::exists(file_, error)) {
    if (auto made = create_file(file_); !made) return made;
  }
  if (auto connected = connect(); !connected) return connected;
  if (auto whole = compare_with_mark(mark); !whole) return whole;
  lock_->write_mark({contents_.identity, contents_.journal.number});
  return {};
}

LedgerResult<void> SqliteLedger::connect() {
  if (auto fine = check_file(file_); !fine) return fine;
  auto database = Database::open(file_, Database::Mode::write);
  if (!database) return std::unexpected(database.error());
  if (auto known = check_version(**database, schema_steps()); !known) return known;
  if (auto wal = use_wal(**database); !wal) return wal;
  (*database)->script(kWriterSettings);
  if (auto newest = migrate(**database, schema_steps()); !newest) return newest;
  auto contents = read_contents(**database);
  if (!contents) return std::unexpected(contents.error());
  database_ = *std::move(database);
  contents_ = *std::move(contents);
  return {};
}

LedgerResult<void> SqliteLedger::open_to_read() {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::not_found,
        fmt::format("{} does not exist. Is --storage.path the exporter's?", file_.string())});
  }
  if (auto fine = check_file(file_); !fine) return fine;
  const std::optional<CommitMark> mark = LockFile::read_mark(options_.folder);
  auto database = Database::open(file_, Database::Mode::read);
  if (!database) return std::unexpected(database.error());
  // The writer's WAL is not ours to clean up.
  sqlite3_db_config((*database)->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (auto known = check_version(**database, schema_steps()); !known) return known;
  if (file_version(**database).version < schema_steps().back().version) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::refused,
        fmt::format("{} was written by an earlier version. Start the exporter once to bring it up "
                    "to date",
                    file_.string())});
  }
  // One snapshot for as long as this reader lives, so that blocks and journal fit together.
  (*database)->run("BEGIN");
  auto contents = read_contents(**database);
  if (!contents) return std::unexpected(contents.error());
  database_ = *std::move(database);
  contents_ = *std::move(contents);
  return compare_with_mark(mark);
}

LedgerResult<void> SqliteLedger::compare_with_mark(const std::optional<CommitMark>& mark) const {
  if (!mark || mark->ledger != contents_.identity) return {};
  if (mark->sequence <= contents_.journal.number) return {};
  return std::unexpected(LedgerError{
      LedgerError::Kind::damaged,
      fmt::format("{} ends at commit {}, but commit {} was written: its ledger.db-wal was removed, "
                  "or an older file was put in its place. Put both files or the last backup back; "
                  "to go on without the lost commits, remove {}",
                  file_.string(), contents_.journal.number, mark->sequence,
                  LockFile::path_in(options_.folder).string())});
}

LedgerResult<void> SqliteLedger::writable() const {
  if (!options_.read_only) return {};
  return std::unexpected(
      LedgerError{LedgerError::Kind::refused, file_.string() + " is open for reading only"});
}

LedgerResult<void> SqliteLedger::make_ready() {
  if (database_ && !database_->sync_failed()) return {};
  return reconnect();
}

LedgerResult<void> SqliteLedger::reconnect() {
  if (database_) {
    acknowledged_ = contents_.journal;
    sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    database_.reset();
  }
  if (auto connected = connect(); !connected) return connected;
  // What the failed sync left in the kernel's memory may look written and not be: a checkpoint
  // writes it once more, to the main file, and syncs that.
  database_->run("PRAGMA wal_checkpoint(TRUNCATE)");
  const bool kept = acknowledged_->number == 0 ||
                    database_->number("SELECT count(*) FROM journal WHERE seq = ? AND hash = ?",
                                      {acknowledged_->number, Blob{acknowledged_->hash}}) == 1;
  auto error = database_->take_error();
  if (!error && !kept) error = damaged(file_, "a commit that was acknowledged is gone");
  if (!error) {
    acknowledged_.reset();
    return {};
  }
  database_.reset();
  return std::unexpected(*error);
}

// --- the work ----------------------------------------------------------------------------------

LedgerResult<LedgerState> SqliteLedger::load() {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  return load_state(*database_, contents_);
}

LedgerResult<void> SqliteLedger::commit(const Batch& batch, Seconds now) {
  if (auto may = writable(); !may) return may;
  if (auto ready = make_ready(); !ready) return ready;
  const auto staged = stage(contents_, batch, now);
  if (!staged) return std::unexpected(staged.error());
  if (staged->empty()) return {};
  auto written = write(*database_, contents_, *staged, now, options_.evidence_bytes);
  if (written) lock_->write_mark({contents_.identity, contents_.journal.number});
  return written;
}

LedgerResult<bool> SqliteLedger::pack(Seconds now, std::chrono::milliseconds budget) {
  if (auto may = writable(); !may) return std::unexpected(may.error());
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  return pack_days(*database_, contents_, {now, options_.outcome_retention, budget});
}

LedgerResult<std::vector<VerdictRun>> SqliteLedger::verdicts(const std::string& service,
                                                             Seconds from, Seconds to) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  return read_verdicts(*database_, contents_, service, {from, to});
}

LedgerResult<std::vector<OutcomeRecord>> SqliteLedger::outcomes(const std::string& service,
                                                                const std::string& check,
                                                                Seconds from, Seconds to) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  return read_outcomes(*database_, contents_, {service, check}, {from, to});
}

LedgerResult<std::vector<std::pair<std::string, std::string>>> SqliteLedger::day_hashes(
    const std::string& service, Seconds from, Seconds to) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  return read_day_hashes(*database_, contents_, service, {from, to});
}

LedgerResult<VerifyReport> SqliteLedger::verify(
    const std::function<void(std::string_view)>& progress) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  return verify_file(*database_, contents_, progress);
}

LedgerResult<void> SqliteLedger::backup(const std::filesystem::path& to) {
  if (auto ready = make_ready(); !ready) return ready;
  return copy_database(*database_, to);
}

}  // namespace exporter::ledger

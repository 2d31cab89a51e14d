// Blocks have a running number as their key, so that new ones are always added at the end of the
// file's tree: pages fill up and are not split. Each owner's chain is in the order of that number.
#include "exporter/ledger/schema.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace exporter::ledger {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE state(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE schema_steps(version INTEGER PRIMARY KEY, applied INTEGER NOT NULL);
CREATE TABLE entries(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, committed INTEGER NOT NULL, body TEXT NOT NULL,
  hash BLOB NOT NULL);
CREATE TABLE journal(
  seq INTEGER PRIMARY KEY, committed INTEGER NOT NULL, payload BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE verdict_blocks(
  id INTEGER PRIMARY KEY, service INTEGER NOT NULL, day INTEGER NOT NULL, part INTEGER NOT NULL,
  header BLOB NOT NULL, payload BLOB NOT NULL, hash BLOB NOT NULL);
CREATE UNIQUE INDEX verdict_days ON verdict_blocks(service, day, part);
CREATE TABLE outcome_blocks(
  id INTEGER PRIMARY KEY, check_id INTEGER NOT NULL, day INTEGER NOT NULL, part INTEGER NOT NULL,
  header BLOB NOT NULL, payload BLOB NOT NULL, hash BLOB NOT NULL);
CREATE UNIQUE INDEX outcome_days ON outcome_blocks(check_id, day, part);
CREATE TABLE outcome_anchors(
  check_id INTEGER PRIMARY KEY, header BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE evidence(
  id INTEGER PRIMARY KEY, check_id INTEGER NOT NULL, slot INTEGER NOT NULL, at INTEGER NOT NULL,
  attempt INTEGER NOT NULL, message TEXT NOT NULL, total INTEGER NOT NULL, checksum BLOB NOT NULL);
CREATE INDEX evidence_slots ON evidence(check_id, slot);
CREATE VIEW services AS SELECT json_extract(body, '$.id') AS id, json_extract(body, '$.name') AS name
  FROM entries WHERE kind = 'service';
CREATE VIEW checks AS SELECT json_extract(body, '$.id') AS id,
  json_extract(body, '$.service') AS service, json_extract(body, '$.name') AS name
  FROM entries WHERE kind = 'check';
)sql";

constexpr std::array kSteps = {SchemaStep{1, kVersion1}};

LedgerError io_error(const std::filesystem::path& file, int error) {
  const auto kind = error == ENOSPC ? LedgerError::Kind::disk_full : LedgerError::Kind::io;
  return {kind, fmt::format("{}: {}", file.string(), std::strerror(error))};
}

LedgerResult<void> sync_path(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return std::unexpected(io_error(path, errno));
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) return std::unexpected(io_error(path, error));
  return {};
}

LedgerResult<void> copy_pages(Database& from, Database& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (!backup) {
    return std::unexpected(
        LedgerError{LedgerError::Kind::io,
                    fmt::format("{}: {}", to.file().string(), sqlite3_errmsg(to.handle()))});
  }
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code == SQLITE_OK) return {};
  const bool full = (code & 0xff) == SQLITE_FULL;
  return std::unexpected(LedgerError{full ? LedgerError::Kind::disk_full : LedgerError::Kind::io,
                                     fmt::format("{}: copying {} failed: {}", to.file().string(),
                                                 from.file().string(), sqlite3_errstr(code))});
}

// A new identity, so that the lock file's memory of the original does not apply to the copy; and
// no WAL, so that the copy is one file.
LedgerResult<void> write_copy(Database& from, const std::filesystem::path& file) {
  auto copy = Database::open(file, Database::Mode::create);
  if (!copy) return std::unexpected(copy.error());
  if (auto copied = copy_pages(from, **copy); !copied) return copied;
  (*copy)->script("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;");
  const bool has_state =
      (*copy)->number("SELECT count(*) FROM sqlite_master WHERE name='state'") > 0;
  if (has_state) {
    (*copy)->script("UPDATE state SET value=lower(hex(randomblob(16))) WHERE key='identity'");
  }
  if (auto error = (*copy)->take_error()) return std::unexpected(*error);
  return {};
}

// Gives a finished file its name; one that appeared there meanwhile is not overwritten.
LedgerResult<void> rename_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  int code = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  // Some file systems do not know the flag.
  if (code != 0 && errno == EINVAL) code = ::rename(from.c_str(), to.c_str());
  if (code == 0) return {};
  return std::unexpected(io_error(to, errno));
}

}  // namespace

std::span<const SchemaStep> schema_steps() { return kSteps; }

FileVersion file_version(Database& database) {
  return {database.number("PRAGMA application_id"),
          static_cast<int>(database.number("PRAGMA user_version"))};
}

LedgerResult<void> check_version(Database& database, std::span<const SchemaStep> steps) {
  const FileVersion found = file_version(database);
  if (auto error = database.take_error()) return std::unexpected(*error);
  const std::string file = database.file().string();
  if (found.application != kApplicationId) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::damaged,
        fmt::format("{} is an SQLite file but not a ledger. Give another --storage.path, or put "
                    "the last backup in its place",
                    file)});
  }
  if (found.version > steps.back().version) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::newer_schema,
        fmt::format("{} was written by a later version (schema {}, this program knows {}). Install "
                    "the later version again, or go back to the copy it made: {}.v{}.bak",
                    file, found.version, steps.back().version, file, steps.back().version)});
  }
  return {};
}

LedgerResult<void> migrate(Database& database, std::span<const SchemaStep> steps) {
  const int found = file_version(database).version;
  if (auto error = database.take_error()) return std::unexpected(*error);
  if (found >= steps.back().version) return {};

  const bool has_content = database.number("SELECT count(*) FROM sqlite_master") > 0;
  if (has_content) {
    const std::string copy = fmt::format("{}.v{}.bak", database.file().string(), found);
    std::error_code ignored;  // one from an attempt that was cut short
    std::filesystem::remove(copy, ignored);
    if (auto copied = copy_database(database, copy); !copied) return copied;
  }
  Transaction transaction(database);
  for (const SchemaStep& step : steps) {
    if (step.version <= found) continue;
    database.script(step.sql);
    database.script(fmt::format("INSERT INTO schema_steps VALUES({}, unixepoch())", step.version));
    database.script(fmt::format("PRAGMA user_version={}", step.version));
  }
  database.script(fmt::format("PRAGMA application_id={}", kApplicationId));
  if (auto error = database.take_error()) return std::unexpected(*error);
  return transaction.commit();
}

LedgerResult<void> copy_database(Database& from, const std::filesystem::path& to) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored)) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::refused,
        fmt::format("{} exists already and is not overwritten. Give another name", to.string())});
  }
  const std::filesystem::path half = to.string() + ".part";
  std::filesystem::remove(half, ignored);
  if (auto written = write_copy(from, half); !written) {
    std::filesystem::remove(half, ignored);
    return written;
  }
  return publish_file(half, to);
}

LedgerResult<void> publish_file(const std::filesystem::path& half,
                                const std::filesystem::path& name) {
  auto done = sync_path(half, O_RDONLY);
  if (done) done = rename_new(half, name);
  if (!done) {
    ::unlink(half.c_str());
    return done;
  }
  const std::filesystem::path folder = name.parent_path();
  return sync_path(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace exporter::ledger

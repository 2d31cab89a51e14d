#include "exporter/samples/sample_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <functional>
#include <system_error>

namespace exporter {
namespace {

using ledger::Blob;
using ledger::Database;

// AUTO_VACUUM gives the room of what expired back, a little at a time.
constexpr const char* kTables = R"sql(
PRAGMA auto_vacuum=INCREMENTAL;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
PRAGMA trusted_schema=OFF;
PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-4000;
CREATE TABLE IF NOT EXISTS blocks(
  id INTEGER PRIMARY KEY, open INTEGER NOT NULL, ends INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS documents(
  kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(kind, key)) WITHOUT ROWID;
PRAGMA user_version=1;
)sql";

constexpr std::int64_t kVersion = 1;
constexpr const char* kFileName = "samples.db";

}  // namespace

LedgerResult<std::unique_ptr<SampleFile>> SampleFile::open(const std::filesystem::path& folder) {
  auto database = Database::open(folder / kFileName, Database::Mode::create);
  if (!database) return std::unexpected(database.error());
  std::unique_ptr<SampleFile> opened(new SampleFile(*std::move(database)));
  if (auto ready = opened->prepare(); !ready) return std::unexpected(ready.error());
  return opened;
}

std::string SampleFile::set_aside(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kFileName;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string aside = fmt::format("{}.damaged-{:%Y%m%dT%H%M%S}", file.string(), now);
  std::error_code failed;
  std::filesystem::rename(file, aside, failed);
  for (const char* suffix : {"-wal", "-shm"}) {
    std::filesystem::remove(file.string() + suffix, failed);
  }
  return fmt::format(
      "{} was damaged and is now {}; samples and the states of alerts begin anew, the ledger is "
      "not touched by this",
      file.string(), aside);
}

LedgerResult<void> SampleFile::prepare() {
  const std::int64_t version = database_->number("PRAGMA user_version");
  if (version > kVersion) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::newer_schema,
        fmt::format(
            "{} was written by a later version of this program (format {}, this one knows {}). "
            "Start that version, or move the file away to begin anew",
            database_->file().string(), version, kVersion)});
  }
  database_->script(kTables);
  if (auto error = database_->take_error()) return std::unexpected(*error);
  std::error_code ignored;
  std::filesystem::permissions(database_->file(), std::filesystem::perms(0640), ignored);
  return {};
}

LedgerResult<std::string> SampleFile::read_samples(
    const std::function<void(std::string_view block)>& block) {
  std::string log;
  {
    ledger::Query rows = database_->query("SELECT bytes FROM blocks ORDER BY open, id");
    while (rows.next()) block(rows.bytes(0));
  }
  {
    ledger::Query rows = database_->query("SELECT bytes FROM log ORDER BY id");
    while (rows.next()) log += rows.bytes(0);
  }
  if (auto error = database_->take_error()) return std::unexpected(*error);
  return log;
}

LedgerResult<std::map<DocumentKey, std::string>> SampleFile::read_documents() {
  std::map<DocumentKey, std::string> documents;
  {
    ledger::Query rows = database_->query("SELECT kind, key, value FROM documents");
    while (rows.next()) {
      documents.emplace(DocumentKey{std::string(rows.bytes(0)), std::string(rows.bytes(1))},
                        rows.bytes(2));
    }
  }
  if (auto error = database_->take_error()) return std::unexpected(*error);
  return documents;
}

LedgerResult<void> SampleFile::save(const SampleSave& save) {
  ledger::Transaction transaction(*database_);
  const auto add = [&](const rules::series::Block& block, bool open) {
    database_->run("INSERT INTO blocks(open, ends, bytes) VALUES(?, ?, ?)",
                   {std::int64_t{open}, block.last + block.keep, Blob{block.bytes}});
  };
  if (save.checkpoint) {
    database_->run("DELETE FROM log");
    database_->run("DELETE FROM blocks WHERE open = 1");
    for (const auto& block : save.sealed) add(block, false);
    for (const auto& block : save.open) add(block, true);
  }
  if (!save.log.empty()) database_->run("INSERT INTO log(bytes) VALUES(?)", {Blob{save.log}});
  for (const auto& [key, value] : save.documents) {
    if (value) {
      database_->run("INSERT OR REPLACE INTO documents(kind, key, value) VALUES(?, ?, ?)",
                     {key.kind, key.key, *value});
    } else {
      database_->run("DELETE FROM documents WHERE kind = ? AND key = ?", {key.kind, key.key});
    }
  }
  if (auto error = database_->take_error()) return std::unexpected(*error);
  return transaction.commit();
}

LedgerResult<void> SampleFile::expire(std::int64_t now) {
  database_->run("DELETE FROM blocks WHERE open = 0 AND ends < ?", {now});
  database_->run("PRAGMA incremental_vacuum(1000)");
  if (auto error = database_->take_error()) return std::unexpected(*error);
  return {};
}

}  // namespace exporter

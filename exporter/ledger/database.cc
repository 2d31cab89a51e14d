// SQLite's result codes become LedgerErrors here and nowhere else.
#include "exporter/ledger/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace exporter::ledger {
namespace {

constexpr int kBusyMilliseconds = 5000;  // a reader may hold the file for a moment at its opening

LedgerError::Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return LedgerError::Kind::disk_full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return LedgerError::Kind::damaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return LedgerError::Kind::locked;
    default:
      return LedgerError::Kind::io;
  }
}

std::string_view remedy_for(LedgerError::Kind kind) {
  switch (kind) {
    case LedgerError::Kind::disk_full:
      return "Nothing was lost; free space on that file system, the commit is tried again";
    case LedgerError::Kind::damaged:
      return "Stop the exporter, put the last backup in its place, and run "
             "`slatool ledger verify --storage.path <folder>`";
    case LedgerError::Kind::locked:
      return "Another program holds the file; close it";
    default:
      return "Look at the disk and at the permissions of the folder";
  }
}

void bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
  } else {
    const std::string_view bytes = std::get<Blob>(value).bytes;
    // A null pointer would bind NULL instead of an empty blob.
    sqlite3_bind_blob64(statement, index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                        SQLITE_TRANSIENT);
  }
}

bool is_sync_error(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace

LedgerError damaged(const std::filesystem::path& file, std::string_view what) {
  return {LedgerError::Kind::damaged, fmt::format("{} is damaged: {}. {}", file.string(), what,
                                                  remedy_for(LedgerError::Kind::damaged))};
}

// --- Query -----------------------------------------------------------------------------------

Query::~Query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::next() {
  if (!statement_ || database_->failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->note_failure(sqlite3_extended_errcode(database_->handle_));
  return false;
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data ? std::string_view(static_cast<const char*>(data), size) : std::string_view();
}

// --- Database --------------------------------------------------------------------------------

LedgerResult<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file,
                                                       Mode mode) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  // Even a failed open hands out a handle that must be closed.
  std::unique_ptr<Database> database(new Database(file, handle));
  if (code != SQLITE_OK) database->note_failure(code);
  if (handle) sqlite3_busy_timeout(handle, kBusyMilliseconds);
  if (auto error = database->take_error()) return std::unexpected(*error);
  return database;
}

Database::~Database() {
  // After a failed sync nothing more may be written from this connection, not even a checkpoint.
  if (sync_failed_) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

sqlite3_stmt* Database::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement) return statement;
  const int code =
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) note_failure(code);
  return statement;
}

Query Database::query(const char* sql, std::initializer_list<Value> values) {
  sqlite3_stmt* statement = failed() ? nullptr : prepare(sql);
  if (failed()) return {*this, nullptr};
  int index = 0;
  for (const Value& value : values) bind(statement, ++index, value);
  return {*this, statement};
}

void Database::run(const char* sql, std::initializer_list<Value> values) {
  Query query = this->query(sql, values);
  while (query.next()) {
  }
}

std::int64_t Database::number(const char* sql, std::initializer_list<Value> values) {
  Query query = this->query(sql, values);
  return query.next() ? query.integer(0) : 0;
}

void Database::script(const std::string& sql) {
  if (failed()) return;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note_failure(sqlite3_extended_errcode(handle_));
}

void Database::note_failure(int code) {
  if (is_sync_error(code)) sync_failed_ = true;
  if (error_) return;
  const LedgerError::Kind kind = kind_of(code);
  const std::string detail =
      handle_ ? fmt::format("{} ({})", sqlite3_errmsg(handle_), code) : sqlite3_errstr(code);
  error_ = LedgerError{kind, fmt::format("{}: {}. {}", file_.string(), detail, remedy_for(kind))};
}

void Database::report_damage(std::string what) {
  if (!error_) error_ = damaged(file_, what);
}

std::optional<LedgerError> Database::take_error() { return std::exchange(error_, std::nullopt); }

// --- Transaction -----------------------------------------------------------------------------

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
  open_ = !database_.failed();
}

Transaction::~Transaction() {
  if (!open_) return;
  // Its own failure adds nothing: after an error SQLite may have rolled back already.
  sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

LedgerResult<void> Transaction::commit() {
  database_.run("COMMIT");
  if (auto error = database_.take_error()) return std::unexpected(*error);
  open_ = false;
  return {};
}

}  // namespace exporter::ledger

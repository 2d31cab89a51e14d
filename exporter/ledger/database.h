// A thin, typed cover of SQLite for the ledger. Errors are sticky: the first failure of a unit of
// work is kept, everything after it does nothing, and whoever began the unit asks once with
// take_error(). One thread at a time. Queries must end before their Database does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "exporter/ledger/ledger.h"

struct sqlite3;
struct sqlite3_stmt;

namespace exporter::ledger {

struct Blob {
  std::string_view bytes;
};
using Value = std::variant<std::int64_t, std::string_view, Blob>;

class Database;

// The rows of one statement, which is reset when the query is destroyed.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}
  Query(Query&& other) noexcept
      : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  bool next();  // false at the end and after a failure
  std::int64_t integer(int column) const;
  std::string_view bytes(int column) const;  // valid until next()

 private:
  Database* database_;
  sqlite3_stmt* statement_;
};

class Database {
 public:
  enum class Mode { create, write, read };
  static LedgerResult<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql` must be a literal: statements are kept by its address.
  Query query(const char* sql, std::initializer_list<Value> values = {});
  void run(const char* sql, std::initializer_list<Value> values = {});
  void script(const std::string& sql);  // several statements, without values
  std::int64_t number(const char* sql, std::initializer_list<Value> values = {});

  // The first failure since the last call, if any. Kind::io after an error of the disk,
  // Kind::disk_full, Kind::damaged when the file is not sound.
  std::optional<LedgerError> take_error();
  bool failed() const { return error_.has_value(); }
  // Damage that the caller found in what it read.
  void report_damage(std::string what);
  // A sync failed: what the kernel still holds in memory may never reach the disk, so nothing may
  // be acknowledged from this connection any more.
  bool sync_failed() const { return sync_failed_; }

  const std::filesystem::path& file() const { return file_; }
  sqlite3* handle() const { return handle_; }

 private:
  friend class Query;
  Database(std::filesystem::path file, sqlite3* handle) : file_(std::move(file)), handle_(handle) {}
  sqlite3_stmt* prepare(const char* sql);
  void note_failure(int code);

  std::filesystem::path file_;
  sqlite3* handle_;
  std::map<const char*, sqlite3_stmt*> statements_;
  std::optional<LedgerError> error_;
  bool sync_failed_ = false;
};

// Begins a transaction; rolls it back unless commit() succeeded. `begin` is BEGIN or BEGIN
// IMMEDIATE.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  LedgerResult<void> commit();

 private:
  Database& database_;
  bool open_ = false;
};

// "<what>. <remedy for this kind of trouble>"
LedgerError damaged(const std::filesystem::path& file, std::string_view what);

}  // namespace exporter::ledger

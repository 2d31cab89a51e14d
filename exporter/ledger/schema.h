// The tables of ledger.db and how an older file becomes a newer one: a list of steps, each applied
// in one transaction after the file was copied to ledger.db.v<old>.bak. A new file runs through the
// same steps from nothing, so that there is one description of the tables only.
#pragma once

#include <span>
#include <string>

#include "exporter/ledger/database.h"

namespace exporter::ledger {

inline constexpr std::int64_t kApplicationId = 0x534c414c;  // "SLAL", in the file's header

struct SchemaStep {
  int version;      // the file's version after it
  const char* sql;  // several statements
};

// The steps of this program, in order.
std::span<const SchemaStep> schema_steps();

// What the file's header says.
struct FileVersion {
  std::int64_t application = 0;
  int version = 0;
};
FileVersion file_version(Database& database);

// Refuses a file that is not a ledger or that a later program wrote.
LedgerResult<void> check_version(Database& database, std::span<const SchemaStep> steps);
// Applies the steps that are missing; for a file with content, after copying it. Nothing is changed
// when a step fails.
LedgerResult<void> migrate(Database& database, std::span<const SchemaStep> steps);

// Copies a database, also one in use, to a new file: complete and synced when it returns.
LedgerResult<void> copy_database(Database& from, const std::filesystem::path& to);

// Syncs a finished file and gives it its name, which nobody may have yet; the folder is synced too.
LedgerResult<void> publish_file(const std::filesystem::path& half,
                                const std::filesystem::path& name);

}  // namespace exporter::ledger

// The reports that are written when a month ends, when it closes, and when a correction revises
// it: one Markdown and one JSON file a statement in <storage.path>/reports, named
// AGREEMENT-YYYY-MM-provisional.md, -closed.md, -closed-r2.md. A file that stands is never written
// again; one that is missing, because the disk was full or the machine went down, is written later
// and says the same, because a report is a function of the ledger as it stood at the statement.
//
// Used on the accounting thread, which owns the ledger.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "exporter/ledger/ledger.h"
#include "exporter/report/render.h"

namespace exporter {

class ReportFiles {
 public:
  // Older ones that are missing were moved away by somebody, and stay away.
  static constexpr std::chrono::seconds kLooksBack = std::chrono::days(31);

  explicit ReportFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Writes the report of the oldest statement that has none, and returns its file; nullopt when
  // none is missing. The error is a sentence that names the file.
  std::expected<std::optional<std::filesystem::path>, std::string> write_next(
      Ledger& ledger, const ReportPlace& place, Seconds now);

 private:
  std::filesystem::path folder_;
};

}  // namespace exporter

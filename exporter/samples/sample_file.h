// Samples and the state of rules on disk: samples.db in the storage folder, one SQLite file. A save
// is one transaction, so what the rules remember, what they wrote and what is still to be delivered
// never disagree after a crash. It is no ledger: nothing in it decides a figure of the agreement,
// and when it is damaged it is set aside and begun anew.
//
// WAL with synchronous=NORMAL: what was saved survives kill -9; a power cut may cost the last
// moments. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/ledger/database.h"
#include "rules/series/store.h"

namespace exporter {

// Small texts that live beside the samples: the state of a group, a delivery that waits.
struct DocumentKey {
  std::string kind, key;
  auto operator<=>(const DocumentKey&) const = default;
};
// A change: the new text, or nothing to remove the document.
using DocumentChange = std::pair<DocumentKey, std::optional<std::string>>;

struct SampleSave {
  std::string log;  // of this tick; empty when nothing was appended
  std::vector<DocumentChange> documents;
  // A checkpoint replaces the log and the open blocks kept so far.
  bool checkpoint = false;
  std::vector<rules::series::Block> sealed, open;
};

class SampleFile {
 public:
  // Makes the file when there is none.
  static LedgerResult<std::unique_ptr<SampleFile>> open(const std::filesystem::path& folder);
  // Renames a damaged file, which nobody has open, to samples.db.damaged-<time>; says so.
  static std::string set_aside(const std::filesystem::path& folder);

  // Hands every block to `block`, oldest first, then the log of the time since in one piece.
  LedgerResult<std::string> read_samples(const std::function<void(std::string_view block)>& block);
  LedgerResult<std::map<DocumentKey, std::string>> read_documents();

  // All of it or nothing.
  LedgerResult<void> save(const SampleSave& save);
  // Forgets blocks whose time is over; `now` in milliseconds.
  LedgerResult<void> expire(std::int64_t now);

 private:
  explicit SampleFile(std::unique_ptr<ledger::Database> database)
      : database_(std::move(database)) {}
  LedgerResult<void> prepare();

  std::unique_ptr<ledger::Database> database_;
};

}  // namespace exporter

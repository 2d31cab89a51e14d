// The store of samples together with its file: what was there is loaded at the start, and each tick
// is saved as a whole, with the documents that belong to it. While the file cannot be written the
// store goes on in memory, and the first save that succeeds again is a checkpoint of everything.
//
// One thread, except snapshot() and stats().
#pragma once

#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/samples/sample_file.h"
#include "rules/series/store.h"

namespace exporter {

// How long samples of which series are kept.
std::vector<rules::series::Keep> kept_samples(const Retention& retention);

struct SampleStoreOptions {
  std::filesystem::path folder;  // empty: memory only
  rules::series::StoreOptions store;
  // A checkpoint bounds what a start has to replay.
  std::int64_t checkpoint_every = 30 * 60'000;  // milliseconds
  std::size_t checkpoint_log_bytes = std::size_t{16} << 20;
};

class SampleStore {
 public:
  explicit SampleStore(SampleStoreOptions options);

  // Opens the file, quickly; the error is a sentence with the remedy.
  std::expected<void, std::string> open();
  // Reads the file; takes its time. A file that is damaged is set aside, which `warnings` say. One
  // that could not be read is not written to either: the error says why, and all stays in memory.
  std::expected<void, std::string> load(std::vector<std::string>& warnings);
  // Of the file, as loaded; later changes come from the caller.
  const std::map<DocumentKey, std::string>& documents() const { return documents_; }

  // Where samples are appended.
  rules::series::Store& store() { return *store_; }
  // Everything appended becomes visible, then is saved with these documents.
  std::expected<void, std::string> finish_tick(std::int64_t at,
                                               std::vector<DocumentChange> documents);
  // A last save, complete, for a stop in order.
  std::expected<void, std::string> close(std::int64_t at);

  std::shared_ptr<const rules::Source> snapshot() const { return store_->snapshot(); }
  rules::series::StoreStats stats() const { return store_->stats(); }

 private:
  LedgerResult<void> read(std::vector<std::string>& warnings);
  std::expected<void, std::string> save(std::int64_t at, bool checkpoint);
  bool checkpoint_due(std::int64_t at) const;

  SampleStoreOptions options_;
  std::unique_ptr<rules::series::Store> store_;
  std::unique_ptr<SampleFile> file_;
  std::string aside_;  // what became of a damaged file, until it is told
  std::map<DocumentKey, std::string> documents_;
  std::map<DocumentKey, std::optional<std::string>> unsaved_documents_;
  std::vector<rules::series::Block> unsaved_sealed_;
  std::int64_t last_checkpoint_ = 0, last_retire_ = 0;
  std::size_t log_bytes_ = 0;  // since the checkpoint
  bool behind_ = false;        // a save failed: the log has a hole that only a checkpoint mends
};

}  // namespace exporter

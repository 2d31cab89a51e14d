// The Ledger on SQLite: holds the lock, the file and what is known of it, and hands each task to
// its part (commit.h, packing.h, reading.h, verifying.h). Used by one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "exporter/ledger/contents.h"
#include "exporter/ledger/lock_file.h"

namespace exporter::ledger {

class SqliteLedger final : public Ledger {
 public:
  static LedgerResult<std::unique_ptr<Ledger>> open(LedgerOptions options);
  ~SqliteLedger() override;

  LedgerResult<LedgerState> load() override;
  LedgerResult<void> commit(const Batch& batch, Seconds now) override;
  LedgerResult<bool> pack(Seconds now, std::chrono::milliseconds budget) override;
  LedgerResult<std::vector<VerdictRun>> verdicts(const std::string& service, Seconds from,
                                                 Seconds to) override;
  LedgerResult<std::vector<OutcomeRecord>> outcomes(const std::string& service,
                                                    const std::string& check, Seconds from,
                                                    Seconds to) override;
  LedgerResult<std::vector<std::pair<std::string, std::string>>> day_hashes(
      const std::string& service, Seconds from, Seconds to) override;
  LedgerResult<VerifyReport> verify(const std::function<void(std::string_view)>& progress) override;
  LedgerResult<void> backup(const std::filesystem::path& to) override;
  std::filesystem::path file() const override { return file_; }

 private:
  explicit SqliteLedger(LedgerOptions options)
      : options_(std::move(options)), file_(options_.folder / "ledger.db") {}

  LedgerResult<void> open_to_write();
  LedgerResult<void> open_to_read();
  LedgerResult<void> connect();  // to a file that exists, as its writer
  LedgerResult<void> compare_with_mark(const std::optional<CommitMark>& mark) const;
  // After a failed sync nothing may be acknowledged before the file was read and written anew.
  LedgerResult<void> make_ready();
  LedgerResult<void> reconnect();
  LedgerResult<void> writable() const;

  LedgerOptions options_;
  std::filesystem::path file_;
  std::optional<LockFile> lock_;
  std::unique_ptr<Database> database_;
  Contents contents_;
  std::optional<ChainEnd> acknowledged_;  // set while the connection is given up
};

// What can be known of the file before SQLite opens it: there, whole, a database, and ours.
LedgerResult<void> check_file(const std::filesystem::path& file);
// File systems that do not keep their promises about locks and syncs.
LedgerResult<void> check_folder(const std::filesystem::path& folder);
LedgerResult<void> create_file(const std::filesystem::path& file);

}  // namespace exporter::ledger

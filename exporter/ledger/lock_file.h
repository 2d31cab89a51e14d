// The lock file beside the ledger. It keeps a second writer out, says who holds it, and remembers
// which commit was the last: a ledger that has fewer commits than the lock file remembers has lost
// some (its WAL was deleted, an older copy was put in its place) and must not be used silently.
// The kernel releases the lock when the process dies, however it dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "exporter/ledger/ledger.h"

namespace exporter::ledger {

// The last commit that a writer saw succeed. Written without a sync: after a power cut it may be
// older than the ledger, never newer.
struct CommitMark {
  std::string ledger;  // the identity of the ledger, 32 hex digits; a backup has its own
  std::int64_t sequence = 0;
};

class LockFile {
 public:
  // Error: locked, with the other's process id.
  static LedgerResult<LockFile> take(const std::filesystem::path& folder);
  static std::optional<CommitMark> read_mark(const std::filesystem::path& folder);
  static std::filesystem::path path_in(const std::filesystem::path& folder) {
    return folder / "lock";
  }

  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();
  void write_mark(const CommitMark& mark);

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace exporter::ledger

// A disk that fails when told to, for SQLite: it stands between SQLite and the real files, makes
// the n-th write, sync or truncation fail (once or from then on), and can cut the power: then the
// process's last words no longer reach the disk, and what was never synced is forgotten, kept or
// torn, as a seed decides. While one lives it is SQLite's default; one at a time, one thread.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace exporter::fakes {

class FaultyVfs {
 public:
  enum class Operation { write, sync, truncate };
  enum class Fault { io_error, disk_full };

  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // The `nth` operation of this kind from now on fails (1: the next one); `sticky`: and all after.
  void fail(Operation operation, int nth, Fault fault, bool sticky);
  void heal();
  // Whether a fault was met since fail().
  bool met() const { return met_; }
  std::uint64_t count(Operation operation) const {
    return counts_[static_cast<std::size_t>(operation)];
  }

  // From now on nothing reaches the disk. Close what is open, then call restore_power().
  void cut_power() { dead_ = true; }
  // Puts the files as a disk may hold them after the cut: all that was synced, and of the rest
  // what chance left.
  void restore_power(std::mt19937& random);

  // For the callbacks. An error code of SQLite, or 0 to go on.
  struct Write {
    std::string path;
    std::int64_t offset = 0;
    std::string before, after;     // bytes at that place
    std::int64_t size_before = 0;  // of the file
  };
  int on(Operation operation);
  void remember(Write write) { unsynced_.push_back(std::move(write)); }
  void forget(const std::string& path);
  bool dead() const { return dead_; }
  sqlite3_vfs* real() const { return real_; }

 private:
  struct Plan {
    int countdown = 0;  // 0: none
    Fault fault = Fault::io_error;
    bool sticky = false;
  };
  sqlite3_vfs* real_;
  sqlite3_vfs* own_;
  Plan plans_[3];
  std::uint64_t counts_[3] = {};
  bool met_ = false;
  bool dead_ = false;
  std::vector<Write> unsynced_;
};

}  // namespace exporter::fakes

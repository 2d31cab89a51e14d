// A shim: every call goes on to SQLite's own VFS, except those that are to fail. The undo list of
// unsynced writes holds the bytes before and after each, so that any subset of them can be played.
#include "tests/fakes/faulty_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace exporter::fakes {
namespace {

struct File {
  sqlite3_file base;  // first, because SQLite sees only this
  FaultyVfs* owner;
  std::string* path;
  sqlite3_file* real;  // behind this struct, in the room SQLite gave us
};

File& self(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return self(file).real; }

int close_file(sqlite3_file* file) {
  const int code = real(file)->pMethods ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
  delete self(file).path;
  file->pMethods = nullptr;
  return code;
}

int read(sqlite3_file* file, void* data, int amount, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), data, amount, offset);
}

int write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  File& own = self(file);
  if (own.owner->dead()) return SQLITE_IOERR_WRITE;
  if (const int code = own.owner->on(FaultyVfs::Operation::write)) return code;
  FaultyVfs::Write write;
  write.path = *own.path;
  write.offset = offset;
  sqlite3_int64 size = 0;
  own.real->pMethods->xFileSize(own.real, &size);
  write.size_before = size;
  const auto kept = std::clamp<sqlite3_int64>(size - offset, 0, amount);
  write.before.resize(static_cast<std::size_t>(kept));
  if (kept > 0) {
    own.real->pMethods->xRead(own.real, write.before.data(), static_cast<int>(kept), offset);
  }
  write.after.assign(static_cast<const char*>(data), static_cast<std::size_t>(amount));
  own.owner->remember(std::move(write));
  return own.real->pMethods->xWrite(own.real, data, amount, offset);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  File& own = self(file);
  if (own.owner->dead()) return SQLITE_IOERR_TRUNCATE;
  if (const int code = own.owner->on(FaultyVfs::Operation::truncate)) return code;
  own.owner->forget(*own.path);  // a truncation counts as durable: rare, and done after a sync
  return own.real->pMethods->xTruncate(own.real, size);
}

int sync(sqlite3_file* file, int flags) {
  File& own = self(file);
  if (own.owner->dead()) return SQLITE_IOERR_FSYNC;
  if (const int code = own.owner->on(FaultyVfs::Operation::sync)) return code;
  own.owner->forget(*own.path);
  return own.real->pMethods->xSync(own.real, flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {
    2,         close_file, read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, nullptr,    nullptr};

FaultyVfs& owner_of(sqlite3_vfs* vfs) { return *static_cast<FaultyVfs*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  FaultyVfs& owner = owner_of(vfs);
  File& own = self(file);
  own.owner = &owner;
  own.path = new std::string(name ? name : "");
  own.real = reinterpret_cast<sqlite3_file*>(&own + 1);
  std::memset(own.real, 0, static_cast<std::size_t>(owner.real()->szOsFile));
  const int code = owner.real()->xOpen(owner.real(), name, own.real, flags, out);
  file->pMethods = code == SQLITE_OK ? &kMethods : nullptr;
  if (code != SQLITE_OK) delete own.path;
  return code;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  FaultyVfs& owner = owner_of(vfs);
  if (owner.dead()) return SQLITE_IOERR_DELETE;
  owner.forget(name);
  return owner.real()->xDelete(owner.real(), name, sync_folder);
}

// The rest knows nothing of files that are open; SQLite's own VFS answers for itself.
int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return owner_of(vfs).real()->xAccess(owner_of(vfs).real(), name, flags, out);
}
int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return owner_of(vfs).real()->xFullPathname(owner_of(vfs).real(), name, size, out);
}
int randomness(sqlite3_vfs* vfs, int size, char* out) {
  return owner_of(vfs).real()->xRandomness(owner_of(vfs).real(), size, out);
}
int pause(sqlite3_vfs* vfs, int microseconds) {
  return owner_of(vfs).real()->xSleep(owner_of(vfs).real(), microseconds);
}
int current_time(sqlite3_vfs* vfs, double* out) {
  return owner_of(vfs).real()->xCurrentTime(owner_of(vfs).real(), out);
}
int last_error(sqlite3_vfs* vfs, int size, char* out) {
  return owner_of(vfs).real()->xGetLastError(owner_of(vfs).real(), size, out);
}
int current_time64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  return owner_of(vfs).real()->xCurrentTimeInt64(owner_of(vfs).real(), out);
}

// What is on the disk of one write after the power went: nothing, all, or the first part of it.
void play(const FaultyVfs::Write& write, std::mt19937& random) {
  const unsigned chance = random() % 3;
  if (chance == 0) return;
  const std::size_t size = chance == 1 ? write.after.size() : random() % (write.after.size() + 1);
  const int fd = ::open(write.path.c_str(), O_WRONLY);
  if (fd < 0) return;
  const ssize_t written = ::pwrite(fd, write.after.data(), size, write.offset);
  (void)written;
  ::close(fd);
}

void undo(const FaultyVfs::Write& write) {
  const int fd = ::open(write.path.c_str(), O_WRONLY);
  if (fd < 0) return;
  ssize_t done = ::pwrite(fd, write.before.data(), write.before.size(), write.offset);
  done += ::ftruncate(fd, write.size_before);
  (void)done;
  ::close(fd);
}

}  // namespace

FaultyVfs::FaultyVfs() : real_(sqlite3_vfs_find(nullptr)), own_(new sqlite3_vfs{}) {
  own_->iVersion = 2;
  own_->szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  own_->mxPathname = real_->mxPathname;
  own_->zName = "faulty";
  own_->pAppData = this;
  own_->xOpen = open_file;
  own_->xDelete = delete_file;
  own_->xAccess = access;
  own_->xFullPathname = full_path;
  own_->xRandomness = randomness;
  own_->xSleep = pause;
  own_->xCurrentTime = current_time;
  own_->xGetLastError = last_error;
  own_->xCurrentTimeInt64 = current_time64;
  sqlite3_vfs_register(own_, 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(own_);
  sqlite3_vfs_register(real_, 1);
  delete own_;
}

void FaultyVfs::fail(Operation operation, int nth, Fault fault, bool sticky) {
  plans_[static_cast<std::size_t>(operation)] = {nth, fault, sticky};
  met_ = false;
}

void FaultyVfs::heal() {
  for (Plan& plan : plans_) plan = {};
}

int FaultyVfs::on(Operation operation) {
  ++counts_[static_cast<std::size_t>(operation)];
  Plan& plan = plans_[static_cast<std::size_t>(operation)];
  if (plan.countdown == 0 || --plan.countdown > 0) return 0;
  if (plan.sticky) plan.countdown = 1;
  met_ = true;
  if (plan.fault == Fault::disk_full) return SQLITE_FULL;
  switch (operation) {
    case Operation::write:
      return SQLITE_IOERR_WRITE;
    case Operation::sync:
      return SQLITE_IOERR_FSYNC;
    case Operation::truncate:
      return SQLITE_IOERR_TRUNCATE;
  }
  return SQLITE_IOERR;
}

void FaultyVfs::forget(const std::string& path) {
  std::erase_if(unsynced_, [&path](const Write& write) { return write.path == path; });
}

void FaultyVfs::restore_power(std::mt19937& random) {
  dead_ = false;
  for (auto write = unsynced_.rbegin(); write != unsynced_.rend(); ++write) undo(*write);
  for (const Write& write : unsynced_) play(write, random);
  unsynced_.clear();
}

}  // namespace exporter::fakes

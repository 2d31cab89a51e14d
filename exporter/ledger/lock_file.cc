// The file holds two lines of fixed width: "pid 0000012345" and "commit <ledger> <sequence>".
#include "exporter/ledger/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace exporter::ledger {
namespace {

constexpr std::size_t kIdentityDigits = 32, kSequenceDigits = 20, kPidDigits = 10;
constexpr std::string_view kPid = "pid ", kCommit = "commit ";
constexpr std::size_t kMarkOffset = 4 + kPidDigits + 1;  // behind the first line

std::string read_all(int fd) {
  std::array<char, 256> buffer{};
  const ssize_t size = pread(fd, buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

std::int64_t number_in(std::string_view text) {
  std::int64_t value = -1;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() ? value : -1;
}

LedgerError held_by_another(int fd, const std::filesystem::path& file) {
  const std::string text = read_all(fd);
  const std::int64_t pid =
      text.size() >= kMarkOffset ? number_in(std::string_view(text).substr(4, kPidDigits)) : -1;
  const std::string who = pid > 0 ? fmt::format("process {}", pid) : "another process";
  return {
      LedgerError::Kind::locked,
      fmt::format("{} is locked by {}: another exporter uses this folder. Stop it, or give this "
                  "one its own --storage.path",
                  file.string(), who)};
}

}  // namespace

LedgerResult<LockFile> LockFile::take(const std::filesystem::path& folder) {
  const std::filesystem::path file = path_in(folder);
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::io, fmt::format("{}: {}. The exporter must be able to write to its "
                                           "--storage.path",
                                           file.string(), std::strerror(errno))});
  }
  LockFile lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return std::unexpected(held_by_another(fd, file));
  const std::string line = fmt::format("{}{:010}\n", kPid, getpid());
  // Only a help for people: the lock itself does not depend on what the file says.
  if (pwrite(fd, line.data(), line.size(), 0) < 0) return lock;
  return lock;
}

std::optional<CommitMark> LockFile::read_mark(const std::filesystem::path& folder) {
  const int fd = ::open(path_in(folder).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const std::string text = read_all(fd);
  ::close(fd);
  constexpr std::size_t kSize =
      kMarkOffset + kCommit.size() + kIdentityDigits + 1 + kSequenceDigits + 1;
  if (text.size() < kSize || text.compare(kMarkOffset, kCommit.size(), kCommit) != 0) {
    return std::nullopt;
  }
  const std::string_view rest = std::string_view(text).substr(kMarkOffset + kCommit.size());
  CommitMark mark{std::string(rest.substr(0, kIdentityDigits)),
                  number_in(rest.substr(kIdentityDigits + 1, kSequenceDigits))};
  if (mark.sequence < 0) return std::nullopt;
  return mark;
}

LockFile::LockFile(LockFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

void LockFile::write_mark(const CommitMark& mark) {
  const std::string line = fmt::format("{}{} {:020}\n", kCommit, mark.ledger, mark.sequence);
  // A full disk may refuse the first one; an old mark only makes the check weaker.
  if (pwrite(fd_, line.data(), line.size(), kMarkOffset) < 0) return;
}

}  // namespace exporter::ledger

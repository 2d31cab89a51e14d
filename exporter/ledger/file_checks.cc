// Looks at a ledger's file and folder from outside, and makes a new file. A new one is made under
// another name and gets its own only when it is complete, so that a start that was cut short never
// leaves a half ledger behind.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "exporter/ledger/schema.h"
#include "exporter/ledger/sqlite_ledger.h"

namespace exporter::ledger {
namespace {

constexpr std::size_t kHeaderBytes = 100;

struct NetworkFileSystem {
  std::uint32_t magic;
  std::string_view name;
};
constexpr std::array kNetworkFileSystems = {
    NetworkFileSystem{0x6969, "NFS"},      NetworkFileSystem{0xff534d42, "CIFS"},
    NetworkFileSystem{0xfe534d42, "SMB2"}, NetworkFileSystem{0x517b, "SMB"},
    NetworkFileSystem{0x5346414f, "AFS"},
};

std::uint32_t big_endian(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::string read_header(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string header(kHeaderBytes, '\0');
  stream.read(header.data(), kHeaderBytes);
  header.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return header;
}

// The header says how many pages the file has. While a WAL lies beside it the header may be ahead
// of the file: a checkpoint was cut short, and SQLite finishes it.
LedgerResult<void> check_length(const std::filesystem::path& file, const std::string& header,
                                std::uintmax_t size) {
  std::error_code ignored;
  const std::filesystem::path wal = file.string() + "-wal";
  const bool has_wal =
      std::filesystem::exists(wal, ignored) && std::filesystem::file_size(wal, ignored) > 0;
  std::uint64_t page = big_endian(header, 16, 2);
  if (page == 1) page = 65536;
  const std::uint64_t pages = big_endian(header, 28, 4);
  if (has_wal || size >= page * pages) return {};
  return std::unexpected(
      damaged(file, fmt::format("it should have {} bytes and has {}", page * pages, size)));
}

}  // namespace

LedgerResult<void> check_file(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) {
    return std::unexpected(
        LedgerError{LedgerError::Kind::io, fmt::format("{}: {}", file.string(), error.message())});
  }
  if (size == 0) return std::unexpected(damaged(file, "it is empty"));
  const std::string header = read_header(file);
  if (header.empty()) {
    return std::unexpected(
        LedgerError{LedgerError::Kind::io,
                    fmt::format("{} cannot be read. Look at its permissions", file.string())});
  }
  const bool is_database = header.size() == kHeaderBytes &&
                           header.compare(0, 16, std::string("SQLite format 3\0", 16)) == 0;
  if (!is_database) return std::unexpected(damaged(file, "it does not begin as a ledger does"));
  return check_length(file, header, size);
}

LedgerResult<void> check_folder(const std::filesystem::path& folder) {
  struct statfs info{};
  if (::statfs(folder.c_str(), &info) != 0) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::io, fmt::format("{}: {}", folder.string(), std::strerror(errno))});
  }
  const auto magic = static_cast<std::uint32_t>(info.f_type);
  for (const NetworkFileSystem& each : kNetworkFileSystems) {
    if (each.magic != magic) continue;
    return std::unexpected(LedgerError{
        LedgerError::Kind::refused,
        fmt::format("{} lies on {}: locks and syncs cannot be relied upon there, and ledgers were "
                    "lost that way. Give a --storage.path on a local disk",
                    folder.string(), each.name)});
  }
  return {};
}

LedgerResult<void> create_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file.string() + "-wal", ignored)) {
    return std::unexpected(LedgerError{
        LedgerError::Kind::damaged,
        fmt::format("{} is gone but its {}-wal is still there. Put the file or the last backup in "
                    "its place; to begin anew, move {}-wal away",
                    file.string(), file.filename().string(), file.filename().string())});
  }
  const std::filesystem::path half = file.string() + ".new";
  std::filesystem::remove(half, ignored);
  std::filesystem::remove(half.string() + "-journal", ignored);
  {
    auto database = Database::open(half, Database::Mode::create);
    if (!database) return std::unexpected(database.error());
    // A packed day of a check is some two kilobytes; larger pages leave less room unused.
    (*database)->script("PRAGMA page_size=8192; PRAGMA synchronous=FULL");
    if (auto made = migrate(**database, schema_steps()); !made) return made;
    (*database)->run("INSERT INTO state VALUES('identity', lower(hex(randomblob(16))))");
    if (auto error = (*database)->take_error()) return std::unexpected(*error);
  }
  return publish_file(half, file);
}

}  // namespace exporter::ledger

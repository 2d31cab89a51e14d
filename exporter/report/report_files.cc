#include "exporter/report/report_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace exporter {
namespace {

namespace fs = std::filesystem;

std::string stem_of(const Statement& statement) {
  const std::string revision =
      statement.revision > 1 ? fmt::format("-r{}", statement.revision) : std::string();
  return fmt::format("{}-{:04}-{:02}-{}{}", statement.agreement, statement.year, statement.month,
                     statement.closed ? "closed" : "provisional", revision);
}

std::string trouble(const fs::path& file) {
  return fmt::format("{}: {}", file.string(), std::strerror(errno));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(fd) == 0;
}

// All of it or nothing: a reader, and a crash, meets the whole file or none.
std::expected<void, std::string> write_file(const fs::path& file, std::string_view text) {
  const fs::path draft = file.string() + ".new";
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return std::unexpected(trouble(draft));
  const bool written = write_all(fd, text);
  std::string error = written ? std::string() : trouble(draft);
  close(fd);
  if (written && rename(draft.c_str(), file.c_str()) == 0) return {};
  if (written) error = trouble(file);
  unlink(draft.c_str());
  return std::unexpected(error);
}

// The rename lasts only when the folder is on disk too.
std::expected<void, std::string> sync_folder(const fs::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(trouble(folder));
  const bool synced = fsync(fd) == 0;
  const std::string error = synced ? std::string() : trouble(folder);
  close(fd);
  if (!synced) return std::unexpected(error);
  return {};
}

}  // namespace

std::expected<std::optional<fs::path>, std::string> ReportFiles::write_next(
    Ledger& ledger, const ReportPlace& place, Seconds now) {
  const auto state = ledger.load();
  if (!state) return std::unexpected(state.error().message);
  std::error_code failed;
  if (fs::create_directories(folder_, failed)) fs::permissions(folder_, fs::perms(0750), failed);
  if (failed) return std::unexpected(folder_.string() + ": " + failed.message());
  for (const Statement& statement : state->statements) {
    const fs::path markdown = folder_ / (stem_of(statement) + ".md");
    const fs::path json = folder_ / (stem_of(statement) + ".json");
    if (now - statement.committed > kLooksBack) continue;
    if (fs::exists(markdown, failed) && fs::exists(json, failed)) continue;
    const auto month = std::chrono::year(statement.year) / std::chrono::month(statement.month);
    auto report = month_report(ledger, *state, statement.agreement, month, statement.committed);
    if (!report) return std::unexpected(report.error().message);
    if (!*report) continue;  // an agreement whose last service left
    // The JSON first: the Markdown beside it says that both are there.
    auto done = write_file(json, reports_json(std::span(&**report, 1), place));
    if (done) done = write_file(markdown, report_markdown(**report, place));
    if (done) done = sync_folder(folder_);
    if (!done) return std::unexpected(done.error());
    return markdown;
  }
  return std::nullopt;
}

}  // namespace exporter

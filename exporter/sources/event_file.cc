#include "exporter/sources/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "exporter/log.h"
#include "exporter/sources/json_answer.h"
#include "exporter/ticket/event_csv.h"
#include "exporter/ticket/foreign_event.h"

namespace exporter {
namespace {

using nlohmann::json;
using Reason = SourceError::Reason;

constexpr std::size_t kSampleBytes = 256;     // of the beginning, and of what precedes the offset
constexpr std::size_t kMaxNeighbours = 1000;  // files looked at for the one rotated away
constexpr std::size_t kMaxLogged = 10;        // bad lines of one piece

// FNV-1a: tells files apart that nobody forges.
std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 14'695'981'039'346'656'037u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  return hash;
}

struct Position {
  std::int64_t offset = 0, line = 0;                     // bytes and lines read
  std::uint64_t head = hash_of(""), tail = hash_of("");  // digests
  bool inside_long_line = false;

  std::string text() const {
    return json{{"offset", offset},
                {"line", line},
                {"head", head},
                {"tail", tail},
                {"long", inside_long_line}}
        .dump();
  }

  // Nothing for an empty cursor, and for one that is not ours.
  static std::optional<Position> parse(const std::string& cursor) {
    const json object = json::parse(cursor, nullptr, false);
    const auto unsigned_at = [&](const char* key) -> std::optional<std::uint64_t> {
      const json& member = member_of(object, key);
      return member.is_number_unsigned() ? std::optional(member.get<std::uint64_t>())
                                         : std::nullopt;
    };
    const auto head = unsigned_at("head"), tail = unsigned_at("tail");
    const auto offset = number_in(object, "offset"), line = number_in(object, "line");
    if (!head || !tail || !offset || !line || *offset < 0) return std::nullopt;
    const json& inside = member_of(object, "long");
    return Position{*offset, *line, *head, *tail, inside.is_boolean() && inside.get<bool>()};
  }
};

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    error_ = fd_ < 0 ? errno : 0;
    if (fd_ >= 0 && ::fstat(fd_, &status_) != 0) error_ = errno;
    if (error_ == 0 && !S_ISREG(status_.st_mode)) error_ = EINVAL;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  int error() const { return error_; }
  std::int64_t size() const { return status_.st_size; }
  Seconds modified() const { return Seconds(std::chrono::seconds(status_.st_mtim.tv_sec)); }

  // Shorter at the end of the file; nothing when the disk fails.
  std::optional<std::string> bytes(std::int64_t from, std::size_t at_most) const {
    std::string out(at_most, '\0');
    std::size_t filled = 0;
    while (filled < at_most) {
      const ssize_t got = ::pread(fd_, out.data() + filled, at_most - filled,
                                  from + static_cast<std::int64_t>(filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::nullopt;
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    out.resize(filled);
    return out;
  }

  // Digests of the beginning as far as it had been read, and of what precedes the offset.
  void sign(Position& position) const {
    const auto sample = std::min<std::int64_t>(position.offset, kSampleBytes);
    const auto length = static_cast<std::size_t>(sample);
    position.head = hash_of(bytes(0, length).value_or(""));
    position.tail = hash_of(bytes(position.offset - sample, length).value_or(""));
  }

  // Whether what was read until `position` still stands here as it stood.
  bool holds(const Position& position) const {
    if (error_ != 0 || size() < position.offset) return false;
    Position now = position;
    sign(now);
    return now.head == position.head && now.tail == position.tail;
  }

 private:
  int fd_;
  int error_ = 0;
  struct stat status_{};
};

// The file that was read before, or a copy, under the name that rotating gave it: events.jsonl.1
// and the like.
std::optional<std::filesystem::path> rotated(const std::filesystem::path& path,
                                             const Position& position) {
  std::error_code error;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::filesystem::directory_iterator entries(folder, error);
  const std::string name = path.filename().string();
  for (std::size_t i = 0; !error && i < kMaxNeighbours && entries != end(entries); ++i) {
    const std::filesystem::path neighbour = entries->path();
    entries.increment(error);
    if (neighbour == path || !neighbour.filename().string().starts_with(name)) continue;
    const OpenFile file(neighbour);
    if (file.holds(position)) return neighbour;
  }
  return std::nullopt;
}

// Turns lines of one piece of one file into events.
class LineReader {
 public:
  LineReader(const TicketSource& source, const std::filesystem::path& path, Position& position,
             SourceBatch& batch, Seconds now)
      : source_(source), path_(path), position_(position), batch_(batch), now_(now) {}

  // The header of a CSV file; the error says what is wrong with it. A file that does not name its
  // source gets a column more, here and in each line.
  std::expected<void, SourceError> read_header(const OpenFile& file) {
    if (source_.file.extension() != ".csv") return {};
    const std::string head = file.bytes(0, EventFile::kMaxLineBytes).value_or("");
    const auto end = head.find('\n');
    if (end == std::string::npos) return {};  // still being written
    const std::string_view line = cleaned(std::string_view(head).substr(0, end), true);
    const auto names = csv_values(line);
    adds_source_ = names && std::ranges::find(*names, "source") == names->end();
    auto csv = EventCsv::open(fmt::format("{}{}", line, adds_source_ ? ",source" : ""));
    if (!csv)
      return std::unexpected(SourceError{
          Reason::answer, fmt::format("{}:1: {}", path_.string(), csv.error()), std::nullopt});
    csv_ = *std::move(csv);
    return {};
  }

  // Takes all lines that are complete, and with `to_the_end` the last one as it is.
  void take(std::string_view bytes, bool to_the_end) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const bool whole = end != std::string_view::npos;
      if (!whole && !to_the_end && bytes.size() <= EventFile::kMaxLineBytes) break;
      const std::string_view line = bytes.substr(0, end);
      take_line(line, whole || to_the_end);
      const std::size_t taken = line.size() + (whole ? 1 : 0);
      position_.offset += static_cast<std::int64_t>(taken);
      bytes.remove_prefix(taken);
    }
    if (bad_ > kMaxLogged)
      log_warn("more lines of an event file cannot be read",
               {{"source", source_.name}, {"lines", std::to_string(bad_ - kMaxLogged)}});
  }

 private:
  static std::string_view cleaned(std::string_view line, bool first) {
    if (first && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  void take_line(std::string_view line, bool whole) {
    const bool rest = std::exchange(position_.inside_long_line, !whole);
    if (!rest) ++position_.line;
    if (rest) return;
    if (!whole || line.size() > EventFile::kMaxLineBytes)
      return refuse(fmt::format("the line is longer than {} bytes", EventFile::kMaxLineBytes));
    line = cleaned(line, position_.line == 1);
    const bool header = csv_ && position_.line == 1;
    if (line.empty() || header) return;
    take_event(line);
  }

  void take_event(std::string_view line) {
    auto event = csv_ ? judge_foreign_event(csv_->parse(record(line)), source_.name, now_)
                      : read_foreign_event(line, source_.name, now_);
    if (!event) return refuse(event.error().message);
    batch_.events.push_back(*std::move(event));
  }

  std::string record(std::string_view line) const {
    return fmt::format("{}{}", line, adds_source_ ? "," + source_.name : "");
  }

  void refuse(std::string_view why) {
    ++batch_.unmapped["bad_line"];
    if (++bad_ > kMaxLogged) return;
    log_warn("a line of an event file cannot be read and is passed over",
             {{"source", source_.name},
              {"line", fmt::format("{}:{}", path_.string(), position_.line)},
              {"err", std::string(why)}});
  }

  const TicketSource& source_;
  const std::filesystem::path& path_;
  Position& position_;
  SourceBatch& batch_;
  const Seconds now_;
  std::optional<EventCsv> csv_;
  bool adds_source_ = false;
  std::size_t bad_ = 0;
};

SourceError unreadable(const std::filesystem::path& path, int error) {
  return {Reason::local,
          fmt::format("{}: {}: see that the file is there and may be read by the exporter",
                      path.string(), std::strerror(error)),
          std::nullopt};
}

Seconds newest(const std::vector<TicketEvent>& events) {
  Seconds latest{};
  for (const TicketEvent& event : events) latest = std::max(latest, event.at);
  return latest;
}

}  // namespace

SourceResult EventFile::read_piece(const std::string& cursor, Seconds now) const {
  std::optional<Position> known = Position::parse(cursor);
  Position position = known.value_or(Position());
  std::filesystem::path path = source_.file;
  SourceBatch batch;
  batch.told_once = true;
  const OpenFile current(path);
  if (current.error() != 0) return std::unexpected(unreadable(path, current.error()));
  bool is_current = true;
  if (!current.holds(position)) {
    const auto old = rotated(path, position);
    is_current = !old;
    if (old) path = *old;
    if (!old) position = Position();
    if (!old) ++batch.unmapped["rewritten"];
    if (!old)
      log_warn(
          "an event file was cut or written anew and is read from its beginning; lines "
          "written just before may be lost",
          {{"source", source_.name}, {"file", path.string()}});
  }

  const OpenFile file(path);
  if (file.error() != 0) return std::unexpected(unreadable(path, file.error()));
  LineReader lines(source_, path, position, batch, now);
  if (auto header = lines.read_header(file); !header) return std::unexpected(header.error());
  const auto bytes = file.bytes(position.offset, kPieceBytes);
  if (!bytes) return std::unexpected(unreadable(path, EIO));
  const bool to_the_end =
      !is_current && position.offset + static_cast<std::int64_t>(bytes->size()) >= file.size();
  lines.take(*bytes, to_the_end);

  batch.more = !is_current || bytes->size() == kPieceBytes;
  file.sign(position);
  // What was rotated away is over; the file under the name is read next.
  batch.cursor = to_the_end ? std::string("{}") : position.text();
  // Who writes the file says by its time until when it is complete; a last line without its end is
  // something that happened and is not read.
  if (!batch.more && position.offset == file.size())
    batch.read_until = std::min(now, std::max(file.modified(), newest(batch.events)));
  return batch;
}

probes::Task<SourceResult> EventFile::read(std::string cursor, Seconds now) {
  SourceResult result = read_piece(cursor, now);
  co_return result;
}

probes::Task<std::expected<void, SourceError>> EventFile::leave_note(std::string, std::string) {
  std::expected<void, SourceError> result =
      std::unexpected(SourceError{Reason::local, "a file takes no notes", std::nullopt});
  co_return result;
}

}  // namespace exporter

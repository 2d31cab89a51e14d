// Lets the stories of tickets happen, in the order of time.
#include "exporter/demo/help_desk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

namespace exporter::demo {
namespace {

using std::chrono::seconds;

std::string instant_text(Instant at) {
  const std::time_t time = at.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[sizeof "2026-11-29T09:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string event_line(TicketKey key, std::size_t seq, Instant at, const ScriptStep& step) {
  nlohmann::ordered_json event = {{"source", kTicketSource},
                                  {"ticket", text_of(key)},
                                  {"seq", seq},
                                  {"at", instant_text(at)},
                                  {"type", step.type}};
  const std::pair<const char*, std::string_view> fields[] = {
      {"actor", step.actor},     {"level", step.level},       {"calendar", step.calendar},
      {"channel", step.channel}, {"language", step.language}, {"destination", step.destination},
      {"item", step.item}};
  for (const auto& [name, value] : fields) {
    if (!value.empty()) event[name] = value;
  }
  return event.dump() + "\n";
}

// How many events of each ticket the file has. Lines that are not ours are passed over.
std::map<TicketKey, std::size_t> read_written(const std::filesystem::path& file) {
  std::map<TicketKey, std::size_t> written;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("ticket") || !event["ticket"].is_string()) continue;
    const auto key = parse_ticket_key(event["ticket"].get<std::string>());
    if (key) ++written[*key];
  }
  return written;
}

std::unexpected<std::string> cannot(std::string_view what, const std::filesystem::path& path) {
  return std::unexpected(fmt::format("cannot {} {}: {}", what, path.string(), strerror(errno)));
}

// A last line whose end was lost with its writer would swallow the next one.
bool ends_amid_a_line(int fd, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

std::expected<std::unique_ptr<HelpDesk>, std::string> HelpDesk::open(
    const std::filesystem::path& file, Instant now) {
  std::error_code ignored;  // the file itself says why it cannot be
  std::filesystem::create_directories(std::filesystem::absolute(file).parent_path(), ignored);
  const int fd = ::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return cannot("write", file);
  std::unique_ptr<HelpDesk> desk(new HelpDesk(fd, now - kHistory));
  struct stat status{};
  if (::fstat(fd, &status) != 0) return cannot("look at", file);
  const bool is_new = status.st_size == 0;
  if (!is_new) desk->until_ = std::min(now, Instant(seconds(status.st_mtim.tv_sec)));
  if (ends_amid_a_line(fd, status.st_size)) desk->unwritten_ = "\n";
  desk->take_up(read_written(file));
  desk->write_until(now, Pace::history);
  if (!desk->unwritten_.empty()) return cannot("write", file);
  return desk;
}

HelpDesk::~HelpDesk() { ::close(fd_); }

void HelpDesk::advance(Instant now) {
  if (now > until_ && flush()) write_until(now, Pace::lively);
}

// Goes on with the tickets that the file leaves open.
void HelpDesk::take_up(const std::map<TicketKey, std::size_t>& written) {
  for (const TicketSeries& series : kTicketSeries) {
    next_[series.letter] = until_.time_since_epoch() / series.every;
  }
  for (const auto& [key, count] : written) {
    std::int64_t& next = next_[key.letter];
    next = std::max(next, key.number + 1);
    std::vector<ScriptStep> steps = script_of(key);
    if (count < steps.size())
      open_.push_back({.key = key, .steps = std::move(steps), .next = count});
  }
}

void HelpDesk::take_new(Instant now, Pace pace) {
  for (const TicketSeries& series : kTicketSeries) {
    std::int64_t& number = next_[series.letter];
    for (; Instant(series.every * number) <= now; ++number) {
      if (pace == Pace::history && number % series.one_in_history != 0) continue;
      const TicketKey key{series.letter, number};
      std::vector<ScriptStep> steps = script_of(key);
      // Of the moment at which the desk was opened; it did not come then.
      if (steps.front().at <= until_) continue;
      open_.push_back({.key = key, .steps = std::move(steps)});
    }
  }
}

void HelpDesk::play(OpenTicket& ticket, Instant now, Lines& lines) const {
  for (; ticket.next < ticket.steps.size(); ++ticket.next) {
    const ScriptStep& step = ticket.steps[ticket.next];
    if (step.by_people && !answers_) return;
    // What was left undone is done now, and all that follows is late by as much.
    const Instant earliest = until_ + seconds(1);
    ticket.late = std::max(ticket.late, earliest - step.at);
    const Instant at = step.at + ticket.late;
    if (at > now) return;
    lines.emplace(at, event_line(ticket.key, ticket.next + 1, at, step));
  }
}

void HelpDesk::write_until(Instant now, Pace pace) {
  take_new(now, pace);
  Lines lines;
  for (OpenTicket& ticket : open_) play(ticket, now, lines);
  std::erase_if(open_, [](const OpenTicket& each) { return each.next == each.steps.size(); });
  for (const auto& [at, line] : lines) unwritten_ += line;
  until_ = now;
  flush();
}

// Whether nothing is left to be written. The file's time says until when it is complete.
bool HelpDesk::flush() {
  while (!unwritten_.empty()) {
    const ssize_t written = ::write(fd_, unwritten_.data(), unwritten_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    unwritten_.erase(0, static_cast<std::size_t>(written));
  }
  const std::timespec until{.tv_sec = until_.time_since_epoch().count(), .tv_nsec = 0};
  const std::timespec times[] = {until, until};
  return ::futimens(fd_, times) == 0;
}

}  // namespace exporter::demo

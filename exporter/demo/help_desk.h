// The help desk of the demo company: writes what happens to its tickets into a file of events, a
// JSON object a line, which an exporter follows (docs/sources.md, "Files"). A file, because it
// needs to know nothing of the exporter, and outlives both.
//
// A new file begins with some weeks of history, so that there is a month to look at. One that is
// there is gone on with; what would have happened since is written at once, at the quiet pace of
// history. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/demo/ticket_script.h"

namespace exporter::demo {

// What a configuration has to call the source, as each event does.
inline constexpr std::string_view kTicketSource = "help_desk";

class HelpDesk {
 public:
  // The whole month before is in it, and the stories that had begun by then.
  static constexpr std::chrono::hours kHistory = std::chrono::hours(62 * 24) + kLongestStory;

  // Makes the folder if it is missing. The error names the file and the reason.
  static std::expected<std::unique_ptr<HelpDesk>, std::string> open(
      const std::filesystem::path& file, Instant now);
  ~HelpDesk();
  HelpDesk(const HelpDesk&) = delete;
  HelpDesk& operator=(const HelpDesk&) = delete;

  // Writes what has happened until `now`, and stamps the file with it. While the disk takes nothing
  // time stands still here; nothing is lost.
  void advance(Instant now);

  // Customers go on writing while nobody answers; afterwards all is done that was left undone.
  bool answers() const { return answers_; }
  void set_answers(bool answers) { answers_ = answers; }

 private:
  enum class Pace { history, lively };
  struct OpenTicket {
    TicketKey key;
    std::vector<ScriptStep> steps;
    std::size_t next = 0;
    std::chrono::seconds late{};  // behind its script, because nobody answered
  };
  using Lines = std::multimap<Instant, std::string>;

  HelpDesk(int fd, Instant until) : fd_(fd), until_(until) {}
  void take_up(const std::map<TicketKey, std::size_t>& written);
  void take_new(Instant now, Pace pace);
  void play(OpenTicket& ticket, Instant now, Lines& lines) const;
  void write_until(Instant now, Pace pace);
  bool flush();

  int fd_;
  Instant until_;  // all that happened until then is written
  bool answers_ = true;
  std::vector<OpenTicket> open_;
  std::map<char, std::int64_t> next_;  // number of each series that was not looked at yet
  std::string unwritten_;
};

}  // namespace exporter::demo

// The events of an iCalendar file, by UID, as libical has parsed them: what maintenance windows and
// holidays have in common before it matters what an event means. While it lives it holds the lock
// of libical, so it belongs on the stack of one reading.
#pragma once

#include <libical/ical.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace exporter {

struct IcalEvent {
  icalcomponent* component = nullptr;
  std::string uid;
  std::size_t line = 0;  // of its BEGIN:VEVENT
  bool cancelled = false;
};

class IcalEvents {
 public:
  struct Bounds {
    std::size_t bytes = 0, events = 0;
    std::string_view remedy;  // for a file that is too large
  };
  // Which occurrence a RECURRENCE-ID means, as a number of the caller's own.
  using Original = std::function<std::expected<std::int64_t, std::string>(
      const IcalEvent&, icalproperty* recurrence_id)>;

  // `file` is its name, for messages; the error says where and what to do.
  static std::expected<IcalEvents, std::string> parse(std::string_view text, std::string file,
                                                      const Bounds& bounds);
  // Once: fills what follows. Of several versions of an event the one with the highest SEQUENCE
  // counts.
  std::expected<void, std::string> collect(const Original& original);

  const std::map<std::string, IcalEvent>& masters() const { return masters_; }  // by UID
  // By UID and what `original` said; those of cancelled events are among them.
  const std::map<std::string, std::map<std::int64_t, IcalEvent>>& replacements() const {
    return replacements_;
  }
  // Whether another event takes the place of this occurrence. One that does so itself, be it at the
  // same instant, is replaced by nobody.
  bool is_replaced(const IcalEvent& event, std::int64_t original) const;
  // The event of this UID exists and is cancelled.
  bool is_cancelled(const std::string& uid) const;

  // "file:line: event UID: what"
  std::unexpected<std::string> fail(const IcalEvent& event, std::string_view what) const;

 private:
  using Component = std::unique_ptr<icalcomponent, decltype(&icalcomponent_free)>;
  IcalEvents(std::unique_lock<std::mutex> alone, Component root, std::string file)
      : alone_(std::move(alone)), root_(std::move(root)), file_(std::move(file)) {}
  std::expected<void, std::string> collect(icalcomponent* component, int depth,
                                           const Original& original);
  std::expected<void, std::string> take(icalcomponent* component, const Original& original);

  std::unique_lock<std::mutex> alone_;
  Component root_;
  std::string file_;
  std::size_t most_ = 0, seen_ = 0;
  std::vector<std::size_t> lines_;  // of each BEGIN:VEVENT
  std::map<std::string, IcalEvent> masters_;
  std::map<std::string, std::map<std::int64_t, IcalEvent>> replacements_;
};

// Empty for nullptr, which libical gives for what is not there.
std::string_view text_or_empty(const char* text);

}  // namespace exporter

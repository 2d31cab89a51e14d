// How far Zammad was read. Tickets are asked for in the order of their last change, and a ticket
// that changes meanwhile moves to the end of the list: pages would slide past one another and lose
// tickets between them. So instead of the next page the first page of what changed since the last
// row is asked for. Only when more tickets than a page holds changed within a second, pages are
// counted, and the window is gone through again until nothing new shows up.
//
// At the end a reading goes back by an overlap: a change is dated before others can see it, and
// servers' clocks differ. What was read already is known by its time of change. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exporter/sources/zammad_answers.h"

namespace exporter {

class ZammadCursor {
 public:
  static constexpr std::chrono::minutes kOverlap{5};
  static constexpr std::size_t kMaxKnown = 5000;  // beyond that tickets are read again, harmlessly

  // Of what an earlier reading ended with; a text that is none of ours begins at `since`.
  static ZammadCursor parse(const std::string& text, Seconds since);
  std::string text() const;

  // What to ask for: the tickets that changed after this instant, and which page of them.
  Seconds after() const { return after_; }
  int page() const { return page_; }

  bool knows(const ZammadTicket& ticket) const;
  void note(const ZammadTicket& ticket);
  // All of a page is read. True when that was the last one.
  bool finish_page(const std::vector<ZammadTicket>& rows, std::size_t page_rows, Seconds now);

 private:
  struct Known {
    Seconds updated;
    std::string text;
  };
  void move_to(Seconds after);

  Seconds after_;
  int page_ = 1;
  bool found_ = false;  // this window has shown something new
  Seconds newest_;      // change of a ticket
  std::map<std::int64_t, Known> known_;
};

}  // namespace exporter

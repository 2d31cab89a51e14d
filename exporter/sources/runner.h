// Reads the help desks: one root task a source that is pulled. It reads a batch, hands it to the
// desk, and goes on only when that is committed, from the cursor that was committed with it. After
// a failure it waits longer each time, up to kLongestBackoff, and as long as the help desk asks;
// no nudge makes that shorter.
// Beside that it wakes the desk once a second.
//
// Loop thread only, but for nudge(). The tasks hold what they use, so that nothing is gone before
// their frames; the desk and its executor outlive the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/executor.h"
#include "exporter/sources/desk.h"
#include "exporter/sources/source.h"
#include "probes/async/loop.h"

namespace exporter {

struct SourceRunnerParts {
  probes::Loop& loop;
  Desk& desk;
  Executor& executor;  // the desk's
  // Null for a source that nobody pulls from. With the levels of the agreement, lowest first.
  std::function<std::unique_ptr<TicketReader>(const TicketSource&, const std::vector<LevelTerms>&)>
      make_reader;
  std::function<double()> random;  // in [0, 1), so that exporters do not retry in step
};

class SourceRunner {
 public:
  static constexpr std::chrono::seconds kFirstBackoff{5}, kLongestBackoff{300};
  // A help desk that asks for more is asked again all the same.
  static constexpr std::chrono::seconds kLongestRetryAfter{3600};
  static constexpr std::chrono::seconds kTick{1};

  explicit SourceRunner(SourceRunnerParts parts);
  ~SourceRunner();

  // Begins to read, or takes a new configuration: only sources that changed begin anew, or all when
  // the levels did. The desk knows it already. Returns how many began.
  std::size_t apply(const Support& support);
  // Wakes the desk once a second from now on.
  void start();
  // Ends all reading, for good; what was handed over is still committed.
  void stop();
  // Reads a source at once, such as when its webhook says that something happened. Any thread.
  void nudge(const std::string& source);
  // Leaves a note on a ticket; false when its source is not pulled. Bounded by the reader. `done`
  // hears whether it is there, unless reading ended or began anew before.
  using NoteLeft = std::function<void(bool left)>;
  bool leave_note(const std::string& source, std::string ticket, std::string text,
                  NoteLeft done = {});

 private:
  class Puller;
  void tick();

  SourceRunnerParts parts_;
  std::map<std::string, std::shared_ptr<Puller>> pullers_;
  std::vector<LevelTerms> levels_;
  probes::TimerId timer_ = 0;
  // Shared with what comes back from the executor when this may be gone.
  std::shared_ptr<bool> tick_under_way_ = std::make_shared<bool>(false);
  bool stopped_ = false;
};

}  // namespace exporter

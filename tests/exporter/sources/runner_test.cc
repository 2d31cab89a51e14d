// The runner on virtual time, with a help desk that says what the test wrote down: it goes on from
// what was committed, waits longer after each failure, and reads at once when it is told to.
#include "exporter/sources/runner.h"

#include <gmock/gmock.h>

#include <deque>

#include "tests/exporter/sources/some_tickets.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/faulty_vfs.h"

namespace exporter::desk_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Type = TicketEventType;

// What a help desk is asked, and when.
struct Record {
  std::vector<std::string> cursors;
  std::vector<probes::TimePoint> times;
  std::vector<std::string> notes;
  std::deque<SourceResult> answers;  // then empty batches
  int readers = 0;
};

class ScriptedReader : public TicketReader {
 public:
  ScriptedReader(probes::Loop& loop, Record& record) : loop_(loop), record_(record) {
    ++record_.readers;
  }
  probes::Task<SourceResult> read(std::string cursor, Seconds) override {
    record_.cursors.push_back(std::move(cursor));
    record_.times.push_back(loop_.now());
    const probes::TimePoint later = loop_.now() + 100ms;
    co_await probes::sleep_until(loop_, later);
    SourceResult answer = SourceBatch{};
    if (!record_.answers.empty()) {
      answer = std::move(record_.answers.front());
      record_.answers.pop_front();
    }
    co_return answer;
  }
  probes::Task<std::expected<void, SourceError>> leave_note(std::string ticket,
                                                            std::string text) override {
    record_.notes.push_back(ticket + ": " + text);
    co_return std::expected<void, SourceError>{};
  }

 private:
  probes::Loop& loop_;
  Record& record_;
};

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    loop_.step_wall(kMorning - loop_.wall_now());
    config_.support.sources[0].every = 60s;
    local_ = std::make_unique<LocalDesk>(folder_, config_, kMorning);
    runner_ = make_runner();
  }
  std::unique_ptr<SourceRunner> make_runner() {
    return std::make_unique<SourceRunner>(SourceRunnerParts{
        .loop = loop_,
        .desk = local_->desk,
        .executor = local_->executor,
        .make_reader = [this](const TicketSource& source,
                              const std::vector<LevelTerms>&) -> std::unique_ptr<TicketReader> {
          if (source.type == TicketSource::Type::webhook) return nullptr;
          return std::make_unique<ScriptedReader>(loop_, record_);
        },
        .random = [] { return 1.0; }});
  }
  std::vector<std::int64_t> seconds_between() const {
    std::vector<std::int64_t> gaps;
    for (std::size_t each = 1; each < record_.times.size(); ++each) {
      gaps.push_back(
          std::chrono::round<std::chrono::seconds>(record_.times[each] - record_.times[each - 1])
              .count());
    }
    return gaps;
  }
  SourceResult said(std::string ticket, std::string cursor, bool more = false) {
    SourceBatch next = batch({event(std::move(ticket), 1, "2026-11-23T07:00:00Z", Type::opened)},
                             "2026-11-23T07:00:01Z", std::move(cursor));
    next.more = more;
    return next;
  }
  static SourceResult trouble(SourceError::Reason reason,
                              std::optional<std::chrono::seconds> retry_after = {}) {
    return std::unexpected(SourceError{reason, "it does not answer; look at it", retry_after});
  }

  ::fakes::FakeLoop loop_;
  Folder folder_;
  Config config_ = office();
  Record record_;
  std::unique_ptr<LocalDesk> local_;
  std::unique_ptr<SourceRunner> runner_;
};

TEST_F(RunnerTest, ReadsOnFromTheCursorThatWasCommitted) {
  record_.answers = {said("1", "c1", true), said("2", "c2"), said("3", "")};
  EXPECT_EQ(runner_->apply(config_.support), 1u);
  loop_.run_for(130s);
  EXPECT_THAT(record_.cursors, ElementsAre("", "c1", "c2", "c2"));
  EXPECT_THAT(seconds_between(), ElementsAre(0, 60, 60));
  EXPECT_EQ(local_->view().tickets, 3u);
  EXPECT_TRUE(local_->view().sources.at(0).up);
  // Another one goes on there.
  runner_->stop();
  runner_ = make_runner();
  runner_->apply(config_.support);
  loop_.run_for(1s);
  EXPECT_EQ(record_.cursors.back(), "c2");
}

TEST_F(RunnerTest, WaitsLongerAfterEachFailureAndNotForEver) {
  for (int each = 0; each < 9; ++each) {
    record_.answers.push_back(trouble(SourceError::Reason::connect));
  }
  record_.answers.push_back(said("1", "c1"));
  record_.answers.push_back(SourceBatch{});
  record_.answers.push_back(trouble(SourceError::Reason::connect));
  runner_->apply(config_.support);
  loop_.run_for(1500s);
  EXPECT_THAT(std::vector(seconds_between()),
              testing::ElementsAre(5, 10, 20, 40, 80, 160, 300, 300, 300, 60, 60, 5, 60, 60));
  EXPECT_EQ(local_->view().sources.at(0).errors.at("connect"), 10u);
}

TEST_F(RunnerTest, HonoursWhatTheHelpDeskAsksForUpToAnHour) {
  record_.answers = {trouble(SourceError::Reason::rate_limited, 77s),
                     trouble(SourceError::Reason::rate_limited, 100'000s)};
  runner_->apply(config_.support);
  loop_.run_for(3700s);
  EXPECT_THAT(seconds_between(), ElementsAre(77, 3600));
}

TEST_F(RunnerTest, KeepsFiguresAndGoesDownWhileASourceFails) {
  record_.answers = {said("1", "c1"), trouble(SourceError::Reason::auth)};
  runner_->apply(config_.support);
  runner_->start();
  loop_.run_for(62s);
  const SourceView& source = local_->view().sources.at(0);
  EXPECT_FALSE(source.up);
  EXPECT_EQ(source.errors.at("auth"), 1u);
  EXPECT_EQ(source.last_success, kMorning);
  EXPECT_EQ(local_->view().tickets, 1u);
}

TEST_F(RunnerTest, ReadsABatchAgainThatCouldNotBeCommitted) {
  fakes::FaultyVfs disk;
  local_ = std::make_unique<LocalDesk>(folder_, config_, kMorning);
  runner_ = make_runner();
  record_.answers = {said("1", "c1"), said("1", "c1")};
  disk.fail(fakes::FaultyVfs::Operation::write, 1, fakes::FaultyVfs::Fault::disk_full, true);
  runner_->apply(config_.support);
  loop_.run_for(2s);
  EXPECT_EQ(local_->view().tickets, 0u);
  disk.heal();
  loop_.run_for(5s);
  EXPECT_THAT(record_.cursors, ElementsAre("", ""));
  EXPECT_EQ(local_->view().tickets, 1u);
  // The file is closed before the disk goes.
  runner_.reset();
  local_.reset();
}

TEST_F(RunnerTest, ReadsAtOnceWhenNudgedAlsoInTheMiddleOfAReading) {
  runner_->apply(config_.support);
  loop_.run_for(10s);
  ASSERT_THAT(record_.times, SizeIs(1));
  runner_->nudge("rt");
  runner_->nudge("nobody");
  loop_.run_for(50ms);
  ASSERT_THAT(record_.times, SizeIs(2));
  runner_->nudge("rt");
  loop_.run_for(1s);
  EXPECT_THAT(record_.times, SizeIs(3));
  loop_.run_for(10s);
  EXPECT_THAT(record_.times, SizeIs(3));
}

TEST_F(RunnerTest, ANudgeDoesNotShortenTheWaitThatAHelpDeskAskedFor) {
  record_.answers = {trouble(SourceError::Reason::rate_limited, 77s)};
  runner_->apply(config_.support);
  for (int each = 0; each < 5; ++each) {
    loop_.run_for(10s);
    runner_->nudge("rt");
  }
  EXPECT_THAT(record_.times, SizeIs(1));
  loop_.run_for(30s);
  EXPECT_THAT(seconds_between(), ElementsAre(77));
}

TEST_F(RunnerTest, RebuildsOnlySourcesThatChanged) {
  Support support = config_.support;
  auto& sources = support.sources;
  sources.push_back(sources[0]);
  sources[1].name = "other";
  EXPECT_EQ(runner_->apply(support), 2u);
  loop_.run_for(1s);
  EXPECT_EQ(runner_->apply(support), 0u);
  sources[1].every = 120s;
  EXPECT_EQ(runner_->apply(support), 1u);
  EXPECT_EQ(record_.readers, 3);
  support.terms.levels[0].name = "front";
  EXPECT_EQ(runner_->apply(support), 2u) << "what is up and down is another matter now";
  sources[0].type = TicketSource::Type::webhook;
  EXPECT_EQ(runner_->apply(support), 0u);
  const std::size_t before = record_.times.size();
  loop_.run_for(119s);
  EXPECT_EQ(record_.times.size(), before + 1) << "one source is left";
}

TEST_F(RunnerTest, AConfigurationThatComesAfterTheEndBeginsNothing) {
  runner_->apply(config_.support);
  runner_->stop();
  Support support = config_.support;
  support.sources[0].every = 120s;
  EXPECT_EQ(runner_->apply(support), 0u);
  loop_.run_for(300s);
  EXPECT_THAT(record_.times, IsEmpty());
  EXPECT_EQ(record_.readers, 1);
}

TEST_F(RunnerTest, StopsInTheMiddleOfAReading) {
  record_.answers = {said("1", "c1")};
  runner_->apply(config_.support);
  runner_->start();
  loop_.run_for(50ms);
  runner_->stop();
  loop_.run_for(600s);
  EXPECT_THAT(record_.times, SizeIs(1));
  EXPECT_EQ(loop_.roots(), 0u);
  EXPECT_EQ(loop_.timers(), 0u);
  EXPECT_EQ(local_->view().tickets, 0u);
}

TEST_F(RunnerTest, WakesTheDeskOnceASecond) {
  record_.answers = {said("1", "c1")};
  runner_->apply(config_.support);
  runner_->start();
  loop_.run_for(4h);
  EXPECT_EQ(level(local_->view(), "first").breached, 0u);
  loop_.run_for(2s);
  EXPECT_EQ(level(local_->view(), "first").breached, 1u);
}

TEST_F(RunnerTest, LeavesNotesWhereASourceIsPulled) {
  runner_->apply(config_.support);
  EXPECT_TRUE(runner_->leave_note("rt", "1", "due at noon"));
  EXPECT_FALSE(runner_->leave_note("nobody", "1", "due at noon"));
  loop_.run_for(1s);
  EXPECT_THAT(record_.notes, ElementsAre("1: due at noon"));
}

}  // namespace
}  // namespace exporter::desk_test

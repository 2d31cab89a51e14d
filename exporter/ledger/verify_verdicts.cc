// Judges every slot again, by the same pure functions that judged it first, from the outcomes and
// plans in the ledger alone. A slot that nobody could observe was judged by what the process knew
// of itself (it slept, its clock jumped); that is not in the outcomes and is taken as it stands.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "exporter/ledger/reading.h"
#include "exporter/ledger/verifying.h"
#include "exporter/sla/timeline.h"
#include "exporter/sla/verdict.h"

namespace exporter::ledger {
namespace {

constexpr std::size_t kMaxProblemsPerService = 20;

Seconds time(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

// The segments by which slots under this name in the ledger were judged.
std::vector<PlanSegment> segments_of(const Register& registry, const std::string& service) {
  PlanBook book;
  for (const PlanRecord& plan : registry.plans) book.add(plan);
  std::vector<PlanSegment> segments;
  for (const auto& [name, timeline] : book.timelines()) {
    for (const PlanSegment& segment : timeline.segments()) {
      if (segment.service == service) segments.push_back(segment);
    }
  }
  return segments;
}

bool was_unobserved(const Run& run) {
  return run.verdict == Verdict::unknown &&
         (run.cause == Cause::not_running || run.cause == Cause::suspended ||
          run.cause == Cause::clock_step || run.cause == Cause::overload);
}

class Judge {
 public:
  Judge(const std::string& service, std::vector<PlanSegment> segments, VerifyReport& report)
      : service_(service), segments_(std::move(segments)), report_(report) {}

  // `records` are those of the day, by slot.
  void judge(const Run& run, const std::vector<OutcomeRecord>& records) {
    for (std::int64_t slot = run.start; slot < run.end(); slot += run.every) {
      judge_one(run, slot, records);
    }
  }

 private:
  void judge_one(const Run& run, std::int64_t slot, const std::vector<OutcomeRecord>& records) {
    const auto plan = std::ranges::find_if(segments_, [slot](const PlanSegment& segment) {
      return segment.from <= time(slot) && time(slot) < segment.to;
    });
    if (plan == segments_.end()) return problem(slot, "no plan says how");
    const auto same = std::ranges::equal_range(records, time(slot), {}, &OutcomeRecord::slot);
    std::vector<const OutcomeRecord*> attempts;
    for (const OutcomeRecord& record : same) attempts.push_back(&record);
    const Judgement judged =
        judge_slot(attempts, plan->terms, plan->counting_checks, Cause::overload);
    if (judged.verdict == run.verdict && judged.rescued == run.rescued) return;
    problem(slot, fmt::format("its outcomes say {}", name_of(judged.verdict)));
  }

  void problem(std::int64_t slot, std::string_view what) {
    if (++found_ > kMaxProblemsPerService) return;
    report_.problems.push_back(
        fmt::format("the verdict of {} at {:%Y-%m-%dT%H:%M:%SZ}: {}", service_, time(slot), what));
  }

  const std::string& service_;
  std::vector<PlanSegment> segments_;
  VerifyReport& report_;
  std::size_t found_ = 0;
};

}  // namespace

void verify_verdicts(Database& database, Contents& contents, const ServiceState& service,
                     const std::vector<Run>& runs, std::int64_t dropped_day, VerifyReport& report) {
  std::vector<PlanSegment> segments = segments_of(contents.registry, service.name);
  if (segments.empty()) return;  // nothing was ever judged by a plan
  Judge judge(service.name, std::move(segments), report);
  std::int64_t day = kNoDay;
  std::vector<OutcomeRecord> records;
  for (Run rest : runs) {
    if (was_unobserved(rest)) continue;
    // A run may go over midnight; outcomes are read day by day.
    for (bool more = true; more;) {
      const std::int64_t today = day_of(rest.start), end = (today + 1) * kDaySeconds;
      if (today != day) {
        auto read = read_outcomes(database, contents, {service.name, ""},
                                  {time(today * kDaySeconds), time(end)});
        if (!read) return;  // the chain of outcomes has told already
        records = *std::move(read);
        day = today;
      }
      const Run part = *clip_back(rest, end);
      if (today > dropped_day) judge.judge(part, records);
      const auto after = clip_front(rest, part.end());
      more = after.has_value();
      if (more) rest = *after;
    }
  }
}

}  // namespace exporter::ledger

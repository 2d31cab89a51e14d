// The book as it is kept in memory. Everything here can be had again from the ledger: the counts
// are folded at the start and then added to slot by slot after each commit, and tests compare them
// with a fold of the whole ledger.
//
// How a step goes: receive() takes what arrived; prepare() judges the slots that ended and writes
// one batch; the batch is committed; apply() adds it to the counts; publish() renders what changed
// into a new snapshot. A failed commit changes nothing but the bounded list of what arrived.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/sla/book.h"
#include "exporter/sla/entries.h"
#include "exporter/sla/plan_changes.h"
#include "exporter/sla/verdict.h"

namespace exporter {

// What is kept of outcomes that could not be committed yet; beyond it the oldest are dropped and
// their slots become unknown (overload).
inline constexpr std::size_t kMaxPendingOutcomes = 262'144;
// Longer gaps are filled only after a person accepted them (rule 3).
inline constexpr std::chrono::seconds kLongestGap = std::chrono::days(31);

struct Account;

struct CheckState {
  std::string name;
  CheckTotals totals;
  std::optional<Seconds> last_run;
  std::shared_ptr<const probes::Outcome> outcome;  // last confirmed
  std::shared_ptr<const CheckView> view;           // null when it has to be rendered again
};

struct ServiceState {
  std::string name;
  const PlanTimeline* plan = nullptr;  // in Entries; looked up again after each change
  Seconds unjudged{};                  // every slot before it has its verdict
  Seconds due = kForever;              // end of the next slot to judge
  std::vector<OutcomeRecord> open;     // committed attempts of slots without verdict
  std::uint64_t rescued = 0;
  std::optional<bool> up;          // see ServiceFacts
  std::vector<CheckState> checks;  // of the configuration, by name
  std::vector<Account*> accounts;
  std::shared_ptr<const ServiceFacts> facts;
};

// Bad slots of the last days, for the forecast.
struct RecentDays {
  static constexpr int kDays = 4;
  struct Day {
    std::int64_t number = -1;  // days since the epoch
    std::int64_t bad = 0;
  };
  std::array<Day, kDays> days;
  void add(Seconds at, std::int64_t bad);
  std::int64_t bad_since(Seconds from) const;
};

// One service under one agreement.
struct Account {
  std::size_t agreement = 0;  // in agreements_
  std::string agreement_name;
  ServiceState* service = nullptr;
  std::optional<MonthFold> current, previous;
  std::array<std::uint64_t, 4> totals{};  // by Verdict, as first committed
  std::map<Cause, std::uint64_t> unknown;
  RecentDays recent;
  Verdict state = Verdict::unknown;
  std::optional<Seconds> last_slot;
  bool stale = true;        // the months are to be folded from the ledger
  bool totals_lost = true;  // so are the totals
  std::shared_ptr<const ServiceView> view;

  // Takes the months of now; counts that stand for the same slots are kept.
  void take_months(std::optional<MonthFold> new_current, std::optional<MonthFold> new_previous,
                   Seconds unjudged, const FoldRules& rules);
  void note(const MonthFold& fold, const VerdictRun& run);
};

// What the ledger kept of an outcome, for checks whose whole outcome is gone.
std::shared_ptr<const probes::Outcome> outcome_of(const OutcomeRecord& record);

struct AgreementState {
  std::string name;
  const TermsTimeline* terms = nullptr;
  Period current;
  std::optional<Period> previous;
  std::shared_ptr<const AgreementView> view;
};

class BookImpl final : public Book {
 public:
  BookImpl(Ledger& ledger, std::string tzdata_version)
      : Book(ledger), tzdata_version_(std::move(tzdata_version)) {}

  LedgerResult<std::vector<std::string>> start(std::shared_ptr<const Config> config,
                                               std::vector<MaintenanceWindow> calendar_windows,
                                               Seconds now) override;
  LedgerResult<std::vector<std::string>> reload(std::shared_ptr<const Config> config,
                                                std::vector<MaintenanceWindow> calendar_windows,
                                                Seconds now) override;
  LedgerResult<std::shared_ptr<const Snapshot>> step(std::vector<Arrival> arrivals,
                                                     Seconds now) override;
  void mark_unobserved(Seconds from, Seconds to, Cause cause) override;
  LedgerResult<Correction> correct(Correction correction, Seconds now) override;
  LedgerResult<void> record_windows(std::vector<MaintenanceWindow> windows, Seconds now) override;
  LedgerResult<void> withdraw_windows(std::vector<std::string> ids, Seconds now) override;
  LedgerResult<void> take_terms_now(const std::string& agreement, const std::string& by,
                                    const std::string& why, Seconds now) override;
  Plan plan() const override { return plan_; }
  std::uint64_t plan_version() const override { return plan_version_; }
  std::uint64_t outcomes_dropped() const override { return dropped_; }
  std::uint64_t commits() const override { return commits_; }
  std::shared_ptr<const Snapshot> snapshot() const override { return snapshot_; }

 private:
  struct Judged {
    std::size_t service;
    VerdictRun run;
  };
  struct Work {
    Batch batch;
    std::vector<Judged> judged;
    std::size_t outcomes = 0;  // so many of pending_ are in the batch
  };
  struct Mark {
    Seconds from, to;
    Cause cause;
    std::string service;  // its name in the ledger; empty: all
  };
  struct Adoption {  // what a configuration brings to the ledger
    Batch batch;
    PlanChange plans;
    std::vector<std::string> sentences;
  };

  // book_start.cc
  LedgerResult<void> load(Seconds now);
  void load_services(const LedgerState& state);
  void load_checks(const LedgerState& state);
  std::optional<LedgerError> refuse_time(Seconds now) const;
  std::optional<LedgerError> refuse_gap(const std::string& service, Seconds from,
                                        Seconds now) const;
  void describe_start(const LedgerState& state, std::vector<std::string>& sentences) const;

  // book_adopt.cc
  LedgerResult<Adoption> decide(const Config& config, const std::vector<MaintenanceWindow>& windows,
                                Seconds now) const;
  LedgerResult<void> adopt(std::shared_ptr<const Config> config, Adoption adoption, Seconds now);
  void decide_windows(const std::vector<MaintenanceWindow>& wanted, Seconds now,
                      Adoption& adoption) const;
  void decide_agreements(const Config& config, Seconds now, Adoption& adoption) const;
  PlanFacts plan_facts(const Config& config, const std::string* at_once, Seconds now) const;
  const TermsTimeline* lead_of(const Config& config, const std::string& service) const;
  std::vector<Mark> unwatched(const std::vector<PlanRecord>& plans, Seconds now) const;
  LedgerResult<void> commit_entries(Batch batch, Seconds now);
  void refresh_services();
  void rename_checks(const std::map<std::string, std::string>& renamed);
  void refresh_checks();
  CheckState check_state(const std::string& service, const std::string& check) const;

  // book_step.cc
  void receive(std::vector<Arrival> arrivals);
  void receive_one(Arrival arrival);
  Work prepare(Seconds now);
  void judge(std::size_t service, Seconds now, const std::vector<const OutcomeRecord*>& arrived,
             Work& work) const;
  Judgement judge_one(const PlanSegment& segment, Seconds slot,
                      std::span<const OutcomeRecord* const> attempts) const;
  std::pair<Cause, std::int64_t> cause_of_silence(const PlanSegment& segment, Seconds slot) const;
  void apply(const Work& work);
  void apply_outcomes(const Work& work);
  void add_run(Account& account, const VerdictRun& run);
  void find_due(ServiceState& service) const;
  void forget_marks();

  // book_months.cc
  void refresh_agreements(Seconds now);
  void refresh_accounts();
  void turn_months(Seconds now);
  LedgerResult<void> fold_stale();
  LedgerResult<void> fold_account(Account& account);
  LedgerResult<void> count_totals(Account& account);
  std::vector<Span> excluded_history(const Account& account, const TermsTimeline& terms,
                                     const PlanTimeline& plan) const;
  void check_identity(const Account& account) const;
  void check_identity(const Account& account, const MonthFold& fold) const;

  // book_statements.cc
  void add_due_statement(Seconds now, Batch& batch);
  LedgerResult<std::optional<Statement>> due_statement(const std::string& agreement, Seconds now);
  LedgerResult<Statement> make_statement(const std::string& agreement, const Period& period,
                                         bool closed, int revision, const ServiceState* corrected,
                                         Seconds now);
  bool all_judged(const TermsTimeline& terms, const Period& period) const;
  bool lacks_correction(const Statement& statement, const TermsTimeline& terms,
                        const Period& period) const;
  bool touches(const Correction& correction, const std::string& agreement,
               const TermsTimeline& terms, const Period& period) const;
  LedgerResult<void> revise_statements(const Correction& correction, Seconds now, Batch& batch);
  const MonthFold* known_fold(const std::string& agreement, const ServiceState& service,
                              const Period& period) const;

  // book_entries.cc
  std::optional<LedgerError> refuse_correction(const Correction& correction, Seconds now) const;
  LedgerResult<void> take_windows(Batch batch, Seconds now);

  // book_view.cc
  LedgerResult<void> publish(Seconds now);
  void render_account(Account& account, Seconds now);
  void render_facts(ServiceState& service) const;
  std::optional<Seconds> forecast(const Account& account, const MonthFigures& current) const;
  void render_agreement(AgreementState& agreement, Seconds now);
  void render_checks(ServiceState& service);
  void find_plan(Seconds now);
  void find_next_event(Seconds now);

  std::size_t index_of(const std::string& service) const;  // kNone when unknown
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  const std::string tzdata_version_;
  std::shared_ptr<const Config> config_;  // null before start
  Entries entries_;
  std::map<std::string, ServiceHistory> history_;  // of ledger names, as it was at the start
  std::map<std::pair<std::string, std::string>, CheckTotals> check_totals_;
  std::map<std::pair<std::string, std::string>, OutcomeRecord> last_outcomes_;
  std::vector<std::unique_ptr<ServiceState>> services_;
  std::unordered_map<std::string, std::size_t> index_;  // also by earlier names
  std::vector<AgreementState> agreements_;              // as configured
  std::vector<std::unique_ptr<Account>> accounts_;      // by agreement, then service name
  std::deque<OutcomeRecord> pending_;                   // arrived, not committed
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const probes::Outcome>>
      pending_outcomes_;  // the last final one of each check, to be shown after its commit
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const probes::Outcome>>
      shown_outcomes_;  // the last committed one of each check
  std::vector<Mark> marks_;
  std::uint64_t dropped_ = 0, commits_ = 0;
  Plan plan_;
  std::uint64_t plan_version_ = 0;
  bool plan_outdated_ = true;
  Seconds next_statement_{};  // no statement is due before
  Seconds next_event_{};      // when time alone changes what is shown
  bool changed_ = true;       // since the last snapshot
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
};

}  // namespace exporter

// slatool ledger: looks after the record of verdicts. `verify` and `backup` read, also while the
// exporter runs; `correct` and `accept-gap` write, through the exporter when it runs and into the
// file when it does not; `terms-now` asks the running exporter, which alone knows the terms.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/values.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

struct Options {
  std::string storage = "data";
  std::string file;              // of backup
  std::string service, verdict;  // of correct
  std::vector<std::string> agreements;
  std::string from, to, by, why;
  std::string agreement = "published";  // of terms-now
};

// --- verify, backup ----------------------------------------------------------------------------

int verify(const Options& options) {
  auto ledger = open_ledger(options.storage, true);
  if (!ledger) return complain("ledger verify", ledger.error().message);
  const auto report =
      (*ledger)->verify([](std::string_view line) { fmt::print(stderr, "{}\n", line); });
  if (!report) return complain("ledger verify", report.error().message);
  for (const std::string& problem : report->problems) fmt::print("{}\n", problem);
  fmt::print("{}: {} packed days, {} verdicts, {} outcomes, {} statements: {}\n",
             (*ledger)->file().string(), report->days, report->verdicts, report->outcomes,
             report->statements,
             report->problems.empty() ? std::string("all is well")
                                      : fmt::format("{} problems", report->problems.size()));
  if (report->problems.empty()) return 0;
  return complain("ledger verify",
                  "the ledger is not what was committed. Keep the file, stop the exporter, and put "
                  "the last backup that verifies in its place");
}

int backup(const Options& options) {
  auto ledger = open_ledger(options.storage, true);
  if (!ledger) return complain("ledger backup", ledger.error().message);
  if (const auto done = (*ledger)->backup(options.file); !done) {
    return complain("ledger backup", done.error().message);
  }
  fmt::print("{} is a copy of {}; to restore it, stop the exporter and put it there\n",
             options.file, (*ledger)->file().string());
  return 0;
}

// --- correct -----------------------------------------------------------------------------------

std::expected<Verdict, std::string> verdict_named(const std::string& name) {
  const std::array all = {Verdict::good, Verdict::bad, Verdict::unknown, Verdict::excluded};
  const auto found = std::ranges::find(all, name, [](Verdict each) { return name_of(each); });
  if (found != all.end()) return *found;
  return std::unexpected("--verdict is good, bad, unknown or excluded");
}

std::expected<Correction, std::string> read_correction(const Options& options,
                                                       const LedgerState& state) {
  const Zone zone = zone_of(state);
  const auto verdict = verdict_named(options.verdict);
  if (!verdict) return std::unexpected(verdict.error());
  const auto from = config::parse_time(options.from, zone);
  if (!from) return std::unexpected("--from: " + from.error());
  const auto to = config::parse_time(options.to, zone);
  if (!to) return std::unexpected("--to: " + to.error());
  if (*from >= *to) return std::unexpected("the range is empty: --from must be before --to");
  if (*to > now()) {
    return std::unexpected(
        "a correction is about slots that have ended, and --to lies ahead; what is planned is a "
        "maintenance window");
  }
  if (!state.services.contains(options.service)) {
    std::string known;
    for (const auto& [name, history] : state.services) known += (known.empty() ? "" : ", ") + name;
    return std::unexpected(
        fmt::format("the ledger has no service '{}'; it has {}", options.service, known));
  }
  for (const std::string& agreement : options.agreements) {
    if (std::ranges::none_of(state.terms, [&agreement](const TermsRecord& record) {
          return record.terms.name == agreement;
        })) {
      return std::unexpected(fmt::format("the ledger has no agreement '{}'", agreement));
    }
  }
  Correction correction;
  correction.by = options.by;
  correction.why = options.why;
  correction.service = options.service;
  correction.agreements = options.agreements;
  correction.from = *from;
  correction.to = *to;
  correction.verdict = *verdict;
  return correction;
}

LedgerResult<std::string> correct_offline(Ledger& ledger, const Correction& correction) {
  const auto done = ledger.commit({.corrections = {correction}}, now());
  if (!done) return std::unexpected(done.error());
  const Zone utc;
  return fmt::format(
      "the correction of {} from {} to {} is recorded; the original verdicts stay in the ledger",
      correction.service, utc.format(correction.from), utc.format(correction.to));
}

int correct(const Options& options) {
  const auto contents = read_ledger(options.storage);
  if (!contents) return complain("ledger correct", contents.error().message);
  const auto correction = read_correction(options, contents->state);
  if (!correction) return complain("ledger correct", correction.error(), kUsageError);
  return carry_out("ledger correct", options.storage, *correction,
                   [&](Ledger& ledger) { return correct_offline(ledger, *correction); });
}

// --- terms-now ---------------------------------------------------------------------------------

int terms_now(const Options& options) {
  const TakeTerms command{options.agreement, options.by, options.why};
  const auto offline = [](Ledger&) -> LedgerResult<std::string> {
    return std::unexpected(LedgerError{
        LedgerError::Kind::refused,
        "the exporter is not running; start it, for it alone reads the terms that wait"});
  };
  return carry_out("ledger terms-now", options.storage, command, offline);
}

// --- accept-gap --------------------------------------------------------------------------------

// What the exporter stumbles over at its start: from the earliest service's last verdict to now, or
// from now to a last verdict that lies in the future.
std::expected<GapAcceptance, std::string> read_gap(const Options& options,
                                                   const LedgerState& state) {
  GapAcceptance gap{
      .committed = {}, .from = now(), .to = now(), .by = options.by, .why = options.why};
  for (const auto& [name, history] : state.services) {
    gap.from = std::min(gap.from, history.next_slot);
    gap.to = std::max(gap.to, history.next_slot);
  }
  const Zone zone = zone_of(state);
  if (!options.from.empty()) {
    const auto from = config::parse_time(options.from, zone);
    if (!from) return std::unexpected("--from: " + from.error());
    gap.from = *from;
  }
  if (!options.to.empty()) {
    const auto to = config::parse_time(options.to, zone);
    if (!to) return std::unexpected("--to: " + to.error());
    gap.to = *to;
  }
  if (gap.from >= gap.to) return std::unexpected("there is no gap: --from must be before --to");
  return gap;
}

int accept_gap(const Options& options) {
  auto ledger = open_ledger(options.storage, false);
  if (!ledger) {
    // The exporter asks for this only when it refuses to start, so it cannot be running.
    return complain("ledger accept-gap", ledger.error().message);
  }
  const auto state = (*ledger)->load();
  if (!state) return complain("ledger accept-gap", state.error().message);
  const auto gap = read_gap(options, *state);
  if (!gap) return complain("ledger accept-gap", gap.error(), kUsageError);
  if (const auto done = (*ledger)->commit({.gaps = {*gap}}, now()); !done) {
    return complain("ledger accept-gap", done.error().message);
  }
  const Zone utc;
  fmt::print("accepted by {}: nothing is known from {} to {}; start the exporter again\n", gap->by,
             utc.format(gap->from), utc.format(gap->to));
  return 0;
}

}  // namespace

// --- the command line --------------------------------------------------------------------------

void add_ledger(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* ledger =
      app.add_subcommand("ledger", "Verify, copy and correct the record of verdicts");
  ledger->require_subcommand(1);
  add_ledger_verb(*ledger, "verify",
                  "Recompute every checksum, chain, total and verdict; exit 1 if wrong", options,
                  verify, exit_code);

  CLI::App* copy =
      add_ledger_verb(*ledger, "backup", "Write a consistent copy, also while it is in use",
                      options, backup, exit_code);
  copy->add_option("FILE", options->file, "The copy; it must not exist yet")->required();

  CLI::App* change = add_ledger_verb(*ledger, "correct",
                                     "Sign off another verdict; the original stays in the record",
                                     options, correct, exit_code);
  change->add_option("SERVICE", options->service, "As in the configuration")->required();
  change->add_option("--from", options->from, "Slots that begin at or after this moment")
      ->required();
  change->add_option("--to", options->to, "... and before this one")->required();
  change->add_option("--verdict", options->verdict, "good, bad, unknown or excluded")->required();
  change->add_option("--agreement", options->agreements,
                     "Only for this agreement; may be repeated (default: all)");
  add_signature(*change, *options);

  CLI::App* terms =
      add_ledger_verb(*ledger, "terms-now",
                      "Sign off that terms which wait for the next month come into force at once",
                      options, terms_now, exit_code);
  terms->add_option("--agreement", options->agreement, "Whose terms")->capture_default_str();
  add_signature(*terms, *options);

  CLI::App* gap = add_ledger_verb(
      *ledger, "accept-gap",
      "Accept that nothing is known of a time the exporter would not fill by itself", options,
      accept_gap, exit_code);
  gap->add_option("--from", options->from, "Default: the end of the last verdict");
  gap->add_option("--to", options->to, "Default: now");
  add_signature(*gap, *options);
}

}  // namespace exporter::tool

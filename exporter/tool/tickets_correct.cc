// slatool tickets correct, terms-now and verify: what a person signs about tickets, through the
// exporter when it runs and into tickets.db when it does not; and whether that file is what was
// written.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "exporter/config/values.h"
#include "exporter/sources/correction_text.h"
#include "exporter/sources/signing.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

struct Options {
  std::string storage = "data";
  std::string action, source, ticket, level, at, calendar, by, why;
  int instance = 1;
};

LedgerResult<std::unique_ptr<EventStore>> open_tickets(const std::filesystem::path& folder,
                                                       EventStore::Mode mode) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / EventStore::kFileName, ignored)) {
    return std::unexpected(
        LedgerError{LedgerError::Kind::refused,
                    fmt::format("there is no {} in {}: no ticket was ever read there",
                                EventStore::kFileName, folder.string())});
  }
  return EventStore::open(folder, mode);
}

std::expected<TicketCorrection, std::string> read_correction(const Options& options,
                                                             const Zone& zone) {
  TicketCorrection correction;
  const auto action = correction_action(options.action);
  if (!action) return std::unexpected("what to correct is void, reacted-at, region or level");
  correction.action = *action;
  correction.source = options.source;
  correction.ticket = options.ticket;
  correction.level = options.level;
  correction.instance = options.instance;
  correction.calendar = options.calendar;
  correction.by = options.by;
  correction.why = options.why;
  if (!options.at.empty()) {
    const auto at = config::parse_time(options.at, zone);
    if (!at) return std::unexpected("--at: " + at.error());
    correction.at = *at;
  }
  // Where there is only one source it need not be named.
  TicketCorrection complete = correction;
  if (complete.source.empty()) complete.source = "the only one";
  if (auto said = check_correction(complete); !said) return std::unexpected(said.error());
  return correction;
}

// Through the exporter or, as the open ledger makes the folder ours, into the file.
int sign(std::string_view verb, const std::string& storage, const DeskCommand& command,
         const std::function<LedgerResult<std::string>(EventStore&)>& into_file) {
  return carry_out(
      verb, storage, command, [&into_file](Ledger& ledger) -> LedgerResult<std::string> {
        auto store = open_tickets(ledger.file().parent_path(), EventStore::Mode::create);
        if (!store) return std::unexpected(store.error());
        return into_file(**store);
      });
}

int correct(const Options& options) {
  const auto contents = read_ledger(options.storage);
  if (!contents) return complain("tickets correct", contents.error().message);
  const auto correction = read_correction(options, zone_of(contents->state));
  if (!correction) return complain("tickets correct", correction.error(), kUsageError);
  return sign("tickets correct", options.storage, *correction,
              [&correction](EventStore& store) -> LedgerResult<std::string> {
                const auto done = sign_correction(store, *correction, now());
                if (!done) return std::unexpected(done.error());
                return sentence_of(*done);
              });
}

int terms_now(const Options& options) {
  return sign("tickets terms-now", options.storage, TakeSupportTerms{options.by, options.why},
              [&options](EventStore& store) {
                return sign_terms_now(store, options.by, options.why, now());
              });
}

int verify(const Options& options) {
  auto store = open_tickets(options.storage, EventStore::Mode::read);
  if (!store) return complain("tickets verify", store.error().message);
  const auto report = (*store)->verify();
  if (!report) return complain("tickets verify", report.error().message);
  for (const std::string& problem : report->problems) fmt::print("{}\n", problem);
  fmt::print("{}: {} events, {} corrections and terms: {}\n", (*store)->file().string(),
             report->events, report->entries,
             report->problems.empty() ? std::string("all is well")
                                      : fmt::format("{} problems", report->problems.size()));
  if (report->problems.empty()) return 0;
  return complain(
      "tickets verify",
      "the file is not what was committed. Keep it, stop the exporter, and put the last "
      "backup that verifies in its place");
}

}  // namespace

void add_tickets_correct(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_ledger_verb(
      tickets_verb(app), "correct",
      "Sign off what the help desk does not know of a ticket; its events stay as they are", options,
      correct, exit_code);
  verb->add_option("WHAT", options->action,
                   "void (the clock counts nowhere), reacted-at (somebody did, --at), region (the "
                   "ticket counts on --calendar), level (it is at --level)")
      ->required();
  verb->add_option("--ticket", options->ticket, "As the help desk names it")->required();
  verb->add_option("--source", options->source,
                   "As in the configuration; needed where there are "
                   "several");
  verb->add_option("--level", options->level, "Whose clock; with `level`: the right one");
  verb->add_option("--instance", options->instance, "Which clock of that level, from 1")
      ->capture_default_str();
  verb->add_option("--at", options->at, "When somebody reacted");
  verb->add_option("--calendar", options->calendar, "As in the configuration");
  add_signature(*verb, *options);
}

void add_tickets_terms_now(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_ledger_verb(
      tickets_verb(app), "terms-now",
      "Sign off that terms which wait for the next month hold for clocks that begin from now on",
      options, terms_now, exit_code);
  add_signature(*verb, *options);
}

void add_tickets_verify(CLI::App& app, int& exit_code) {
  add_ledger_verb(tickets_verb(app), "verify",
                  "Recompute the checksums of events and the chain of corrections; exit 1 if wrong",
                  std::make_shared<Options>(), verify, exit_code);
}

}  // namespace exporter::tool

// slatool maintenance: windows given by hand, beside those of sla.yml and of calendars. `add` and
// `withdraw` write, through the exporter when it runs and into the ledger when it does not; a
// window excludes only slots that begin after it was recorded.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
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
  std::string id, from, to, announced, summary;
  std::vector<std::string> services, agreements, ids;
  bool all = false;
};

std::expected<MaintenanceWindow, std::string> read_window(const Options& options,
                                                          const LedgerState& state) {
  const Zone zone = zone_of(state);
  MaintenanceWindow window;
  window.services = options.services;
  window.agreements = options.agreements;
  window.summary = options.summary;
  const auto from = config::parse_time(options.from, zone);
  if (!from) return std::unexpected("--from: " + from.error());
  const auto to = config::parse_time(options.to, zone);
  if (!to) return std::unexpected("--to: " + to.error());
  if (*from >= *to) return std::unexpected("the window is empty: --from must be before --to");
  if (*to <= now())
    return std::unexpected(
        "the window is over, so it would exclude nothing; what was agreed afterwards is a "
        "correction: slatool ledger correct");
  window.from = *from;
  window.to = *to;
  if (!options.announced.empty()) {
    const auto announced = config::parse_time(options.announced, zone);
    if (!announced) return std::unexpected("--announced: " + announced.error());
    window.announced = *announced;
  }
  // Two windows of the same time are told apart by --id.
  window.id = options.id.empty() ? format_utc(window.from) : options.id;
  return window;
}

LedgerResult<std::string> change_offline(
    Ledger& ledger, const std::function<LedgerResult<Batch>(const Entries&)>& change) {
  const auto state = ledger.load();
  if (!state) return std::unexpected(state.error());
  const auto entries = fold_entries(*state, false);
  if (!entries) return std::unexpected(entries.error());
  const auto batch = change(*entries);
  if (!batch) return std::unexpected(batch.error());
  if (const auto done = ledger.commit(*batch, now()); !done) return std::unexpected(done.error());
  return "recorded in the ledger; the exporter is not running and will find it";
}

int add(const Options& options) {
  const auto contents = read_ledger(options.storage);
  if (!contents) return complain("maintenance add", contents.error().message);
  const auto window = read_window(options, contents->state);
  if (!window) return complain("maintenance add", window.error(), kUsageError);
  return carry_out("maintenance add", options.storage, *window, [&window](Ledger& ledger) {
    return change_offline(
        ledger, [&](const Entries& entries) { return entries.recording({*window}, now()); });
  });
}

int withdraw(const Options& options) {
  return carry_out("maintenance withdraw", options.storage, WithdrawWindows{options.ids},
                   [&](Ledger& ledger) {
                     return change_offline(ledger, [&](const Entries& entries) {
                       return entries.withdrawing(options.ids, now());
                     });
                   });
}

std::string names(const std::vector<std::string>& listed) {
  return listed.empty() ? "all" : fmt::format("{}", fmt::join(listed, ","));
}

int list(const Options& options) {
  const auto contents = read_ledger(options.storage);
  if (!contents) return complain("maintenance list", contents.error().message);
  const Zone zone = zone_of(contents->state);
  std::vector<RecordedWindow> windows = contents->state.windows;
  std::erase_if(windows, [&options, at = now()](const RecordedWindow& each) {
    return !options.all && (each.withdrawn || each.window.to <= at);
  });
  std::ranges::sort(windows, {}, [](const RecordedWindow& each) { return each.window.from; });
  for (const RecordedWindow& recorded : windows) {
    const MaintenanceWindow& window = recorded.window;
    fmt::print("{}\n  {} to {}  services {}  agreements {}\n  recorded {}{}{}{}\n", window.id,
               zone.format(window.from), zone.format(window.to), names(window.services),
               names(window.agreements), zone.format(recorded.first_seen),
               window.announced ? ", announced " + zone.format(*window.announced) : "",
               recorded.withdrawn ? ", withdrawn " + zone.format(*recorded.withdrawn) : "",
               window.summary.empty() ? "" : "\n  " + window.summary);
  }
  if (windows.empty())
    fmt::print("no window {}\n", options.all ? "was ever recorded" : "lies ahead");
  return 0;
}

}  // namespace

void add_maintenance(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* maintenance =
      app.add_subcommand("maintenance", "Announce, list and withdraw maintenance windows");
  maintenance->require_subcommand(1);

  CLI::App* record =
      add_ledger_verb(*maintenance, "add",
                      "Record a window; slots wholly inside it that have not begun are "
                      "excluded",
                      options, add, exit_code);
  record->add_option("--from", options->from, "Without an offset in the agreement's zone")
      ->required();
  record->add_option("--to", options->to, "The end, not included")->required();
  record->add_option("--service", options->services,
                     "Only this one; may be repeated (default: all)");
  record->add_option("--agreement", options->agreements,
                     "Only for this one; may be repeated (default: all)");
  record->add_option("--announced", options->announced, "When customers were told");
  record->add_option("--summary", options->summary, "What is done, as the report will say it");
  record->add_option("--id", options->id,
                     "Name of the window; the same again replaces it (default: its beginning)");

  CLI::App* show = add_ledger_verb(*maintenance, "list", "List the windows that are not over",
                                   options, list, exit_code);
  show->add_flag("--all", options->all, "Past and withdrawn ones too");

  CLI::App* remove = add_ledger_verb(*maintenance, "withdraw",
                                     "Withdraw windows; slots that have begun stay excluded",
                                     options, withdraw, exit_code);
  remove->add_option("ID", options->ids, "As listed")->required();
}

}  // namespace exporter::tool

// What the verbs that look into the ledger share: how it is opened, in which zone times without an
// offset are meant, and how a verb complains.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/admin_commands.h"
#include "exporter/ledger/ledger.h"
#include "exporter/sla/entries.h"
#include "exporter/sla/zone.h"

namespace exporter::tool {

inline constexpr int kFailed = 1, kUsageError = 2;

Seconds now();

// "slatool VERB: message" on standard error; returns the exit code.
int complain(std::string_view verb, std::string_view message, int exit_code = kFailed);

LedgerResult<std::unique_ptr<Ledger>> open_ledger(const std::string& storage, bool read_only);

// What is read of a ledger in one go, also while the daemon writes.
struct LedgerContents {
  std::unique_ptr<Ledger> ledger;
  LedgerState state;
};
LedgerResult<LedgerContents> read_ledger(const std::string& storage);

// The zone the published agreement is accounted in; UTC when there is none.
Zone zone_of(const LedgerState& state);

// Asks the running daemon to carry a command out and prints its answer. Where none runs, `offline`
// does it with the ledger opened for writing, and its sentence is printed.
using Offline = std::function<LedgerResult<std::string>(Ledger& ledger)>;
int carry_out(std::string_view verb, const std::string& storage, const AdminCommand& command,
              const Offline& offline);

// Adds a verb that is about a ledger: `Options` has a member `storage`.
template <class Options>
CLI::App* add_ledger_verb(CLI::App& parent, const std::string& name, const std::string& help,
                          const std::shared_ptr<Options>& options, int (*verb)(const Options&),
                          int& exit_code) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->add_option("--storage.path", options->storage, "The exporter's data folder")
      ->capture_default_str();
  app->callback([options, verb, &exit_code] { exit_code = verb(*options); });
  return app;
}

// What every verb asks that signs for something: `Options` has members `by` and `why`.
template <class Options>
void add_signature(CLI::App& verb, Options& options) {
  verb.add_option("--by", options.by, "Who signs")->required();
  verb.add_option("--why", options.why, "The reason, as it will stand in the report")->required();
}

}  // namespace exporter::tool

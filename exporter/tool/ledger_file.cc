#include "exporter/tool/ledger_file.h"

#include <fmt/format.h>

#include "exporter/tool/admin_client.h"

namespace exporter::tool {

Seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

int complain(std::string_view verb, std::string_view message, int exit_code) {
  fmt::print(stderr, "slatool {}: {}\n", verb, message);
  return exit_code;
}

LedgerResult<std::unique_ptr<Ledger>> open_ledger(const std::string& storage, bool read_only) {
  LedgerOptions wanted;
  wanted.folder = storage;
  wanted.read_only = read_only;
  return Ledger::open(wanted);
}

LedgerResult<LedgerContents> read_ledger(const std::string& storage) {
  auto ledger = open_ledger(storage, true);
  if (!ledger) return std::unexpected(ledger.error());
  auto state = (*ledger)->load();
  if (!state) return std::unexpected(state.error());
  return LedgerContents{*std::move(ledger), *std::move(state)};
}

Zone zone_of(const LedgerState& state) {
  for (auto terms = state.terms.rbegin(); terms != state.terms.rend(); ++terms) {
    if (terms->terms.name != "published") continue;
    if (auto zone = Zone::parse(terms->terms.timezone)) return *zone;
  }
  return {};
}

int carry_out(std::string_view verb, const std::string& storage, const AdminCommand& command,
              const Offline& offline) {
  const auto answer = admin_request(storage, admin_request_of(command));
  if (answer) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  if (!answer.error().not_running) return complain(verb, answer.error().message);
  auto ledger = open_ledger(storage, false);
  if (!ledger) return complain(verb, ledger.error().message);
  const auto done = offline(**ledger);
  if (!done) return complain(verb, done.error().message);
  fmt::print("{}\n", *done);
  return 0;
}

}  // namespace exporter::tool

// The command line of slatool. Each verb lives in a file of its own and is one line in kVerbs;
// run() builds the app, parses and turns whatever happened into an exit code that scripts can rely
// on: 0 for success, 1 for "the thing you asked about is bad", 2 for a wrong command line.
#include "exporter/tool/verbs.h"

#include <fmt/format.h>

#include <exception>
#include <initializer_list>

#include "exporter/version.h"

namespace exporter::tool {
namespace {

constexpr int kUsageError = 2;

using AddVerb = void (*)(CLI::App& app, int& exit_code);

// One line a verb, in the order in which --help lists them.
constexpr std::initializer_list<AddVerb> kVerbs = {
    add_calendar,       add_check,          add_config,
    add_demo,           add_explain,        add_ledger,
    add_maintenance,    add_probe,          add_query,
    add_report,         add_test,           add_tickets_correct,
    add_tickets_month,  add_tickets_replay, add_tickets_terms_now,
    add_tickets_verify,
};

}  // namespace

void add_verbs(CLI::App& app, int& exit_code) {
  for (AddVerb add : kVerbs) add(app, exit_code);
}

CLI::App& tickets_verb(CLI::App& app) {
  for (CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (each->get_name() == "tickets") return *each;
  }
  CLI::App* made = app.add_subcommand("tickets", "Reaction times: months, corrections, replay");
  made->require_subcommand(1);
  return *made;
}

int run(int argc, char** argv) {
  CLI::App app{"Checks, tests, explains and reports for the SLA exporter.", "slatool"};
  app.set_version_flag("--version", "slatool " SLA_VERSION);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Print the help of every verb and exit");

  int exit_code = 0;
  add_verbs(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Asking for help or the version is a success; CLI11's own codes for the rest begin at 100.
    return app.exit(error) == 0 ? 0 : kUsageError;
  } catch (const std::exception& error) {
    fmt::print(stderr, "slatool: {}\n", error.what());
    return kUsageError;
  }
  return exit_code;
}

}  // namespace exporter::tool

// The verbs of slatool: one file a verb, one line a verb in kVerbs (verbs.cc). A verb adds its
// subcommand to the app and, when it is the one called, leaves its exit code in `exit_code`.
#pragma once

#include <CLI/CLI.hpp>

namespace exporter::tool {

void add_calendar(CLI::App& app, int& exit_code);  // calendar elapsed|due|list
void add_check(CLI::App& app, int& exit_code);     // check config|web-config|rules
void add_config(CLI::App& app, int& exit_code);    // config show
void add_demo(CLI::App& app, int& exit_code);      // demo
void add_explain(CLI::App& app, int& exit_code);   // explain SERVICE TIME
void add_ledger(CLI::App& app,
                int& exit_code);  // ledger verify|backup|correct|terms-now|accept-gap
void add_maintenance(CLI::App& app, int& exit_code);        // maintenance add|list|withdraw
void add_probe(CLI::App& app, int& exit_code);              // probe --module --target
void add_query(CLI::App& app, int& exit_code);              // query URL EXPR
void add_report(CLI::App& app, int& exit_code);             // report --month
void add_test(CLI::App& app, int& exit_code);               // test promql|rules
void add_tickets_correct(CLI::App& app, int& exit_code);    // tickets correct
void add_tickets_month(CLI::App& app, int& exit_code);      // tickets month
void add_tickets_terms_now(CLI::App& app, int& exit_code);  // tickets terms-now
void add_tickets_verify(CLI::App& app, int& exit_code);     // tickets verify
void add_tickets_replay(CLI::App& app, int& exit_code);     // tickets replay

// `tickets` is one verb with parts in several files: it is made by the first that asks.
CLI::App& tickets_verb(CLI::App& app);

// All of them.
void add_verbs(CLI::App& app, int& exit_code);

int run(int argc, char** argv);

}  // namespace exporter::tool

// slatool demo: shows the demo company until SIGTERM or SIGINT, and writes the sla.yml that
// watches it.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "exporter/demo/company.h"
#include "exporter/demo/config_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

constexpr int kDefaultBasePort = 18800;

struct DemoArguments {
  demo::Options options{.base_port = kDefaultBasePort};
  std::string config_file, rule_files;
};

void print_addresses(const demo::DemoCompany& company, const std::string& config_file) {
  std::string text = "The demo company is open. Break and heal it here:\n\n";
  text += fmt::format("  {:<14} {}\n\n", "control page", company.control_address());
  for (const demo::ServiceName& row : demo::kServices) {
    text += fmt::format("  {:<14} {}\n", row.name, company.address(row.service));
  }
  if (config_file.empty()) {
    text += "\nTo watch it, start again with --write-config sla.yml\n";
  } else {
    text += fmt::format("\nTo watch it: sla_exporter --config.file={}\n", config_file);
  }
  text += "Ctrl-C closes the company.\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int run_demo(const DemoArguments& arguments) {
  // Blocked before any thread starts, so that every thread leaves these signals to sigwait below.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&stop_signals, number);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is not worth dying for

  demo::Options options = arguments.options;
  if (!arguments.config_file.empty()) {
    options.ticket_file = demo::ticket_file_beside(arguments.config_file);
  }
  const auto company = demo::DemoCompany::start(options);
  if (!company) {
    fmt::print(stderr, "slatool demo: {}\n", company.error());
    return 1;
  }
  if (!arguments.config_file.empty()) {
    if (const auto written =
            demo::write_config(**company, arguments.config_file, arguments.rule_files);
        !written) {
      fmt::print(stderr, "slatool demo: {}\n", written.error());
      return 1;
    }
  }
  print_addresses(**company, arguments.config_file);

  int received = 0;
  sigwait(&stop_signals, &received);
  return 0;
}

}  // namespace

void add_demo(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("demo", "a company to watch and to break, on this machine");
  const auto arguments = std::make_shared<DemoArguments>();
  verb->add_option("--listen", arguments->options.listen, "address to listen on, a literal")
      ->capture_default_str();
  verb->add_option("--ports", arguments->options.base_port,
                   "port of the control page; the services take the next five; 0 takes free ones")
      ->capture_default_str();
  verb->add_option(
      "--write-config", arguments->config_file,
      "write an sla.yml that watches the demo; its certificate authority, token and tickets go "
      "beside it");
  verb->add_option("--rule-files", arguments->rule_files,
                   "rule files that the sla.yml names, a pattern such as /etc/rules/*.yml");
  verb->add_option("--exporter-url", arguments->options.exporter_url,
                   "where the exporter answers, to be linked from the control page");
  verb->callback([arguments, &exit_code] {
    std::string& url = arguments->options.exporter_url;
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
      throw CLI::ValidationError("--exporter-url", "expected http://... or https://...");
    }
    if (!url.empty() && !url.ends_with('/')) url += '/';
    exit_code = run_demo(*arguments);
  });
}

}  // namespace exporter::tool

// sla_exporter: the daemon. Reads flags, checks or runs; everything else is in app.cc.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "exporter/app.h"
#include "exporter/config/load.h"
#include "exporter/log.h"
#include "exporter/version.h"

namespace {

// Signals are read from a descriptor by the loop; blocked here, before any thread exists.
void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int check_config(const std::filesystem::path& file) {
  auto config = exporter::load_config(file);
  if (!config) {
    for (const exporter::ConfigError& error : config.error())
      std::fprintf(stderr, "%s\n", error.text().c_str());
    return 1;
  }
  for (const std::string& warning : config->warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  std::printf("%s: valid, %zu services\n", file.c_str(), config->services.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  exporter::AppOptions options;
  bool check_only = false;
  exporter::LogLevel level = exporter::LogLevel::info;
  exporter::LogFormat format = exporter::LogFormat::logfmt;
  const std::map<std::string, exporter::LogLevel> levels = {{"debug", exporter::LogLevel::debug},
                                                            {"info", exporter::LogLevel::info},
                                                            {"warn", exporter::LogLevel::warn},
                                                            {"error", exporter::LogLevel::error}};
  const std::map<std::string, exporter::LogFormat> formats = {
      {"logfmt", exporter::LogFormat::logfmt}, {"json", exporter::LogFormat::json}};

  const std::map<std::string, exporter::SeriesKept> kept = {
      {"auto", exporter::SeriesKept::automatic},
      {"all", exporter::SeriesKept::all},
      {"rules", exporter::SeriesKept::rules}};

  CLI::App cli{
      "Watches a published service-level agreement and proves month by month whether it was kept."};
  cli.option_defaults()->always_capture_default();
  cli.set_version_flag("--version", "sla_exporter, version " SLA_VERSION);
  cli.add_option("--config.file", options.config_file, "The agreement and what to check.");
  cli.add_flag("--config.check", check_only,
               "Check the configuration, say what is wrong, and exit.");
  cli.add_option("--storage.path", options.storage_path, "Folder of the ledger.");
  cli.add_option(
         "--storage.series", options.series_kept,
         "Which series are kept for rules and queries: all, those the rules read, or (auto) "
         "all up to 50,000 and those the rules read beyond that.")
      ->transform(CLI::CheckedTransformer(kept))
      ->default_str("auto");
  cli.add_option("--web.listen-address", options.listen_addresses,
                 "Where to serve, [host]:port; may be repeated.");
  cli.add_option("--web.config.file", options.web_config_file,
                 "TLS and users, in the exporter-toolkit's format.");
  cli.add_option("--web.external-url", options.external_url,
                 "The URL under which people reach this exporter.");
  cli.add_flag("--web.enable-lifecycle", options.enable_lifecycle, "Allow POST /-/reload.");
  cli.add_option("--log.level", level, "debug, info, warn or error.")
      ->transform(CLI::CheckedTransformer(levels))
      ->default_str("info");
  cli.add_option("--log.format", format, "logfmt or json.")
      ->transform(CLI::CheckedTransformer(formats))
      ->default_str("logfmt");
  CLI11_PARSE(cli, argc, argv);

  if (check_only) return check_config(options.config_file);
  block_signals();
  exporter::setup_log(level, format);
  auto app = exporter::App::create(std::move(options));
  if (!app) {
    exporter::log_error("cannot start", {{"error", app.error()}});
    return 1;
  }
  (*app)->run();
  return 0;
}

// slatool probe: one probe, now, from here. Prints what /metrics would show of it in the text
// format and says on standard error what was found, so that a new check can be tried before it is
// configured.
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "exporter/config/load.h"
#include "exporter/config/modules.h"
#include "exporter/config/values.h"
#include "exporter/metrics/outcome_page.h"
#include "exporter/tool/verbs.h"
#include "probes/async/epoll_loop.h"
#include "probes/net/real_net.h"

namespace exporter::tool {
namespace {

constexpr int kExitDown = 1, kExitUsage = 2, kExitUnknown = 3;
constexpr Duration kDefaultTimeout = std::chrono::seconds(10);

struct Options {
  std::string module, target, config_file, hostname;
  double timeout_seconds = 0;
};

using Modules = std::map<std::string, std::shared_ptr<const probes::Module>>;

struct Setting {
  Modules modules;
  std::optional<probes::Address> source_address;
};

// As the configuration says, or the built-in modules only. Errors have been printed when absent.
std::optional<Setting> setting_of(const std::string& config_file) {
  if (config_file.empty()) return Setting{config::builtin_modules(), std::nullopt};
  auto loaded = load_config(config_file);
  if (loaded) return Setting{loaded->modules, probes::Address::parse(loaded->place.source_address)};
  for (const ConfigError& error : loaded.error()) fmt::print(stderr, "{}\n", error.text());
  return std::nullopt;
}

probes::Task<void> probe_and_stop(probes::Net& net, probes::ProbeRequest request,
                                  probes::TimePoint deadline, probes::Outcome& outcome) {
  outcome = co_await probes::run_probe(net, std::move(request), deadline);
  net.loop().stop();
}

probes::Outcome probe_now(probes::ProbeRequest request, Duration timeout,
                          std::optional<probes::Address> source_address) {
  probes::EpollLoop loop;
  probes::RealNet net(loop);
  net.set_source_address(source_address);
  probes::Outcome outcome;
  probes::TimePoint deadline = loop.now() + timeout;
  loop.spawn(probe_and_stop(net, std::move(request), deadline, outcome));
  loop.run();
  return outcome;
}

int exit_code_of(probes::Status status) {
  if (status == probes::Status::down) return kExitDown;
  return status == probes::Status::unknown ? kExitUnknown : 0;
}

int probe(const Options& options) {
  const std::optional<Setting> setting = setting_of(options.config_file);
  if (!setting) return kExitUsage;
  const Modules& modules = setting->modules;
  auto found = modules.find(options.module);
  if (found == modules.end()) {
    std::string known;
    for (const auto& [name, module] : modules) known += (known.empty() ? "" : ", ") + name;
    fmt::print(stderr, "slatool probe: there is no module '{}'; known are {}\n", options.module,
               known);
    return kExitUsage;
  }
  probes::ProbeRequest request;
  request.module = found->second;
  request.target = options.target;
  request.hostname = options.hostname;
  Duration timeout =
      request.module->timeout > Duration::zero() ? request.module->timeout : kDefaultTimeout;
  if (options.timeout_seconds > 0) {
    timeout = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(options.timeout_seconds));
  }
  probes::Outcome outcome = probe_now(std::move(request), timeout, setting->source_address);
  fmt::print("{}", render_outcome(outcome));
  fmt::print(stderr, "{}{}{}{} in {} ms{}{}\n", probes::name_of(outcome.status),
             outcome.reason == probes::Reason::none ? "" : " (",
             outcome.reason == probes::Reason::none ? "" : probes::name_of(outcome.reason),
             outcome.reason == probes::Reason::none ? "" : ")",
             std::chrono::duration_cast<std::chrono::milliseconds>(outcome.duration).count(),
             outcome.message.empty() ? "" : ": ", outcome.message);
  return exit_code_of(outcome.status);
}

}  // namespace

void add_probe(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "probe",
      "Probe once and print the metrics; exit 0 up or degraded, 1 down, 2 usage, 3 unknown");
  verb->add_option("--module", options->module,
                   "How to probe: a built-in module or one of --config.file")
      ->required();
  verb->add_option("--target", options->target, "What to probe: a URL, or host:port")->required();
  verb->add_option("--config.file", options->config_file,
                   "Where further modules and the source address are defined");
  verb->add_option("--hostname", options->hostname,
                   "Host header and TLS server name instead of the target's");
  verb->add_option("--timeout", options->timeout_seconds, "Seconds instead of the module's timeout")
      ->check(CLI::Range(0.001, 3600.0));
  verb->callback([options, &exit_code] { exit_code = probe(*options); });
}

}  // namespace exporter::tool

// The story, told once. `main` reads flags; `config` turns sla.yml into services, agreements and
// modules, or stops with the line to fix. `schedule` spreads the checks over their slots by a hash
// of their names, so restarts do not bunch them. When a check is due, the loop starts its probe
// with one deadline; the probe speaks its protocol and returns an Outcome: up, degraded, down or
// unknown, reason, phase times, one sentence. Once a second the accounting thread takes what
// arrived: the book judges the slots that ended, the ledger commits outcomes and verdicts together,
// and only then do the month's figures change and a new immutable Snapshot is published. A scrape
// renders the snapshot and nothing else; so does the landing page, so they cannot disagree. The
// evaluator thread takes the same snapshot: its series go into the store of samples, the rule
// groups that are due are evaluated at its instant, and an expression that holds becomes pending,
// then firing, and is carried by `alerts` to every Alertmanager. On a reload only changed checks
// are rebuilt and attempts under way finish as they began; on shutdown the root tasks are
// destroyed, what arrived is committed, and the ledger is closed.
//
// Beside this the help desks are read: `sources` turns what they say into ticket events, the desk
// commits them on a thread of its own, folds them into reaction clocks and publishes what they come
// to; the next snapshot shows it.
#include "exporter/app.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporter/admin_commands.h"
#include "exporter/admin_server.h"
#include "exporter/config/load.h"
#include "exporter/config/support_summary.h"
#include "exporter/delivery_documents.h"
#include "exporter/executor.h"
#include "exporter/help_desk.h"
#include "exporter/log.h"
#include "exporter/metrics/families.h"
#include "exporter/metrics/route.h"
#include "exporter/monitor.h"
#include "exporter/rules/runner.h"
#include "exporter/service_manager.h"
#include "exporter/version.h"
#include "exporter/web/api.h"
#include "exporter/web/graph_page.h"
#include "exporter/web/pages.h"
#include "exporter/web/rules_page.h"
#include "exporter/web/server.h"
#include "exporter/web/tickets_page.h"
#include "exporter/zone_data.h"
#include "probes/async/epoll_loop.h"
#include "probes/net/real_net.h"

namespace exporter {
namespace {

constexpr std::chrono::seconds kLongestReload{60};

// What was loaded and deserves a look. Opening hours are said as they were understood, because a
// slip in them shifts every reaction time.
void log_config(const Config& config, probes::WallTime now) {
  for (const std::string& warning : config.warnings) log_warn(warning);
  for (const std::string& line : calendar_lines(config.support)) log_info(line);
  const Seconds second = std::chrono::floor<std::chrono::seconds>(now);
  for (const std::string& warning : holiday_warnings(config.support, second)) log_warn(warning);
}

// Probes, scrapes and the ledger share the descriptors; take what the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string joined(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const ConfigError& error : errors) text += (text.empty() ? "" : "\n") + error.text();
  return text;
}

std::string host_name() {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return host;
}

SampleStoreOptions sample_options(const Retention& retention, const std::filesystem::path& folder) {
  SampleStoreOptions options{.folder = folder};
  options.store.keep = kept_samples(retention);
  options.store.bytes = retention.sample_bytes;
  return options;
}

class TheApp final : public App {
 public:
  explicit TheApp(AppOptions options) : options_(std::move(options)), net_(loop_) {}
  ~TheApp() override;

  std::expected<void, std::string> open();
  void run() override;
  void stop() override {
    loop_.post_from_any_thread([this] { shut_down(); });
  }
  std::expected<std::string, std::string> reload() override;
  std::shared_ptr<const Snapshot> snapshot() const override { return monitor_->snapshot(); }
  std::vector<std::uint16_t> ports() const override { return web_->ports(); }

 private:
  using Result = std::expected<std::string, std::string>;

  std::expected<void, std::string> open_rules(const Config& config);
  void evaluate_rules(SnapshotPtr snapshot, Seconds now);
  void load_rules();
  void send_alerts(std::vector<rules::Notification> alerts);
  std::string external_url() const;
  ApiContext api_context() const;
  std::expected<void, std::string> open_web();
  std::expected<void, std::string> open_admin();
  Result on_loop(std::function<void(Monitor::Answer)> start);
  void watch_signals();
  void on_signal();
  void feed_watchdog();
  void shut_down();

  AppOptions options_;
  probes::EpollLoop loop_;
  probes::RealNet net_;
  ExporterStats stats_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<ThreadExecutor> accounting_;
  std::unique_ptr<ThreadExecutor> reloader_;  // reads YAML, off the loop, one reload at a time
  std::unique_ptr<Delivery> delivery_;        // loop only, but what it lets any thread ask
  std::unique_ptr<RuleRunner> runner_;        // evaluator only, but what it publishes
  std::unique_ptr<ThreadExecutor> evaluator_;
  std::atomic<bool> evaluating_{false};
  std::unique_ptr<HelpDesk> help_desk_;
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<AdminServer> admin_;
  int signals_ = -1;
  bool shutting_down_ = false;
};

TheApp::~TheApp() {
  // Accounting feeds the evaluator, which looks at the figures of the web server: in this order
  // nobody uses what has ended. Pages are served until the last tick is saved.
  admin_.reset();
  accounting_.reset();
  if (evaluator_) evaluator_->post([this] { runner_->close(); });
  evaluator_.reset();
  web_.reset();
  reloader_.reset();
  help_desk_.reset();
  delivery_.reset();
  if (signals_ >= 0) close(signals_);
}

std::expected<void, std::string> TheApp::open() {
  raise_descriptor_limit();
  auto config = load_config(options_.config_file);
  if (!config) return std::unexpected(joined(config.error()));
  log_config(*config, loop_.wall_now());

  std::error_code failed;
  if (std::filesystem::create_directories(options_.storage_path, failed)) {
    std::filesystem::permissions(options_.storage_path, std::filesystem::perms(0750), failed);
  }
  auto ledger = Ledger::open({.folder = options_.storage_path,
                              .outcome_retention = std::chrono::duration_cast<std::chrono::seconds>(
                                  config->retention.outcomes),
                              .evidence_bytes = config->retention.evidence_bytes});
  if (!ledger) return std::unexpected(ledger.error().message);
  ledger_ = std::move(*ledger);
  if (auto rules = open_rules(*config); !rules) return rules;
  help_desk_ = std::make_unique<HelpDesk>(loop_, net_, options_.storage_path, host_name());
  if (auto desk = help_desk_->open(*config); !desk) return desk;
  accounting_ = std::make_unique<ThreadExecutor>();
  reloader_ = std::make_unique<ThreadExecutor>();
  monitor_ = std::make_unique<Monitor>(
      MonitorParts{.loop = loop_,
                   .prober =
                       [this](probes::ProbeRequest request, probes::TimePoint deadline) {
                         return probes::run_probe(net_, std::move(request), deadline);
                       },
                   .ledger = *ledger_,
                   .accounting = *accounting_,
                   .stats = stats_,
                   .tzdata_version = zone_data_version(zone_data_folder()),
                   .reports = options_.storage_path / "reports",
                   .support = [this] { return help_desk_->view(); },
                   .stepped = [this](SnapshotPtr snapshot,
                                     Seconds now) { evaluate_rules(std::move(snapshot), now); }});
  net_.set_source_address(probes::Address::parse(config->place.source_address));
  const auto shared = std::make_shared<const Config>(std::move(*config));
  auto opened = monitor_->open(shared);
  if (!opened) return opened;
  stats_.reload_success_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(loop_.wall_now().time_since_epoch()).count();
  if (auto web = open_web(); !web) return web;
  delivery_->configure(shared, external_url());
  loop_.post([this, shared] { help_desk_->start(shared->support); });
  return open_admin();
}

std::expected<void, std::string> TheApp::open_rules(const Config& config) {
  RunnerParts parts{.samples = sample_options(config.retention, options_.storage_path),
                    .kept = options_.series_kept,
                    .external_url = [this] { return external_url(); },
                    .program =
                        [this](Families& out, const SnapshotPtr& snapshot) {
                          add_exporter_families(out, snapshot, stats_,
                                                web_ ? &web_->stats() : nullptr);
                          add_process_families(out);
                        },
                    .stats = stats_.rules,
                    .notify = [this](auto alerts) { send_alerts(std::move(alerts)); },
                    .deliveries = [this] { return to_documents(delivery_->changes()); },
                    .stopwatch =
                        [] {
                          const auto now = std::chrono::steady_clock::now().time_since_epoch();
                          return std::chrono::duration<double>(now).count();
                        }};
  delivery_ = std::make_unique<Delivery>(net_, DeliveryParts{.host = host_name()});
  runner_ = std::make_unique<RuleRunner>(std::move(parts));
  if (auto opened = runner_->open(); !opened) return opened;
  evaluator_ = std::make_unique<ThreadExecutor>();
  evaluator_->post([this] { load_rules(); });
  return {};
}

// Evaluator.
void TheApp::load_rules() {
  if (auto loaded = runner_->load(); !loaded) {
    log_error("samples and states of alerts were not read; rules begin anew and nothing is saved",
              {{"error", loaded.error()}});
    return;
  }
  loop_.post_from_any_thread(
      [this, rows = to_rows(runner_->documents())] { delivery_->restore(rows); });
}

// Evaluator.
void TheApp::send_alerts(std::vector<rules::Notification> alerts) {
  loop_.post_from_any_thread([this, alerts = std::move(alerts)] {
    if (!alerts.empty()) delivery_->send(alerts);
    delivery_->evaluated(loop_.now());
  });
}

// Accounting thread. A tick that is still under way (a slow disk, a heavy rule) is not overtaken.
void TheApp::evaluate_rules(SnapshotPtr snapshot, Seconds now) {
  if (evaluating_.exchange(true)) return;
  evaluator_->post([this, snapshot = std::move(snapshot), now] {
    runner_->tick(snapshot, now);
    if (snapshot) {
      note_figures(delivery_->figures(), snapshot->config->alerting, stats_.delivery);
    }
    evaluating_ = false;
  });
}

std::expected<void, std::string> TheApp::open_web() {
  PagesContext pages;
  pages.snapshot = [this] { return monitor_->snapshot(); };
  pages.ready = [this] { return monitor_->ready(); };
  if (options_.enable_lifecycle) pages.reload = [this] { return reload(); };
  std::vector<Route> routes = make_routes(std::move(pages));
  routes.push_back(rules_page_route([this] { return runner_->view(); }));
  routes.push_back(graph_page_route(api_context()));
  routes.push_back(tickets_page_route([this] { return monitor_->snapshot(); }));
  for (Route& route : api_routes(api_context())) routes.push_back(std::move(route));
  for (Route& route : help_desk_->routes()) routes.push_back(std::move(route));
  routes.push_back(
      metrics_route([this] { return monitor_->snapshot(); }, stats_,
                    [this]() -> const WebStats* { return web_ ? &web_->stats() : nullptr; }));
  WebOptions web{.listen = options_.listen_addresses, .web_config_file = options_.web_config_file};
  auto server = WebServer::start(std::move(web), std::move(routes));
  if (!server) return std::unexpected(server.error());
  web_ = std::move(*server);
  return {};
}

// As Prometheus has it: links lead to this machine unless something else was said.
std::string TheApp::external_url() const {
  if (!options_.external_url.empty()) return options_.external_url;
  const std::string port = web_ && !web_->ports().empty() ? std::to_string(web_->ports()[0]) : "0";
  return "http://" + host_name() + ":" + port;
}

ApiContext TheApp::api_context() const {
  ApiContext context;
  context.source = [this] { return runner_->source(); };
  context.rules = [this] { return runner_->view(); };
  context.snapshot = [this] { return monitor_->snapshot(); };
  context.now = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };
  context.version = SLA_VERSION;
  context.external_url = options_.external_url;
  return context;
}

std::expected<void, std::string> TheApp::open_admin() {
  auto handler = [this](const std::string& request) {
    return answer_admin_request(request, [this](AdminCommand command) {
      if (const auto* desk = std::get_if<DeskCommand>(&command)) return help_desk_->execute(*desk);
      return on_loop([this, book = std::get<BookCommand>(command)](Monitor::Answer answer) {
        monitor_->execute(book, std::move(answer));
      });
    });
  };
  auto admin = AdminServer::start(options_.storage_path, std::move(handler));
  if (!admin) return std::unexpected(admin.error());
  admin_ = std::move(*admin);
  return {};
}

// Runs `start` on the loop and waits, on a thread that may, for its answer.
TheApp::Result TheApp::on_loop(std::function<void(Monitor::Answer)> start) {
  auto promise = std::make_shared<std::promise<Result>>();
  std::future<Result> future = promise->get_future();
  loop_.post_from_any_thread([start = std::move(start), promise] {
    start([promise](Result result) { promise->set_value(std::move(result)); });
  });
  if (future.wait_for(kLongestReload) != std::future_status::ready) {
    return std::unexpected(
        "no answer within a minute; the exporter is stopping or its disk is stuck, see its log");
  }
  return future.get();
}

TheApp::Result TheApp::reload() {
  auto config = load_config(options_.config_file);
  Result result = std::unexpected("");
  if (!config) {
    result = std::unexpected(joined(config.error()));
  } else {
    log_config(*config, loop_.wall_now());
    auto shared = std::make_shared<const Config>(std::move(*config));
    result = on_loop([this, shared](Monitor::Answer answer) {
      monitor_->reload(shared, [this, shared, answer = std::move(answer)](Result taken) {
        if (taken) {
          net_.set_source_address(probes::Address::parse(shared->place.source_address));
          delivery_->configure(shared, external_url());
        }
        answer(std::move(taken));
      });
    });
    if (result) {
      const Result desk = help_desk_->configure(shared);
      // Services have taken it: the sentence must not say that everything is as before.
      result = desk ? Result(*result + *desk)
                    : std::unexpected(
                          "services follow the new configuration, but reaction times "
                          "could not take it; mend that and reload again: " +
                          desk.error());
    }
  }
  stats_.reload_successful = result.has_value();
  if (!result) {
    log_error("the reload failed; what runs goes on", {{"error", result.error()}});
    return result;
  }
  stats_.reload_success_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(loop_.wall_now().time_since_epoch()).count();
  log_info(*result, {{"file", options_.config_file.string()}});
  return result;
}

void TheApp::run() {
  if (options_.handle_signals) watch_signals();
  loop_.post([this] {
    monitor_->start();
    notify_service_manager("READY=1");
    feed_watchdog();
  });
  loop_.run();
}

void TheApp::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  loop_.watch(signals_, probes::Loop::kRead, [this](unsigned) { on_signal(); });
}

void TheApp::on_signal() {
  signalfd_siginfo info{};
  if (read(signals_, &info, sizeof(info)) != sizeof(info)) return;
  if (info.ssi_signo == SIGHUP) {
    reloader_->post([this] { (void)reload(); });
    return;
  }
  log_info("stopping", {{"signal", info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT"}});
  shut_down();
}

// The watchdog is fed from the loop: a loop that hangs is a reason to be restarted.
void TheApp::feed_watchdog() {
  std::optional<std::chrono::microseconds> period = watchdog_period();
  if (!period || shutting_down_) return;
  notify_service_manager("WATCHDOG=1");
  loop_.call_at(loop_.now() + *period, [this] { feed_watchdog(); });
}

void TheApp::shut_down() {
  if (std::exchange(shutting_down_, true)) return;
  notify_service_manager("STOPPING=1");
  help_desk_->stop();
  monitor_->stop([this] {
    log_info("everything that arrived is committed");
    loop_.stop();
  });
}

}  // namespace

std::expected<std::unique_ptr<App>, std::string> App::create(AppOptions options) {
  auto app = std::make_unique<TheApp>(std::move(options));
  auto opened = app->open();
  if (!opened) return std::unexpected(opened.error());
  return app;
}

}  // namespace exporter

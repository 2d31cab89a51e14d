// The daemon as an object, so that tests run the whole of it in-process: the loop and the network,
// the ledger, the monitor, and the doors (HTTP, admin socket, signals, service manager).
//
// create() binds and opens everything or says why not; run() blocks until stop() or a signal.
// reload() and stop() may be called from any thread but the loop's.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/samples/sampler.h"
#include "exporter/snapshot.h"

namespace exporter {

struct AppOptions {
  std::filesystem::path config_file = "sla.yml";
  std::filesystem::path storage_path = "data";
  std::vector<std::string> listen_addresses = {":9849"};
  std::filesystem::path web_config_file;
  std::string external_url;
  SeriesKept series_kept = SeriesKept::automatic;
  bool enable_lifecycle = false;
  bool handle_signals =
      true;  // SIGHUP reloads, SIGTERM and SIGINT stop; they must be blocked in all threads
};

class App {
 public:
  // The error is for people: one line a problem, each with its remedy.
  static std::expected<std::unique_ptr<App>, std::string> create(AppOptions options);
  virtual ~App() = default;

  virtual void run() = 0;
  virtual void stop() = 0;
  virtual std::expected<std::string, std::string> reload() = 0;
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  virtual std::vector<std::uint16_t> ports() const = 0;
};

}  // namespace exporter

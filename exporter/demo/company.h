// A company to watch, in one process on loopback: web site, application, API, SMTP server and SMS
// gateway, each of which can be broken in several ways and healed, and a help desk, whose people
// can be sent away. `slatool demo` shows it to people, deploy/quickstart points an exporter at it,
// and tests use it as a peer.
//
// One thread of its own does everything. All methods may be called from any thread; they wait for
// that thread. Destruction closes every connection and joins.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>

#include "exporter/demo/modes.h"

namespace exporter::demo {

struct Options {
  std::string listen = "127.0.0.1";  // a literal address
  std::uint16_t base_port = 0;       // the control page's; services follow. 0: free ports
  bool tls = true;                   // false: HTTP in plain text, and SMTP as ever
  std::chrono::milliseconds slow_delay{1000};
  std::chrono::milliseconds drip_interval{200};
  std::string exporter_url = {};  // linked from the control page; ends in a slash
  // Where the help desk writes what happens to its tickets; empty: there is no help desk.
  std::filesystem::path ticket_file = {};
};

class DemoCompany {
 public:
  // The error names the address and what to do.
  static std::expected<std::unique_ptr<DemoCompany>, std::string> start(Options options);
  virtual ~DemoCompany() = default;

  virtual std::uint16_t port(Service service) const = 0;
  virtual std::uint16_t control_port() const = 0;
  virtual std::string address(Service service) const = 0;  // "https://127.0.0.1:1/", "127.0.0.1:2"
  virtual std::string control_address() const = 0;         // "http://127.0.0.1:3/"
  virtual const std::string& authority_pem() const = 0;    // to be trusted by probes

  // Open connections to the service end. Fails where a mode makes no sense (a certificate in plain
  // text) or the port cannot be listened on again.
  virtual std::expected<void, std::string> set_mode(Service service, Mode mode) = 0;
  virtual Mode mode(Service service) const = 0;
  virtual std::uint64_t asked(Service service) const = 0;  // requests, or SMTP dialogs

  virtual const std::filesystem::path& ticket_file() const = 0;
};

}  // namespace exporter::demo

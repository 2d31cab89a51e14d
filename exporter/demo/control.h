// The control page of the demo company and its JSON twin: what state each service is in, and
// buttons to break and heal it. Works without scripts. Loop thread only.
//
//   GET  /                              the page
//   POST /services/<name|all>           form field `mode`; leads back to the page
//   GET  /api/state                     {"services": [{"name", "title", "address", "mode",
//   "asked"}, ...]} POST /api/services/<name|all>/mode  {"mode": "error"}
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "exporter/demo/front.h"
#include "exporter/demo/modes.h"

namespace exporter::demo {

struct ServiceState {
  Service service;
  Mode mode;
  std::string address;  // https://127.0.0.1:18081/, 127.0.0.1:18084
  std::uint64_t asked;  // requests or dialogs since the start
};

struct ControlPanel {
  std::function<std::vector<ServiceState>()> state;
  std::function<std::expected<void, std::string>(Service, Mode)> set_mode;
  std::string exporter_url;  // linked from the page; empty: no link
};

HttpReply control(const ControlPanel& panel, const HttpRequest& request);

}  // namespace exporter::demo

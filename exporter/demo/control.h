// The control page of the demo company and its JSON twin: what state each service is in, and
// buttons to break and heal it. Works without scripts. Loop thread only.
//
//   GET  /                              the page
//   POST /services/<name|all>           form field `mode`; leads back to the page
//   GET  /api/state                     {"services": [{"name", "title", "address", "mode",
//                                       "asked"}, ...], "help_desk": {"name", "mode"}}
//   POST /api/services/<name|all>/mode  {"mode": "error"}
//
// The help desk is called help-desk and has two modes: up, and silent when nobody answers. All is
// the services and the help desk; what it cannot do the help desk leaves out.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "exporter/demo/front.h"
#include "exporter/demo/help_desk.h"
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
  HelpDesk* help_desk = nullptr;  // null: there is none
  std::string exporter_url;       // linked from the page; empty: no link
};

HttpReply control(const ControlPanel& panel, const HttpRequest& request);

}  // namespace exporter::demo

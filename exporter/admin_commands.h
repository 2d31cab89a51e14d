// What slatool may ask of the running daemon, as JSON on the admin socket:
//   {"command":"correct","service":...,"from":unix,"to":unix,"verdict":"good|bad|unknown|excluded",
//    "agreements":[...],"by":...,"why":...}
//   {"command":"terms-now","agreement":...,"by":...,"why":...}
//   {"command":"ping"}
// The answer is {"ok":true,"message":...} or {"ok":false,"error":...}. Pure.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "exporter/ledger/records.h"

namespace exporter {

struct AdminCommand {
  std::optional<Correction> correction;  // else: bring the waiting terms of `agreement` in force
  std::string agreement, by, why;
};

// Parses a request, calls `execute` for one that is valid, and writes the answer. Never throws.
std::string answer_admin_request(
    const std::string& request,
    const std::function<std::expected<std::string, std::string>(AdminCommand)>& execute);

}  // namespace exporter

// What slatool may ask of the running daemon, as JSON on the admin socket:
//   {"command":"correct","service":...,"from":unix,"to":unix,"verdict":"good|bad|unknown|excluded",
//    "agreements":[...],"by":...,"why":...}
//   {"command":"terms-now","agreement":...,"by":...,"why":...}
//   {"command":"maintenance-add","id":...,"services":[...],"agreements":[...],"from":unix,"to":unix,
//    "announced":unix,"summary":...}
//   {"command":"maintenance-withdraw","ids":[...]}
//   {"command":"ticket-correct","action":"void|reacted-at|region|level","source":...,"ticket":...,
//    "level":...,"instance":1,"at":unix,"calendar":...,"by":...,"why":...}
//   {"command":"support-terms-now","by":...,"why":...}
//   {"command":"ping"}
// The answer is {"ok":true,"message":...} or {"ok":false,"error":...}. Pure.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "exporter/ledger/records.h"
#include "exporter/sla/window.h"
#include "exporter/ticket/ticket.h"

namespace exporter {

// Brings the terms that wait for the next month in force at once.
struct TakeTerms {
  std::string agreement, by, why;
};
// The same for the terms of reaction times, which are of all agreements together.
struct TakeSupportTerms {
  std::string by, why;
};
struct WithdrawWindows {
  std::vector<std::string> ids;
};
using BookCommand = std::variant<Correction, TakeTerms, MaintenanceWindow, WithdrawWindows>;
using DeskCommand = std::variant<TicketCorrection, TakeSupportTerms>;
// By who carries it out: the book of availability, or the desk of reaction times.
using AdminCommand = std::variant<BookCommand, DeskCommand>;

// The request for a command, on one line.
std::string admin_request_of(const AdminCommand& command);

// Parses a request, calls `execute` for one that is valid, and writes the answer. Never throws.
std::string answer_admin_request(
    const std::string& request,
    const std::function<std::expected<std::string, std::string>(AdminCommand)>& execute);

}  // namespace exporter

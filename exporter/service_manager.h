// Tells systemd how we are (sd_notify(3)): ready, reloading, stopping, and that the watchdog need
// not bite. Does nothing when not started by it. Loop thread only.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace exporter {

// Sends one state ("READY=1") to $NOTIFY_SOCKET; false when there is none or it cannot be reached.
bool notify_service_manager(std::string_view state);

// Half of $WATCHDOG_USEC, how often "WATCHDOG=1" should be sent; absent when no watchdog is set for
// us.
std::optional<std::chrono::microseconds> watchdog_period();

}  // namespace exporter

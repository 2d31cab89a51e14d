// How a verb of slatool reaches the daemon that owns the storage folder: one JSON object a line
// over <storage.path>/admin.sock, one back (exporter/admin_commands.h lists the requests). Blocks,
// for a bounded time. Any thread.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

namespace exporter::tool {

struct AdminFailure {
  bool not_running = false;  // nobody listens: the caller may open the ledger itself
  std::string message;       // a sentence
};

// `request` is one JSON object without line breaks. Returns the daemon's message.
std::expected<std::string, AdminFailure> admin_request(const std::filesystem::path& storage,
                                                       const std::string& request);

}  // namespace exporter::tool

// The door for slatool's verbs that write: a Unix socket in the storage folder that only its owner
// can open. One JSON object a line asks, one JSON object a line answers. A thread of its own serves
// one client at a time; the handler is called on it and may block.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace exporter {

class AdminServer {
 public:
  static constexpr std::size_t kMaxRequestBytes = 64 * 1024;

  using Handler = std::function<std::string(const std::string& request)>;

  // Binds <folder>/admin.sock with mode 0600; one left by a killed process is replaced. The caller
  // holds the ledger's lock, so no living process can own it.
  static std::expected<std::unique_ptr<AdminServer>, std::string> start(
      std::filesystem::path folder, Handler handler);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

 private:
  AdminServer(std::filesystem::path path, int listener, int wake, Handler handler);
  void serve();
  void serve_client(int client);

  std::filesystem::path path_;
  int listener_;
  int wake_;  // eventfd: written once, to stop
  Handler handler_;
  std::thread thread_;
};

}  // namespace exporter

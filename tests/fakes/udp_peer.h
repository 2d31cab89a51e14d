// A datagram server on loopback: one thread gives each datagram to the handler of the test and
// sends back whatever that returns. The port is the kernel's choice.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "probes/net/net.h"

namespace fakes {

class UdpPeer {
 public:
  using Handler = std::function<std::vector<std::string>(std::string_view datagram)>;

  explicit UdpPeer(Handler handler, const std::string& address = "127.0.0.1");
  UdpPeer(const UdpPeer&) = delete;
  UdpPeer& operator=(const UdpPeer&) = delete;
  ~UdpPeer();

  probes::Endpoint endpoint() const { return endpoint_; }
  std::string target() const;
  int datagrams() const { return datagrams_; }

 private:
  void serve();

  Handler handler_;
  int fd_ = -1;
  probes::Endpoint endpoint_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> datagrams_ = 0;
  std::thread thread_;
};

}  // namespace fakes

// A name server on loopback for tests: one thread answers UDP questions for addresses as the test
// says, by name and family. It knows just enough of RFC 1035 for that.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "probes/net/net.h"

namespace fakes {

struct DnsAnswer {
  bool silent = false;
  int rcode = 0;
  std::vector<std::string> addresses;  // those of the family that was asked for count
};

class DnsServer {
 public:
  // Runs on the server's thread. Questions for other types than A and AAAA are answered by `other`.
  using Handler = std::function<DnsAnswer(const std::string& name)>;

  explicit DnsServer(Handler handler, DnsAnswer other = {});
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer();

  probes::Endpoint endpoint() const { return endpoint_; }
  int questions() const { return questions_; }

 private:
  void serve();
  std::string answer_to(std::string_view question, const DnsAnswer& answer, int type) const;

  Handler handler_;
  DnsAnswer other_;
  int fd_ = -1;
  probes::Endpoint endpoint_;
  std::atomic<int> questions_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace fakes

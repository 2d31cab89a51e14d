// One c-ares channel on the loop. c-ares opens its own sockets and tells through a callback what it
// wants to know about them; its answers come through a Later, so that nobody is resumed from inside
// the library. There is no way to take back a single question: an answer nobody waits for any more
// is dropped when it comes, which the channel's own retries bound. Loop thread only; must not be
// destroyed from within one of its own callbacks.
#pragma once

#include <ares.h>

#include <string>
#include <vector>

#include "probes/async/later.h"
#include "probes/net/net.h"

namespace probes {

struct DnsLookup {
  int status = ARES_SUCCESS;  // of ares.h
  int timeouts = 0;           // questions of this lookup that went unanswered before
  std::vector<Address> addresses;
};

class AresChannel {
 public:
  // `resolv_conf` names the configuration file. valid() tells whether c-ares took it.
  AresChannel(Loop& loop, const std::string& resolv_conf);
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;
  ~AresChannel();

  bool valid() const { return channel_ != nullptr; }
  std::vector<Endpoint> servers() const;
  bool set_servers(const std::vector<Endpoint>& servers);

  // The addresses of one family: hosts file, then DNS, with the search list of the system.
  void lookup(const std::string& host, Family family, Later<DnsLookup> answer);
  // Asks for the root's name servers, which any living resolver answers from memory. `heard` is
  // told the status from within c-ares: it may note it and nothing else.
  void ping(std::function<void(int status)> heard);
  // What the hosts file alone says; no question is sent.
  std::vector<Address> hosts_file(const std::string& host, Family family) const;

 private:
  struct Question {
    AresChannel& channel;
    Later<DnsLookup> answer;
  };
  struct Ping {
    AresChannel& channel;
    std::function<void(int status)> heard;
  };

  static void on_socket(void* self, ares_socket_t fd, int readable, int writable);
  static void on_addresses(void* question, int status, int timeouts, ares_addrinfo* info);
  static void on_ping(void* ping, int status, int timeouts, unsigned char* reply, int size);
  void process(ares_socket_t readable, ares_socket_t writable);
  void keep_ticking();

  Loop& loop_;
  ares_channel channel_ = nullptr;
  TimerId tick_ = 0;
  int questions_ = 0;  // under way
};

}  // namespace probes

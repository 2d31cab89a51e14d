// Names to addresses by the system's own configuration: hosts file and resolv.conf, which is read
// again when it changes. Loop thread only.
//
// Who is to blame is decided on evidence. An answer of a resolver, be it NXDOMAIN or SERVFAIL, is
// the target's (Reason::dns). Silence is ours (Reason::local) unless the resolver was heard on
// anything else meanwhile: a lookup that takes long asks it for the root's name servers on the
// side.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "probes/net/ares_channel.h"
#include "probes/net/net.h"

namespace probes {

class Resolver {
 public:
  struct Options {
    std::string resolv_conf = "/etc/resolv.conf";
    std::vector<Endpoint> servers;  // instead of those in the file
  };

  Resolver(Loop& loop, Options options);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  Task<Result<std::vector<Address>>> resolve(std::string host, Family family, TimePoint deadline);
  std::vector<Endpoint> servers();

 private:
  // When resolv.conf was written, to see that it was replaced.
  using Stamp = std::filesystem::file_time_type;

  // The channels of one reading of resolv.conf. Lookups under way keep theirs alive.
  struct Configuration {
    Stamp stamp{};
    std::vector<Endpoint> servers;
    // One for each server to begin with: c-ares goes on to the next server on silence but not on
    // SERVFAIL or REFUSED, then we do.
    std::vector<std::unique_ptr<AresChannel>> channels;
    std::size_t first = 0;    // begin with this one, because the one before was silent
    TimePoint last_answer{};  // when any resolver was last heard
    bool pinging = false;
  };
  using ConfigurationPtr = std::shared_ptr<Configuration>;

  ConfigurationPtr configuration();
  ConfigurationPtr read_configuration(Stamp stamp) const;
  Stamp stamp() const;
  Task<Result<DnsLookup>> ask(ConfigurationPtr from, std::size_t channel, std::string host,
                              Family family, TimePoint deadline);
  void ping(ConfigurationPtr from);
  Error silence(const Configuration& from, const std::string& host, TimePoint since) const;

  Loop& loop_;
  Options options_;
  ConfigurationPtr configuration_;
  TimePoint checked_{};
};

}  // namespace probes

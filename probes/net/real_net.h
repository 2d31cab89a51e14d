// The real network: sockets of the kernel, OpenSSL, c-ares, and the HTTP client on top of them.
// Loop thread only; the loop outlives it, and tasks that use it are destroyed before it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "probes/net/net.h"
#include "probes/net/resolver.h"
#include "probes/net/tls.h"

namespace probes {

class HttpClient;

class RealNet final : public Net {
 public:
  struct Options {
    Resolver::Options resolver;
    std::string ca_bundle;  // instead of the system's
  };

  explicit RealNet(Loop& loop) : RealNet(loop, Options{}) {}
  RealNet(Loop& loop, Options options);
  RealNet(const RealNet&) = delete;
  RealNet& operator=(const RealNet&) = delete;
  ~RealNet() override;

  Loop& loop() override { return loop_; }
  Task<Result<std::vector<Address>>> resolve(std::string host, Family family,
                                             TimePoint deadline) override;
  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, ConnectOptions options,
                                                TimePoint deadline) override;
  Task<std::expected<HttpResponse, HttpFailure>> http(HttpRequest request,
                                                      TimePoint deadline) override;
  Task<Result<std::string>> exchange(DatagramExchange exchange,
                                     bool (*accept)(std::string_view request,
                                                    std::string_view answer),
                                     Duration resend_after, TimePoint deadline) override;
  std::vector<Endpoint> system_resolvers() override { return resolver_.servers(); }

  // Where connections and datagrams that name no source address of their own go out from; only
  // those of its family. Without one the kernel chooses.
  void set_source_address(std::optional<Address> address) { source_ = address; }

 private:
  // The source address of what goes to a peer of that family.
  std::string source_for(std::string wanted, Family family) const;

  Loop& loop_;
  TlsContexts contexts_;
  Resolver resolver_;
  std::unique_ptr<HttpClient> http_;
  std::optional<Address> source_;
};

}  // namespace probes

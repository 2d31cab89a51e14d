#include "probes/net/real_net.h"

#include "probes/net/datagram.h"
#include "probes/net/http_client.h"
#include "probes/net/tcp_stream.h"

namespace probes {

RealNet::RealNet(Loop& loop, Options options)
    : loop_(loop),
      contexts_(loop, std::move(options.ca_bundle)),
      resolver_(loop, std::move(options.resolver)),
      http_(std::make_unique<HttpClient>(*this)) {}

RealNet::~RealNet() = default;

Task<Result<std::vector<Address>>> RealNet::resolve(std::string host, Family family,
                                                    TimePoint deadline) {
  return resolver_.resolve(std::move(host), family, deadline);
}

Task<Result<std::unique_ptr<Stream>>> RealNet::connect(Endpoint endpoint, ConnectOptions options,
                                                       TimePoint deadline) {
  options.source_address = source_for(std::move(options.source_address), endpoint.address.family);
  return TcpStream::connect(loop_, contexts_, std::move(endpoint), std::move(options), deadline);
}

std::string RealNet::source_for(std::string wanted, Family family) const {
  if (!wanted.empty() || !source_ || source_->family != family) return wanted;
  return source_->text();
}

Task<std::expected<HttpResponse, HttpFailure>> RealNet::http(HttpRequest request,
                                                             TimePoint deadline) {
  return http_->transfer(std::move(request), deadline);
}

Task<Result<std::string>> RealNet::exchange(DatagramExchange exchange,
                                            bool (*accept)(std::string_view request,
                                                           std::string_view answer),
                                            Duration resend_after, TimePoint deadline) {
  exchange.source_address =
      source_for(std::move(exchange.source_address), exchange.server.address.family);
  return exchange_datagrams(loop_, std::move(exchange), accept, resend_after, deadline);
}

}  // namespace probes

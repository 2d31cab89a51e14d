// The network as probes see it: names, streams, datagrams and HTTP transfers, all awaited, all with
// a deadline. RealNet (real_net.h) stands on c-ares, libcurl, OpenSSL and the loop's sockets;
// tests/fakes/sim_net.h is a scripted one on virtual time. Loop thread only.
//
// Errors say whose fault it was: Reason::local for ours (no descriptors, no route for any family,
// the resolver does not answer at all), any other for the target's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/async/loop.h"
#include "probes/async/task.h"
#include "probes/outcome.h"

namespace probes {

enum class Family { ip4, ip6 };

// An IP address without port, in network order. `bytes` holds 4 or 16 octets.
struct Address {
  Family family = Family::ip4;
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t scope_id = 0;

  std::string text() const;
  std::span<const std::uint8_t> octets() const;
  static std::optional<Address> parse(
      std::string_view text);  // "192.0.2.1", "2001:db8::1", "fe80::1%eth0"
  bool operator==(const Address&) const = default;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
};

// The keys of the blackbox exporter's tls_config.
struct TlsOptions {
  bool insecure_skip_verify = false;
  std::string ca_file;    // empty: the system's bundle
  std::string cert_file;  // client certificate
  std::string key_file;
  std::string server_name;  // SNI and name to verify; empty: the target's host
  std::string min_version = "TLS12";
  std::string max_version = "TLS13";
  // Protocols to offer by ALPN, best first. Set by the prober, never by configuration.
  std::vector<std::string> alpn;
  bool operator==(const TlsOptions&) const = default;
};

// What a handshake showed. Filled also when verification failed, so that an expired certificate
// still shows its date.
struct TlsInfo {
  std::string version;                      // "TLS 1.2", "TLS 1.3"
  std::string alpn;                         // protocol agreed by ALPN; empty: none
  std::string cipher;                       // IANA name, such as TLS_AES_128_GCM_SHA256
  std::optional<WallTime> earliest_expiry;  // of the chain the peer sent
  std::optional<WallTime>
      last_chain_expiry;  // earliest expiry of the verified chain that lasts longest
  // Of the leaf: hexadecimal SHA-256, RFC 2253-like names as the blackbox exporter prints them.
  std::string fingerprint_sha256, subject, issuer, subject_alternative_names, serial_number;
};

// A connected byte stream. Destroying it closes it at once. One read and one write may be under
// way.
class Stream {
 public:
  virtual ~Stream() = default;
  // At least one byte; an empty string at the end of the stream.
  virtual Task<Result<std::string>> read_some(std::size_t at_most, TimePoint deadline) = 0;
  virtual Task<Result<void>> write_all(std::string bytes, TimePoint deadline) = 0;
  // TLS from here on. Bytes that came before the handshake are a protocol error (STARTTLS
  // injection).
  virtual Task<Result<void>> start_tls(TlsOptions options, std::string host,
                                       TimePoint deadline) = 0;
  // After start_tls was tried, also when it failed after the peer's certificate arrived.
  virtual const TlsInfo* tls_info() const = 0;
};

struct HttpHeader {
  std::string name, value;
};

// One request and its answer; redirects are the probe's business (each is a request of its own).
struct HttpRequest {
  std::string method = "GET";
  std::string url;     // absolute, http or https
  Address connect_to;  // the resolved address; the port comes from the URL (or the proxy)
  std::vector<HttpHeader> headers;
  std::string body;
  bool has_body = false;
  TlsOptions tls;
  bool http2 = true;      // offer h2 by ALPN on https
  std::string proxy_url;  // empty: none
  std::string proxy_user_password;
  std::string source_address;  // empty: any
  std::size_t max_header_bytes = 256 * 1024;
  std::size_t max_body_bytes = 10 * 1024 * 1024;  // of what is kept; see body_truncated
  // Ends the transfer when the body passes the limit, so that a peer that sends for ever cannot
  // hold us.
  bool stop_at_limit = true;
  // The same for everything that is received, kept or not.
  std::uint64_t max_transfer_bytes = 64 * 1024 * 1024;
  // When to give up connecting, if that is sooner than the deadline: leaves time for another
  // address.
  TimePoint connect_deadline = TimePoint::max();
};

struct HttpResponse {
  bool connected = false;  // the peer was reached: what went wrong after that is its answer
  int status = 0;
  std::string version;               // "1.0", "1.1", "2.0"
  std::vector<HttpHeader> headers;   // in order, names as sent
  std::string body;                  // as sent (still compressed)
  std::int64_t content_length = -1;  // header value, -1 unknown
  std::uint64_t body_bytes = 0;      // received on the wire, without transfer coding
  bool body_truncated = false;       // the limit was reached
  std::optional<TlsInfo> tls;
  // Elapsed parts, each from the end of the one before.
  Duration connect{}, tls_handshake{}, processing{}, transfer{};
};

// What went wrong, with whatever was learnt before it did (phases, TLS facts, status).
struct HttpFailure {
  Error error;
  HttpResponse partial;
};

struct DatagramExchange {
  Endpoint server;
  std::string source_address;
  std::string request;
};

struct ConnectOptions {
  std::string source_address;
};

class Net {
 public:
  virtual ~Net() = default;
  virtual Loop& loop() = 0;

  // All addresses of one family, in the resolver's order; a literal address is answered at once. An
  // empty vector means the name exists without addresses of this family. NXDOMAIN and SERVFAIL are
  // Reason::dns; no answer from any resolver is Reason::local.
  virtual Task<Result<std::vector<Address>>> resolve(std::string host, Family family,
                                                     TimePoint deadline) = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, ConnectOptions options,
                                                        TimePoint deadline) = 0;
  virtual Task<std::expected<HttpResponse, HttpFailure>> http(HttpRequest request,
                                                              TimePoint deadline) = 0;
  // Sends one datagram and waits for answers from that server; `accept` says whether an answer is
  // the one (others are dropped). The request is sent again after `resend_after` until the
  // deadline.
  virtual Task<Result<std::string>> exchange(DatagramExchange exchange,
                                             bool (*accept)(std::string_view request,
                                                            std::string_view answer),
                                             Duration resend_after, TimePoint deadline) = 0;
  // The system's resolvers (resolv.conf), for probes that ask "the resolver".
  virtual std::vector<Endpoint> system_resolvers() = 0;
};

}  // namespace probes

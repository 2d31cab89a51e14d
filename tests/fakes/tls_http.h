// An HTTPS client for tests of the web server's TLS: what the client offers and what became of the
// handshake are both visible. Blocking; one connection each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace fakes {

struct TlsClientOptions {
  std::string ca_pem;             // whom the client trusts
  std::string cert_pem, key_pem;  // the client's own certificate; empty: none
  int max_version = 0;            // OpenSSL's number; 0: the highest
  std::string ciphers;            // TLS 1.2 suites; empty: the default
  std::string groups;
};

class TlsHttp {
 public:
  TlsHttp(std::uint16_t port, const TlsClientOptions& options);
  ~TlsHttp();
  TlsHttp(const TlsHttp&) = delete;
  TlsHttp& operator=(const TlsHttp&) = delete;

  bool connected() const;
  std::string error() const;    // why the handshake failed
  std::string version() const;  // "TLSv1.3"
  std::string cipher() const;
  std::string peer_common_name() const;
  // The status of one GET on this connection; 0 when the server hung up, which is also how a server
  // of TLS 1.3 refuses a client's certificate.
  int get(const std::string& path, const std::string& headers = "");

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fakes

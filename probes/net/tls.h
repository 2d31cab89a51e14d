// Client TLS on a nonblocking socket, by OpenSSL. TlsContexts keeps one SSL_CTX for each set of
// options, all on one loaded CA bundle: loading it anew would cost more than a hundred handshakes.
// TlsSession is one connection; it never waits, it says what it waits for. What the peer's
// certificates say is kept also when they were refused. Loop thread only.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "probes/net/net.h"

namespace probes {

struct OpensslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

class TlsContexts {
 public:
  // `system_bundle` is for tests; empty: $SSL_CERT_FILE, Debian's bundle, or OpenSSL's own default,
  // whichever exists first.
  explicit TlsContexts(Loop& loop, std::string system_bundle = "");

  // The context for these options, valid until the next call. Files that changed are read again.
  // Every failure is Reason::local: it is our configuration.
  Result<SSL_CTX*> get(const TlsOptions& options);

 private:
  // When the file was written, and how long it is: enough to see that it was replaced.
  struct Stamp {
    std::filesystem::file_time_type written{};
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    TlsOptions options;
    std::vector<Stamp> stamps;
    TimePoint checked;
    std::unique_ptr<SSL_CTX, OpensslFree> context;
  };
  struct Bundle {
    std::string path;
    Stamp stamp;
    std::unique_ptr<X509_STORE, OpensslFree> store;
  };

  static Stamp stamp_of(const std::string& path);
  std::vector<Stamp> stamps_of(const TlsOptions& options) const;
  Result<std::unique_ptr<SSL_CTX, OpensslFree>> build(const TlsOptions& options);
  Result<void> set_trust(SSL_CTX* context, const TlsOptions& options);
  Result<X509_STORE*> store_of(const std::string& path);

  Loop& loop_;
  std::string system_bundle_;
  std::vector<Bundle> bundles_;
  std::vector<Entry> entries_;
};

// One TLS connection over a connected socket, which it does not own.
class TlsSession {
 public:
  // What a step came to. After `failed` error() says why; nothing may follow.
  enum class Step { done, wants_read, wants_write, end, failed };

  // `host` is the name to ask for and to verify unless options.server_name says otherwise.
  TlsSession(SSL_CTX* context, int fd, const TlsOptions& options, std::string host, WallTime now);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();  // says good-bye (close_notify) if the handshake was completed

  Step handshake();
  Step read(char* to, std::size_t at_most, std::size_t& got);
  Step write(std::string_view bytes, std::size_t& written);
  const Error& error() const { return error_; }
  const TlsInfo& info() const { return info_; }

  // For the C callbacks of tls.cc.
  int on_verify(X509_STORE_CTX* verification);
  int send_bytes(BIO* bio, const char* bytes, int size);
  int receive_bytes(BIO* bio, char* to, int size);
  bool peer_closed() const { return peer_closed_; }

 private:
  Step step(int result, const char* during);
  Error explain(int ssl_error, const char* during) const;
  void set_expected_name(WallTime now);
  void note_connection();

  std::unique_ptr<SSL, OpensslFree> ssl_;
  int fd_;
  TlsOptions options_;
  std::string name_;
  TlsInfo info_;
  Error error_;
  std::optional<Error> certificate_error_;
  int socket_errno_ = 0;
  bool peer_closed_ = false;
  bool established_ = false;
  bool broken_ = false;
};

}  // namespace probes

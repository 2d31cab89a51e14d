#include "probes/net/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "probes/net/certificate.h"
#include "probes/net/socket.h"

namespace probes {
namespace {

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL and would end the process on a closed peer.
int bio_write(BIO* bio, const char* bytes, int size) {
  return static_cast<TlsSession*>(BIO_get_data(bio))->send_bytes(bio, bytes, size);
}

int bio_read(BIO* bio, char* to, int size) {
  return static_cast<TlsSession*>(BIO_get_data(bio))->receive_bytes(bio, to, size);
}

long bio_ctrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF)
    return static_cast<TlsSession*>(BIO_get_data(bio))->peer_closed() ? 1 : 0;
  return 0;
}

// Made once and kept for the life of the process.
BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "probe socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_ctrl);
    return made;
  }();
  return method;
}

std::string version_text(int version) {
  switch (version) {
    case TLS1_VERSION:
      return "TLS 1.0";
    case TLS1_1_VERSION:
      return "TLS 1.1";
    case TLS1_2_VERSION:
      return "TLS 1.2";
    case TLS1_3_VERSION:
      return "TLS 1.3";
    default:
      return "unknown";
  }
}

// "TLS12" as people write it.
std::string option_text(const std::string& option) {
  if (option.size() != 5) return option;
  return fmt::format("TLS {}.{}", option[3], option[4]);
}

std::string alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

// OpenSSL numbers the alerts a peer sent from 1000 on.
constexpr int kFirstAlertReason = SSL_AD_REASON_OFFSET;
constexpr int kLastAlertReason = SSL_AD_REASON_OFFSET + 255;

// "tlsv13 alert certificate required" without the version, which says nothing here.
std::string_view alert_text(std::string_view reason) {
  constexpr std::string_view kWord = " alert ";
  const std::size_t at = reason.find(kWord);
  return at == std::string_view::npos ? reason : reason.substr(at + kWord.size());
}

bool is_version_trouble(int reason) {
  return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION;
}

}  // namespace

TlsSession::TlsSession(SSL_CTX* context, int fd, const TlsOptions& options, std::string host,
                       WallTime now)
    : ssl_(SSL_new(context)),
      fd_(fd),
      options_(options),
      name_(options.server_name.empty() ? std::move(host) : options.server_name) {
  if (!ssl_) return;  // handshake() reports it
  BIO* bio = BIO_new(bio_method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_connect_state(ssl_.get());
  set_expected_name(now);
  const std::string alpn = alpn_wire(options.alpn);
  if (!alpn.empty())
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
}

TlsSession::~TlsSession() {
  if (!established_ || broken_) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsSession::set_expected_name(WallTime now) {
  X509_VERIFY_PARAM* expectation = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_time(
      expectation, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  // A fully qualified name may end in a dot; names in certificates and in SNI never do.
  if (name_.ends_with('.')) name_.pop_back();
  const auto address = Address::parse(name_);
  if (address) {
    X509_VERIFY_PARAM_set1_ip(expectation, address->octets().data(), address->octets().size());
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(
      expectation, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(expectation, name_.data(), name_.size());
  SSL_set_tlsext_host_name(ssl_.get(), name_.c_str());
}

TlsSession::Step TlsSession::handshake() {
  if (!ssl_) {
    error_ = {Reason::local, "OpenSSL has no memory for a TLS connection"};
    return Step::failed;
  }
  ERR_clear_error();
  const Step result = step(SSL_connect(ssl_.get()), "during the TLS handshake");
  if (result == Step::end) {
    error_ = {Reason::tls, "the peer closed the connection during the TLS handshake"};
    broken_ = true;
    return Step::failed;
  }
  if (result != Step::done) return result;
  established_ = true;
  note_connection();
  return result;
}

TlsSession::Step TlsSession::read(char* to, std::size_t at_most, std::size_t& got) {
  ERR_clear_error();
  return step(SSL_read_ex(ssl_.get(), to, at_most, &got), "while reading");
}

TlsSession::Step TlsSession::write(std::string_view bytes, std::size_t& written) {
  ERR_clear_error();
  return step(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written), "while writing");
}

TlsSession::Step TlsSession::step(int result, const char* during) {
  if (result == 1) return Step::done;
  const int ssl_error = SSL_get_error(ssl_.get(), result);
  switch (ssl_error) {
    case SSL_ERROR_WANT_READ:
      return Step::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return Step::end;
    default:
      error_ = explain(ssl_error, during);
      broken_ = true;
      ERR_clear_error();
      return Step::failed;
  }
}

Error TlsSession::explain(int ssl_error, const char* during) const {
  if (certificate_error_) return *certificate_error_;
  if (socket_errno_ != 0 && established_)
    return socket_error(socket_errno_, "the peer", Stage::answer);
  if (socket_errno_ != 0)
    return {Reason::tls,
            fmt::format("the connection broke {}: {}", during,
                        socket_error(socket_errno_, "the peer", Stage::answer).message)};
  if (ssl_error == SSL_ERROR_SYSCALL || peer_closed_)
    return {Reason::tls, fmt::format("the peer closed the connection {}", during)};

  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  if (is_version_trouble(reason))
    return {Reason::tls,
            fmt::format("the peer offers no TLS version from {} to {}",
                        option_text(options_.min_version), option_text(options_.max_version))};
  if (reason == SSL_R_WRONG_VERSION_NUMBER)
    return {Reason::tls, "the peer does not speak TLS: its answer is not a TLS record"};
  const char* known = ERR_reason_error_string(code);
  const std::string_view text = known ? known : "unknown error";
  if (reason >= kFirstAlertReason && reason <= kLastAlertReason)
    return {Reason::tls, fmt::format("the peer refused {}: {}", during, alert_text(text))};
  return {Reason::tls, fmt::format("TLS failed {}: {}", during, text)};
}

int TlsSession::on_verify(X509_STORE_CTX* verification) {
  describe_chain(X509_STORE_CTX_get0_untrusted(verification), info_);
  info_.version = version_text(SSL_version(ssl_.get()));
  if (const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl_.get()))
    info_.cipher = SSL_CIPHER_standard_name(cipher);
  if (options_.insecure_skip_verify) return 1;
  if (X509_verify_cert(verification) == 1) {
    info_.last_chain_expiry = earliest_expiry(X509_STORE_CTX_get0_chain(verification));
    return 1;
  }
  certificate_error_ = Error{Reason::certificate, refusal_text(verification, name_)};
  return 0;
}

void TlsSession::note_connection() {
  info_.version = version_text(SSL_version(ssl_.get()));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get()))
    info_.cipher = SSL_CIPHER_standard_name(cipher);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  if (size > 0) info_.alpn.assign(reinterpret_cast<const char*>(protocol), size);
}

int TlsSession::send_bytes(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = send(fd_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<int>(sent);
  if (errno == EAGAIN || errno == EINTR) {
    BIO_set_retry_write(bio);
  } else {
    socket_errno_ = errno;
  }
  return -1;
}

int TlsSession::receive_bytes(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = recv(fd_, to, static_cast<std::size_t>(size), 0);
  if (got > 0) return static_cast<int>(got);
  if (got == 0) {
    peer_closed_ = true;
    return 0;
  }
  if (errno == EAGAIN || errno == EINTR) {
    BIO_set_retry_read(bio);
  } else {
    socket_errno_ = errno;
  }
  return -1;
}

}  // namespace probes

#include "tests/fakes/tls_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

namespace fakes {

struct TlsHttp::Impl {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* tls = nullptr;
  int fd = -1;
  bool connected = false;
  std::string error;

  ~Impl() {
    SSL_free(tls);
    SSL_CTX_free(context);
    if (fd >= 0) ::close(fd);
  }
};

namespace {

BIO* reader(const std::string& pem) {
  return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
}

void trust(SSL_CTX* context, const std::string& pem) {
  BIO* bio = reader(pem);
  X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
  X509_free(authority);
  BIO_free(bio);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

void present(SSL_CTX* context, const TlsClientOptions& options) {
  BIO* bio = reader(options.cert_pem);
  X509* own = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = reader(options.key_pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context, own);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(own);
  EVP_PKEY_free(key);
}

}  // namespace

TlsHttp::TlsHttp(std::uint16_t port, const TlsClientOptions& options)
    : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!options.ca_pem.empty()) trust(impl_->context, options.ca_pem);
  if (!options.cert_pem.empty()) present(impl_->context, options);
  SSL_CTX_set_security_level(impl_->context, 0);
  SSL_CTX_set_min_proto_version(impl_->context, TLS1_VERSION);
  if (options.max_version != 0) SSL_CTX_set_max_proto_version(impl_->context, options.max_version);
  if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(impl_->context, options.ciphers.c_str());
  if (!options.groups.empty()) SSL_CTX_set1_groups_list(impl_->context, options.groups.c_str());

  impl_->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(impl_->fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
  const timeval deadline{20, 0};
  ::setsockopt(impl_->fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);

  impl_->tls = SSL_new(impl_->context);
  SSL_set_fd(impl_->tls, impl_->fd);
  SSL_set_tlsext_host_name(impl_->tls, "localhost");
  ERR_clear_error();
  impl_->connected = SSL_connect(impl_->tls) == 1;
  if (impl_->connected) return;
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  impl_->error = reason == nullptr ? "closed" : reason;
}

TlsHttp::~TlsHttp() = default;

bool TlsHttp::connected() const { return impl_->connected; }
std::string TlsHttp::error() const { return impl_->error; }
std::string TlsHttp::version() const { return SSL_get_version(impl_->tls); }
std::string TlsHttp::cipher() const { return SSL_get_cipher_name(impl_->tls); }

std::string TlsHttp::peer_common_name() const {
  X509* peer = SSL_get1_peer_certificate(impl_->tls);
  char name[256] = "";
  if (peer != nullptr) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
  }
  X509_free(peer);
  return name;
}

int TlsHttp::get(const std::string& path, const std::string& headers) {
  if (!impl_->connected) return 0;
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
  if (SSL_write(impl_->tls, request.data(), static_cast<int>(request.size())) <= 0) return 0;
  std::string answer;
  char bytes[4096];
  while (answer.find("\r\n\r\n") == std::string::npos) {
    const int got = SSL_read(impl_->tls, bytes, sizeof bytes);
    if (got <= 0) return 0;
    answer.append(bytes, static_cast<std::size_t>(got));
  }
  return std::atoi(answer.c_str() + 9);
}

}  // namespace fakes

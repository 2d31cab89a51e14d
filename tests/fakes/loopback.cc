#include "tests/fakes/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <stdexcept>

#include "probes/net/socket.h"

namespace fakes {
namespace {

struct Listener {
  int fd;
  probes::Endpoint endpoint;
};

Listener listen_on(const std::string& address) {
  const auto parsed = probes::Address::parse(address);
  if (!parsed) throw std::runtime_error("not an address: " + address);
  const bool ip4 = parsed->family == probes::Family::ip4;
  const int fd = socket(ip4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto to = probes::to_socket_address({*parsed, 0});
  if (fd < 0 || bind(fd, to.get(), to.size) != 0 || listen(fd, 4096) != 0)
    throw std::runtime_error("cannot listen on " + address);
  sockaddr_in6 bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return {fd, {*parsed, ntohs(bound.sin6_port)}};  // the port stands at the same place in both
}

X509* read_certificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* cert = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return cert;
}

EVP_PKEY* read_key(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return key;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* offered) {
  const auto& wire = *static_cast<const std::string*>(offered);
  auto* chosen = const_cast<unsigned char**>(out);
  const int result =
      SSL_select_next_proto(chosen, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()), in, in_size);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

struct Connection::Tls {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  std::string alpn;
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

Connection::Connection(int fd) : fd_(fd) {}

Connection::~Connection() {
  tls_.reset();
  close(fd_);
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const long sent = tls_ ? SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

long Connection::receive(char* to, std::size_t size) {
  if (tls_) return SSL_read(tls_->ssl, to, static_cast<int>(size));
  return recv(fd_, to, size, 0);
}

std::string Connection::read_line() {
  while (buffer_.find('\n') == std::string::npos) {
    const std::string more = read_some();
    if (more.empty()) return "";
    buffer_ += more;
  }
  const std::size_t end = buffer_.find('\n');
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string Connection::read_some() {
  char bytes[4096];
  const long got = receive(bytes, sizeof bytes);
  return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : "";
}

void Connection::wait_until_closed() {
  while (!read_some().empty()) continue;
}

void Connection::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  tls_.reset();
  // Closing is what sends the reset; the number stays taken so that nobody else gets it meanwhile.
  const int placeholder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  dup2(placeholder, fd_);
  close(placeholder);
}

bool Connection::start_tls(const TlsServer& options) {
  tls_ = std::make_unique<Tls>();
  tls_->context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(tls_->context, TLS1_VERSION);
  SSL_CTX_set_security_level(tls_->context, 0);
  if (options.max_version != 0) SSL_CTX_set_max_proto_version(tls_->context, options.max_version);
  X509* cert = read_certificate(options.certificate.cert_pem);
  EVP_PKEY* key = read_key(options.certificate.key_pem);
  SSL_CTX_use_certificate(tls_->context, cert);
  SSL_CTX_use_PrivateKey(tls_->context, key);
  X509_free(cert);
  EVP_PKEY_free(key);
  for (const std::string& protocol : options.alpn) {
    tls_->alpn += static_cast<char>(protocol.size());
    tls_->alpn += protocol;
  }
  if (!tls_->alpn.empty()) SSL_CTX_set_alpn_select_cb(tls_->context, choose_alpn, &tls_->alpn);
  if (!options.client_ca_pem.empty()) {
    X509* ca = read_certificate(options.client_ca_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(tls_->context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(tls_->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  tls_->ssl = SSL_new(tls_->context);
  SSL_set_fd(tls_->ssl, fd_);
  return SSL_accept(tls_->ssl) == 1;
}

std::string Connection::server_name() const {
  const char* name = tls_ ? SSL_get_servername(tls_->ssl, TLSEXT_NAMETYPE_host_name) : nullptr;
  return name == nullptr ? "" : name;
}

void Connection::wait_until_cut() { cut_.wait(false); }

void Connection::cut() {
  cut_ = true;
  cut_.notify_all();
  shutdown(fd_, SHUT_RDWR);
}

LoopbackServer::LoopbackServer(Handler handler, const std::string& address)
    : handler_(std::move(handler)) {
  // OpenSSL writes to sockets without MSG_NOSIGNAL; the tests' servers may be cut at any time.
  std::signal(SIGPIPE, SIG_IGN);
  const Listener listener = listen_on(address);
  fd_ = listener.fd;
  endpoint_ = listener.endpoint;
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  shutdown(fd_, SHUT_RDWR);
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    for (const auto& connection : open_) connection->cut();
  }
  for (std::thread& thread : threads_) thread.join();
  close(fd_);
}

std::string LoopbackServer::target() const { return probes::endpoint_text(endpoint_); }

void LoopbackServer::accept_all() {
  while (true) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    auto connection = std::make_shared<Connection>(fd);
    {
      std::lock_guard lock(mutex_);
      open_.push_back(connection);
    }
    threads_.emplace_back([this, connection]() mutable {
      handler_(*connection);
      std::lock_guard lock(mutex_);
      std::erase(open_, connection);
      connection.reset();
    });
  }
}

Backlog::Backlog() {
  const Listener listener = listen_on("127.0.0.1");
  fd_ = listener.fd;
  endpoint_ = listener.endpoint;
}

Backlog::~Backlog() { close(fd_); }

probes::Endpoint closed_port(const std::string& address) {
  const Listener listener = listen_on(address);
  close(listener.fd);
  return listener.endpoint;
}

}  // namespace fakes

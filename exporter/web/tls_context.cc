// Go's modes of client authentication are not OpenSSL's: whether a certificate must be there and
// whether it is verified are two questions in Go. So the verification is taken over by a callback
// that knows the mode and the names that are allowed.
#include "exporter/web/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace exporter {
namespace {

template <class T, auto Free>
struct Deleter {
  void operator()(T* pointer) const { Free(pointer); }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO, BIO_free>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX, SSL_CTX_free>>;
using Done = std::expected<void, std::string>;

// Without suites of the user's choice: forward secrecy and authenticated encryption only.
constexpr const char* kSuites = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kSessionContext[] = "sla_exporter";

// What OpenSSL has to say, and its queue is empty afterwards.
std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

std::unexpected<std::string> wrong(std::string_view what) {
  return std::unexpected(fmt::format("{} ({})", what, openssl_reason()));
}

// A key behind a passphrase cannot be opened by a program that starts alone; never ask a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::vector<CertPtr> read_certificates(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<CertPtr> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    certificates.emplace_back(next);
  }
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return certificates;
}

std::int64_t expiry_of(X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return static_cast<std::int64_t>(::timegm(&end));
}

std::expected<std::int64_t, std::string> use_certificate(SSL_CTX* context,
                                                         const TlsSettings& settings) {
  const auto chain = read_certificates(settings.certificate);
  if (chain.empty()) return std::unexpected("the certificate holds no PEM certificate");
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) {
    return wrong("the certificate cannot be used");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());

  const std::string& pem = settings.key.reveal();
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return wrong("the key is no PEM key without a passphrase");
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    return wrong("the key does not belong to the certificate");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return wrong("the key cannot be used");
  return expiry_of(chain[0].get());
}

// --- client certificates
// --------------------------------------------------------------------------

struct ClientPolicy {
  bool verify = false;
  std::vector<std::string> allowed_sans;
};

int policy_index() {
  const auto free_policy = [](void*, void* policy, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<ClientPolicy*>(policy);
  };
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_policy);
  return index;
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int length = ASN1_STRING_length(bytes);
  const auto* data = ASN1_STRING_get0_data(bytes);
  if (length == 4) ::inet_ntop(AF_INET, data, text, sizeof text);
  if (length == 16) ::inet_ntop(AF_INET6, data, text, sizeof text);
  return text;
}

std::vector<std::string> sans_of(X509* certificate) {
  std::vector<std::string> sans;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) sans.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_EMAIL) sans.push_back(text_of(name->d.rfc822Name));
    if (name->type == GEN_URI) sans.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_IPADD) sans.push_back(address_of(name->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
  return sans;
}

int verify_client(X509_STORE_CTX* store, void*) {
  const auto* tls = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* policy =
      static_cast<const ClientPolicy*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), policy_index()));
  if (policy->verify && X509_verify_cert(store) != 1) return 0;
  if (policy->allowed_sans.empty()) return 1;
  for (const std::string& san : sans_of(X509_STORE_CTX_get0_cert(store))) {
    if (std::ranges::find(policy->allowed_sans, san) != policy->allowed_sans.end()) return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

Done use_client_ca(SSL_CTX* context, const TlsSettings& settings, bool verify) {
  if (settings.client_ca.empty()) {
    if (verify) SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  const auto authorities = read_certificates(settings.client_ca);
  if (authorities.empty()) return std::unexpected("the client CA holds no PEM certificate");
  for (const CertPtr& authority : authorities) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  ERR_clear_error();  // a CA that is there twice
  return {};
}

Done use_client_auth(SSL_CTX* context, const TlsSettings& settings) {
  const ClientAuth mode = settings.client_auth;
  if (mode == ClientAuth::none) return {};
  const bool must = mode == ClientAuth::require_any || mode == ClientAuth::require_and_verify;
  const bool verify = mode == ClientAuth::verify_if_given || mode == ClientAuth::require_and_verify;
  auto loaded = use_client_ca(context, settings, verify);
  if (!loaded) return loaded;
  auto policy = std::make_unique<ClientPolicy>();
  policy->verify = verify;
  policy->allowed_sans = settings.client_allowed_sans;
  if (SSL_CTX_set_ex_data(context, policy_index(), policy.get()) != 1) {
    return wrong("client certificates cannot be set up");
  }
  [[maybe_unused]] const auto* kept_by_context = policy.release();
  SSL_CTX_set_cert_verify_callback(context, verify_client, nullptr);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  // A resumed session would skip the verification, also after the allowed names have changed.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

// --- versions, suites, curves
// ---------------------------------------------------------------------

Done use_protocol(SSL_CTX* context, const TlsSettings& settings) {
  int min_version = settings.min_version;
  std::string suites = fmt::format("{}", fmt::join(settings.cipher_suites, ":"));
  if (!settings.cipher_suites_given) {
    suites = kSuites;
  } else if (suites.empty()) {
    suites = kSuites;
    min_version = TLS1_3_VERSION;  // only suites of TLS 1.3 were named
  }
  if (min_version < TLS1_2_VERSION) {
    // OpenSSL 3 has switched the old versions off at its default level of security, and they know
    // none of the suites above.
    suites = "@SECLEVEL=0:" + suites + (settings.cipher_suites_given ? "" : ":ECDHE+AES");
  }
  if (min_version > settings.max_version) {
    return std::unexpected(
        "cipher_suites names suites of TLS 1.3 only, but max_version excludes it");
  }
  if (SSL_CTX_set_min_proto_version(context, min_version) != 1 ||
      SSL_CTX_set_max_proto_version(context, settings.max_version) != 1) {
    return wrong("these TLS versions are not available");
  }
  if (SSL_CTX_set_cipher_list(context, suites.c_str()) != 1) {
    return wrong("these cipher suites are not available");
  }
  const std::string curves = fmt::format("{}", fmt::join(settings.curves, ":"));
  if (!curves.empty() && SSL_CTX_set1_groups_list(context, curves.c_str()) != 1) {
    return wrong("these curves are not available");
  }
  return {};
}

// We speak HTTP/1.1 only, and say so to clients that ask.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, kHttp, sizeof kHttp - 1, in, in_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::expected<TlsContext, std::string> make_tls_context(const TlsSettings& settings) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return wrong("OpenSSL has no context to give");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (settings.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);

  const auto protocol = use_protocol(context.get(), settings);
  if (!protocol) return std::unexpected(protocol.error());
  const auto expires = use_certificate(context.get(), settings);
  if (!expires) return std::unexpected(expires.error());
  const auto clients = use_client_auth(context.get(), settings);
  if (!clients) return std::unexpected(clients.error());
  return TlsContext{std::shared_ptr<SSL_CTX>(context.release(), SSL_CTX_free), *expires};
}

}  // namespace exporter

// Certificates by OpenSSL's API: P-256 keys, because they are made and used in no time.
#include "exporter/demo/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fmt/format.h>

namespace exporter::demo {
namespace {

constexpr long kDay = 24L * 60 * 60;

struct Validity {
  long from_seconds, to_seconds;  // relative to now
};
constexpr Validity kAuthorityValidity = {-kDay, 3650 * kDay};
constexpr Validity kGoodValidity = {-kDay, 90 * kDay};
constexpr Validity kExpiredValidity = {-33 * kDay, -3 * kDay};

std::string openssl_error(const std::string& what) {
  char text[256] = "no details";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof text);
  }
  return fmt::format("cannot make the demo certificates: {}: {}", what, text);
}

// Serial numbers are random, so that a restarted demo never shows two certificates under one.
bool set_random_serial(X509* certificate) {
  unsigned char bytes[8];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  std::uint64_t serial = 0;
  for (const unsigned char byte : bytes) serial = serial << 8 | byte;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (!extension) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

// A certificate with subject, key and validity set; extensions and signature are still missing.
Certificate blank_certificate(const char* common_name, EVP_PKEY* key, Validity validity) {
  Certificate certificate(X509_new());
  if (!certificate || !set_random_serial(certificate.get())) return nullptr;
  X509_set_version(certificate.get(), 2);  // counted from 0: version 3
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), validity.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity.to_seconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  if (X509_set_pubkey(certificate.get(), key) != 1) return nullptr;
  return certificate;
}

Certificate make_authority(EVP_PKEY* key) {
  Certificate certificate = blank_certificate("Demo company authority", key, kAuthorityValidity);
  if (!certificate) return nullptr;
  X509* self = certificate.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  const bool extended = add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE") &&
                        add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                        add_extension(self, self, NID_subject_key_identifier, "hash");
  if (!extended || X509_sign(self, key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

Certificate make_leaf(X509* authority, EVP_PKEY* authority_key, EVP_PKEY* key,
                      const std::string& address, Validity validity) {
  Certificate certificate = blank_certificate("localhost", key, validity);
  if (!certificate) return nullptr;
  X509* leaf = certificate.get();
  X509_set_issuer_name(leaf, X509_get_subject_name(authority));
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (address != "127.0.0.1" && address != "::1") names += ",IP:" + address;
  const bool extended =
      add_extension(leaf, authority, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(leaf, authority, NID_ext_key_usage, "serverAuth") &&
      add_extension(leaf, authority, NID_subject_alt_name, names);
  if (!extended || X509_sign(leaf, authority_key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

TlsContext make_context(X509* certificate, EVP_PKEY* key) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Clients that hang up without a close_notify are the normal case for a probe.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (SSL_CTX_use_certificate(context.get(), certificate) != 1) return nullptr;
  if (SSL_CTX_use_PrivateKey(context.get(), key) != 1) return nullptr;
  return context;
}

std::string to_pem(X509* certificate) {
  std::unique_ptr<BIO, FreeWith<BIO_free_all>> memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

std::expected<Certificates, std::string> make_certificates(const std::string& address) {
  const Key authority_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (!authority_key || !key) return std::unexpected(openssl_error("generating keys"));

  const Certificate authority = make_authority(authority_key.get());
  if (!authority) return std::unexpected(openssl_error("making the authority"));
  const Certificate good =
      make_leaf(authority.get(), authority_key.get(), key.get(), address, kGoodValidity);
  const Certificate expired =
      make_leaf(authority.get(), authority_key.get(), key.get(), address, kExpiredValidity);
  if (!good || !expired) return std::unexpected(openssl_error("signing for " + address));

  Certificates certificates;
  certificates.authority_pem = to_pem(authority.get());
  certificates.good = make_context(good.get(), key.get());
  certificates.expired = make_context(expired.get(), key.get());
  if (certificates.authority_pem.empty() || !certificates.good || !certificates.expired) {
    return std::unexpected(openssl_error("setting up TLS"));
  }
  return certificates;
}

}  // namespace exporter::demo

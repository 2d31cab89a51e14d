#include "tests/fakes/test_certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

#include "probes/net/net.h"

namespace fakes {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertPtr = std::unique_ptr<X509, decltype(&X509_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

struct Request {
  std::string common_name;
  std::vector<std::string> names;
  probes::WallTime not_before, not_after;
  bool is_ca = false;
};

void require(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("test certificate: ") + what);
}

template <class Write>
std::string to_pem(Write write) {
  BioPtr bio(BIO_new(BIO_s_mem()), BIO_free);
  require(write(bio.get()) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

BioPtr from_pem(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
}

time_t to_seconds(probes::WallTime at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

void set_name(X509_NAME* name, const std::string& common_name) {
  const auto add = [name](const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  };
  add("O", "SLA Exporter tests");
  add("CN", common_name);
}

void add_extension(X509* cert, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, cert, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, "extension");
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += probes::Address::parse(name) ? "IP:" : "DNS:";
    text += name;
  }
  return text;
}

CertPtr make_certificate(const Request& request, EVP_PKEY* key) {
  CertPtr cert(X509_new(), X509_free);
  X509_set_version(cert.get(), X509_VERSION_3);
  unsigned char serial[8];
  RAND_bytes(serial, sizeof serial);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x01);
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert.get()));
  BN_free(number);
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), to_seconds(request.not_before));
  ASN1_TIME_set(X509_getm_notAfter(cert.get()), to_seconds(request.not_after));
  X509_set_pubkey(cert.get(), key);
  set_name(X509_get_subject_name(cert.get()), request.common_name);
  add_extension(cert.get(), NID_basic_constraints,
                request.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (request.is_ca) add_extension(cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!request.names.empty())
    add_extension(cert.get(), NID_subject_alt_name, alternative_names(request.names));
  return cert;
}

// Signed by `signer`, or by itself when that is null.
TestCert make(const Request& request, const TestCert* signer) {
  KeyPtr key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  require(key != nullptr, "key");
  CertPtr cert = make_certificate(request, key.get());
  KeyPtr signing_key(nullptr, EVP_PKEY_free);
  if (signer == nullptr) {
    X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
  } else {
    CertPtr issuer(PEM_read_bio_X509(from_pem(signer->cert_pem).get(), nullptr, nullptr, nullptr),
                   X509_free);
    X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer.get()));
    signing_key.reset(
        PEM_read_bio_PrivateKey(from_pem(signer->key_pem).get(), nullptr, nullptr, nullptr));
  }
  EVP_PKEY* sign_with = signing_key ? signing_key.get() : key.get();
  require(X509_sign(cert.get(), sign_with, EVP_sha256()) > 0, "signature");
  return {
      .cert_pem = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, cert.get()); }),
      .key_pem = to_pem([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
      }),
  };
}

constexpr std::chrono::hours kDay(24);

}  // namespace

TestCa::TestCa(std::string common_name)
    : ca_(make({.common_name = std::move(common_name),
                .names = {},
                .not_before = certificate_now() - 3650 * kDay,
                .not_after = certificate_now() + 3650 * kDay,
                .is_ca = true},
               nullptr)) {}

TestCert TestCa::issue(std::vector<std::string> names, probes::WallTime not_before,
                       probes::WallTime not_after) const {
  const std::string common_name = names.empty() ? "nameless" : names.front();
  return make({.common_name = common_name,
               .names = std::move(names),
               .not_before = not_before,
               .not_after = not_after},
              &ca_);
}

TestCert TestCa::issue(std::vector<std::string> names) const {
  return issue(std::move(names), certificate_now() - kDay, certificate_now() + 90 * kDay);
}

TestCert self_signed(std::vector<std::string> names) {
  const std::string common_name = names.empty() ? "nameless" : names.front();
  return make({.common_name = common_name,
               .names = std::move(names),
               .not_before = certificate_now() - kDay,
               .not_after = certificate_now() + 90 * kDay},
              nullptr);
}

probes::WallTime certificate_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

TempFile::TempFile(const std::string& content) : path_("/tmp/sla-test-XXXXXX") {
  const int fd = mkstemp(path_.data());
  require(fd >= 0, "temporary file");
  require(write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
          "temporary file");
  close(fd);
}

TempFile::~TempFile() { unlink(path_.c_str()); }

}  // namespace fakes

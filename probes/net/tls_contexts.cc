// One SSL_CTX for each set of options. Server name and ALPN belong to the connection, so that a
// thousand targets share one context and its CA store.
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "probes/net/tls.h"

namespace probes {
namespace {

constexpr std::size_t kMaxContexts = 1024;
// Files may be replaced under us; looking costs a system call, so at most once in this time.
constexpr std::chrono::seconds kCheckFilesEvery(1);

struct VersionName {
  std::string_view name;
  int version;
};
constexpr std::array kVersions = {
    VersionName{"TLS10", TLS1_VERSION},
    VersionName{"TLS11", TLS1_1_VERSION},
    VersionName{"TLS12", TLS1_2_VERSION},
    VersionName{"TLS13", TLS1_3_VERSION},
};

int version_of(std::string_view name, int otherwise) {
  for (const VersionName& known : kVersions)
    if (known.name == name) return known.version;
  return otherwise;
}

std::string find_system_bundle() {
  if (const char* chosen = std::getenv("SSL_CERT_FILE"); chosen != nullptr && *chosen != '\0')
    return chosen;
  const std::string debian = "/etc/ssl/certs/ca-certificates.crt";
  std::error_code ignored;
  return std::filesystem::exists(debian, ignored) ? debian : X509_get_default_cert_file();
}

std::unexpected<Error> our_fault(std::string message) {
  ERR_clear_error();
  return std::unexpected(Error{Reason::local, std::move(message)});
}

// The callback stands in for OpenSSL's own verification so that the session sees the peer's chain
// whatever becomes of it.
int verify(X509_STORE_CTX* verification, void*) {
  const auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  return static_cast<TlsSession*>(SSL_get_app_data(ssl))->on_verify(verification);
}

Result<void> set_client_certificate(SSL_CTX* context, const TlsOptions& options) {
  if (options.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1)
    return our_fault(fmt::format("client certificate {} cannot be read", options.cert_file));
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return our_fault(fmt::format("client key {} cannot be read or does not fit the certificate {}",
                                 options.key_file, options.cert_file));
  return {};
}

// What makes two connections need different contexts.
TlsOptions context_key(TlsOptions options) {
  options.server_name.clear();
  options.alpn.clear();
  return options;
}

}  // namespace

TlsContexts::TlsContexts(Loop& loop, std::string system_bundle)
    : loop_(loop),
      system_bundle_(system_bundle.empty() ? find_system_bundle() : std::move(system_bundle)) {}

TlsContexts::Stamp TlsContexts::stamp_of(const std::string& path) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path, error);
  if (error) return {};
  return {written, std::filesystem::file_size(path, error)};
}

std::vector<TlsContexts::Stamp> TlsContexts::stamps_of(const TlsOptions& options) const {
  std::vector<Stamp> stamps = {
      stamp_of(options.ca_file.empty() ? system_bundle_ : options.ca_file)};
  if (!options.cert_file.empty()) {
    stamps.push_back(stamp_of(options.cert_file));
    stamps.push_back(stamp_of(options.key_file));
  }
  return stamps;
}

Result<SSL_CTX*> TlsContexts::get(const TlsOptions& options) {
  const TlsOptions key = context_key(options);
  const TimePoint now = loop_.now();
  auto entry = std::ranges::find(entries_, key, &Entry::options);
  if (entry != entries_.end() && now - entry->checked < kCheckFilesEvery)
    return entry->context.get();

  std::vector<Stamp> stamps = stamps_of(key);
  if (entry != entries_.end() && entry->stamps == stamps) {
    entry->checked = now;
    return entry->context.get();
  }
  auto context = build(key);
  if (!context) return std::unexpected(context.error());
  if (entry == entries_.end()) {
    // Reloads and /probe may bring ever new options; connections keep their context alive.
    if (entries_.size() >= kMaxContexts) entries_.clear();
    entry = entries_.emplace(entries_.end());
  }
  *entry = Entry{key, std::move(stamps), now, std::move(*context)};
  return entry->context.get();
}

Result<std::unique_ptr<SSL_CTX, OpensslFree>> TlsContexts::build(const TlsOptions& options) {
  std::unique_ptr<SSL_CTX, OpensslFree> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return our_fault("OpenSSL has no memory for a TLS context");
  const int lowest = version_of(options.min_version, TLS1_2_VERSION);
  SSL_CTX_set_min_proto_version(context.get(), lowest);
  SSL_CTX_set_max_proto_version(context.get(), version_of(options.max_version, 0));
  // A probe reports what the peer has; Debian's level 2 would refuse keys that browsers still take.
  // Before TLS 1.2 every handshake is signed with SHA-1, which needs level 0.
  SSL_CTX_set_security_level(context.get(), lowest < TLS1_2_VERSION ? 0 : 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Line protocols end without close_notify all the time; a cut answer shows in its content.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_verify(context.get(),
                     options.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), verify, nullptr);
  // A certificate that the operator names as trusted is an anchor, be it a root or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);

  if (auto trust = set_trust(context.get(), options); !trust) return std::unexpected(trust.error());
  if (auto client = set_client_certificate(context.get(), options); !client)
    return std::unexpected(client.error());
  return context;
}

Result<void> TlsContexts::set_trust(SSL_CTX* context, const TlsOptions& options) {
  if (options.insecure_skip_verify) return {};
  const auto store = store_of(options.ca_file.empty() ? system_bundle_ : options.ca_file);
  if (!store) return std::unexpected(store.error());
  SSL_CTX_set1_cert_store(context, *store);
  return {};
}

Result<X509_STORE*> TlsContexts::store_of(const std::string& path) {
  const Stamp stamp = stamp_of(path);
  const auto known = std::ranges::find(bundles_, path, &Bundle::path);
  if (known != bundles_.end() && known->stamp == stamp) return known->store.get();

  std::unique_ptr<X509_STORE, OpensslFree> store(X509_STORE_new());
  if (!store || X509_STORE_load_file(store.get(), path.c_str()) != 1) {
    const bool system = path == system_bundle_;
    return our_fault(fmt::format("CA bundle {} cannot be read{}", path,
                                 system ? ": install the package ca-certificates" : ""));
  }
  if (known != bundles_.end()) bundles_.erase(known);
  bundles_.push_back({path, stamp, std::move(store)});
  return bundles_.back().store.get();
}

}  // namespace probes

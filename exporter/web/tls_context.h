// An OpenSSL context for the server's side, made of the settings in the web configuration file. A
// context is immutable once made; connections keep the one they began with. Any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "exporter/web/web_config.h"

namespace exporter {

struct TlsContext {
  std::shared_ptr<ssl_ctx_st> context;
  std::int64_t certificate_expires = 0;  // Unix time of the leaf's end
};

// The error says which piece does not fit: a certificate that is no PEM, a key of another
// certificate, a suite that OpenSSL does not have.
std::expected<TlsContext, std::string> make_tls_context(const TlsSettings& settings);

}  // namespace exporter

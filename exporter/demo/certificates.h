// The certificates of the demo company, made anew at each start: an authority, a good certificate
// signed by it and an expired one. The authority's certificate is written beside the configuration,
// so that probes trust the good one and refuse the other. Keys never leave the process.
#pragma once

#include <expected>
#include <string>

#include "exporter/demo/handles.h"

namespace exporter::demo {

struct Certificates {
  std::string authority_pem;  // what a client has to trust
  TlsContext good;
  TlsContext expired;
};

// For the names localhost and `address` (a literal). Errors are OpenSSL's own words.
std::expected<Certificates, std::string> make_certificates(const std::string& address);

}  // namespace exporter::demo

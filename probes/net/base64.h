// Base64 (RFC 4648 section 4), with padding: for Basic credentials and DNS records. Pure.
#pragma once

#include <string>
#include <string_view>

namespace probes {

std::string base64(std::string_view bytes);

}  // namespace probes

// The names that Go's crypto/tls gives to versions, suites, curves and modes, in OpenSSL's terms;
// and Go's way to write durations. Tables and pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/web/web_config.h"

namespace exporter {

std::optional<int> tls_version_of(std::string_view go_name);
// OpenSSL's name of a TLS 1.2 suite; empty for a suite of TLS 1.3, which cannot be chosen (in Go
// neither).
std::optional<std::string_view> cipher_suite_of(std::string_view go_name);
std::optional<std::string_view> curve_of(std::string_view go_name);
std::optional<ClientAuth> client_auth_of(std::string_view go_name);
std::string client_auth_names();

// "1m30s", "0.5s", "250ms", "0". Not negative, at most about 290 years.
std::optional<std::chrono::nanoseconds> go_duration_of(std::string_view text);

}  // namespace exporter

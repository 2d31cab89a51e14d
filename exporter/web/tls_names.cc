// Tables before branches: each name is a row.
#include "exporter/web/tls_names.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace exporter {
namespace {

template <class T>
struct Row {
  std::string_view name;
  T value;
};

template <class T, std::size_t N>
std::optional<T> look_up(const std::array<Row<T>, N>& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Row<T>::name);
  return found == table.end() ? std::nullopt : std::optional<T>(found->value);
}

constexpr auto kVersions = std::to_array<Row<int>>({
    {"TLS10", TLS1_VERSION},
    {"TLS11", TLS1_1_VERSION},
    {"TLS12", TLS1_2_VERSION},
    {"TLS13", TLS1_3_VERSION},
});

constexpr auto kSuites = std::to_array<Row<std::string_view>>({
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
});

constexpr auto kCurves = std::to_array<Row<std::string_view>>({
    {"CurveP256", "P-256"},
    {"CurveP384", "P-384"},
    {"CurveP521", "P-521"},
    {"X25519", "X25519"},
});

constexpr auto kClientAuth = std::to_array<Row<ClientAuth>>({
    {"NoClientCert", ClientAuth::none},
    {"RequestClientCert", ClientAuth::request},
    {"RequireAnyClientCert", ClientAuth::require_any},
    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
    {"RequireClientCert", ClientAuth::require_any},  // an older spelling
});

constexpr auto kUnits = std::to_array<Row<double>>({
    {"ns", 1},
    {"us", 1e3},
    {"\xc2\xb5s", 1e3},
    {"ms", 1e6},
    {"s", 1e9},
    {"m", 60e9},
    {"h", 3600e9},
});

}  // namespace

std::optional<int> tls_version_of(std::string_view go_name) { return look_up(kVersions, go_name); }
std::optional<std::string_view> cipher_suite_of(std::string_view go_name) {
  return look_up(kSuites, go_name);
}
std::optional<std::string_view> curve_of(std::string_view go_name) {
  return look_up(kCurves, go_name);
}
std::optional<ClientAuth> client_auth_of(std::string_view go_name) {
  return look_up(kClientAuth, go_name);
}

std::string client_auth_names() {
  std::vector<std::string_view> names;
  for (const auto& row : kClientAuth) names.push_back(row.name);
  names.pop_back();
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<std::chrono::nanoseconds> go_duration_of(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds::zero();
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    const auto parsed =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (parsed.ec != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    const auto end = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = look_up(kUnits, text.substr(0, end));
    if (!unit) return std::nullopt;
    total += number * *unit;
    text.remove_prefix(end);
  }
  if (!(total < 9e18)) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

}  // namespace exporter

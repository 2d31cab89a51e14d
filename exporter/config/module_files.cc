// What modules read from other files: secrets, certificates and keys. A secret never stands in the
// configuration itself, so that the file can be shown, mailed and put under version control.
#include <fmt/format.h>

#include "exporter/config/modules.h"
#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxCertificateBytes = 4u << 20;

// TLS10 to TLS13 as a number, or 0.
int tls_version(std::string_view text) {
  if (text == "TLS10") return 10;
  if (text == "TLS11") return 11;
  if (text == "TLS12") return 12;
  if (text == "TLS13") return 13;
  return 0;
}

Parsed<std::string> parse_tls_version(std::string_view text) {
  if (tls_version(text) != 0) return std::string(text);
  return std::unexpected(
      fmt::format("\"{}\" is not a TLS version; choose TLS10, TLS11, TLS12 or TLS13", text));
}

}  // namespace

probes::Secret secret_from_file(ModuleReading reading, const Yaml& node, std::string_view key,
                                std::string_view path) {
  const std::filesystem::path full = resolve_path(node, path);
  auto text = reading.files.read(full, kMaxSecretBytes);
  if (!text) {
    reading.errors.add(node, fmt::format("{}: {}: {}", key, full.string(), text.error()));
    return {};
  }
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty()) reading.errors.add(node, fmt::format("{}: {} is empty", key, full.string()));
  // A line break inside would end a header or a command early and let the rest be injected.
  if (text->find_first_of(std::string_view("\r\n\0", 3)) != text->npos) {
    reading.errors.add(node, fmt::format("{}: {} must hold one line", key, full.string()));
    return {};
  }
  return probes::Secret(std::move(*text), full.string());
}

bool read_secret(ModuleReading reading, MapReader& reader, std::string_view key,
                 probes::Secret& out) {
  std::string path;
  if (!reader.text(key, path)) return false;
  out = secret_from_file(reading, *reader.find(key), key, path);
  return !out.empty();
}

void read_file_name(ModuleReading reading, MapReader& reader, std::string_view key,
                    std::string& out) {
  std::string path;
  if (!reader.text(key, path)) return;
  const std::filesystem::path full = resolve_path(*reader.find(key), path);
  if (auto text = reading.files.read(full, kMaxCertificateBytes); !text) {
    reader.error(key, fmt::format("{}: {}", full.string(), text.error()));
    return;
  }
  out = full.string();
}

probes::TlsOptions read_tls_config(ModuleReading reading, MapReader& reader) {
  probes::TlsOptions tls;
  const YamlPtr node = reader.find("tls_config");
  if (!node) return tls;
  MapReader map(reading.errors, node, fmt::format("tls_config of {}", reader.what()));
  map.boolean("insecure_skip_verify", tls.insecure_skip_verify);
  read_file_name(reading, map, "ca_file", tls.ca_file);
  read_file_name(reading, map, "cert_file", tls.cert_file);
  read_file_name(reading, map, "key_file", tls.key_file);
  if (map.text("server_name", tls.server_name) && !is_host_name(tls.server_name)) {
    map.error("server_name", fmt::format("\"{}\" is not a host name", tls.server_name));
  }
  map.value("min_version", tls.min_version, parse_tls_version);
  map.value("max_version", tls.max_version, parse_tls_version);
  if (tls_version(tls.min_version) > tls_version(tls.max_version)) {
    map.error("max_version",
              fmt::format("{} is older than min_version {}", tls.max_version, tls.min_version));
  }
  if (map.has("cert_file") != map.has("key_file")) {
    reading.errors.add(*node, "cert_file and key_file belong together; one of them is missing");
  }
  map.refuse("ca", "put the certificates into a file and name it in ca_file");
  map.refuse("cert", "put the certificate into a file and name it in cert_file");
  map.refuse("key", "a key does not belong into the configuration; name its file in key_file");
  map.finish();
  return tls;
}

}  // namespace exporter::config

// One table of keys a section: name and how to read its value. Errors are gathered, so that one run
// shows all of them.
#include "exporter/web/web_config.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include "exporter/web/password.h"
#include "exporter/web/tls_context.h"
#include "exporter/web/tls_names.h"

namespace exporter {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;

// What the sections are read into besides the result: where errors are, and what is still to be
// checked against other keys.
class Reader {
 public:
  Reader(const std::filesystem::path& file, const ReadFile& read_file)
      : file_(file), read_file_(read_file) {}

  std::expected<WebConfig, std::string> read(const std::string& text);

 private:
  using ReadValue = void (Reader::*)(const YAML::Node&);
  struct Key {
    std::string_view name;
    ReadValue read;
  };

  void error(const YAML::Mark& mark, std::string_view what) {
    errors_.push_back(
        fmt::format("{}:{}:{}: {}", file_.string(), mark.line + 1, mark.column + 1, what));
  }
  void error(const YAML::Node& node, std::string_view what) { error(node.Mark(), what); }

  // Calls the reader of each key; complains of what is no mapping, unknown or there twice.
  template <std::size_t N>
  void section(const YAML::Node& node, std::string_view name, const std::array<Key, N>& keys);
  std::optional<std::string> text_of(const YAML::Node& node);
  std::optional<bool> flag_of(const YAML::Node& node);
  std::vector<YAML::Node> list_of(const YAML::Node& node);
  // The content of a file named in the configuration, relative to the configuration's own folder.
  std::string content_of(const YAML::Node& node);

  void top(const YAML::Node& node);
  void tls(const YAML::Node& node);
  void http(const YAML::Node& node);
  void headers(const YAML::Node& node);
  void users(const YAML::Node& node);
  void rate_limit(const YAML::Node& node);

  void cert(const YAML::Node& n) { inline_pem(n, settings_.certificate, cert_); }
  void cert_file(const YAML::Node& n) { pem_file(n, settings_.certificate, cert_); }
  void key(const YAML::Node& n) { inline_pem(n, key_pem_, key_); }
  void key_file(const YAML::Node& n) { pem_file(n, key_pem_, key_); }
  void client_ca(const YAML::Node& n) { inline_pem(n, settings_.client_ca, ca_); }
  void client_ca_file(const YAML::Node& n) { pem_file(n, settings_.client_ca, ca_); }
  void client_auth_type(const YAML::Node& node);
  void client_allowed_sans(const YAML::Node& node);
  void min_version(const YAML::Node& n) { settings_.min_version = version_of(n); }
  void max_version(const YAML::Node& n) { settings_.max_version = version_of(n); }
  void cipher_suites(const YAML::Node& node);
  void prefer_server(const YAML::Node& node);
  void curves(const YAML::Node& node);
  void http2(const YAML::Node& node);
  void interval(const YAML::Node& node);
  void burst(const YAML::Node& node);

  // What was given for one piece of TLS material, inline or as a file.
  struct Material {
    int times = 0;
    bool present = false;
  };
  void inline_pem(const YAML::Node& node, std::string& into, Material& material);
  void pem_file(const YAML::Node& node, std::string& into, Material& material);
  int version_of(const YAML::Node& node);
  void check_tls(const YAML::Node& node);

  const std::filesystem::path& file_;
  const ReadFile& read_file_;
  std::vector<std::string> errors_;
  WebConfig config_;
  TlsSettings settings_;
  std::string key_pem_;
  Material cert_, key_, ca_;
  bool client_auth_given_ = false;
  RateLimit rate_;
};

template <std::size_t N>
void Reader::section(const YAML::Node& node, std::string_view name,
                     const std::array<Key, N>& keys) {
  if (node.IsNull()) return;
  if (!node.IsMap()) return error(node, fmt::format("{} must be a mapping of keys", name));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const auto text = text_of(entry.first);
    if (!text) continue;
    const auto found = std::ranges::find(keys, *text, &Key::name);
    if (!seen.insert(*text).second) {
      error(entry.first, fmt::format("{} is there twice", *text));
    } else if (found == keys.end()) {
      std::vector<std::string_view> names;
      for (const Key& known : keys) names.push_back(known.name);
      error(entry.first, fmt::format("unknown key \"{}\" in {}; known are {}", *text, name,
                                     fmt::join(names, ", ")));
    } else {
      (this->*found->read)(entry.second);
    }
  }
}

std::optional<std::string> Reader::text_of(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsNull()) return std::string();
  error(node, "this must be a text");
  return std::nullopt;
}

std::optional<bool> Reader::flag_of(const YAML::Node& node) {
  if (node.IsScalar() && node.Scalar() == "true") return true;
  if (node.IsScalar() && node.Scalar() == "false") return false;
  error(node, "this must be true or false");
  return std::nullopt;
}

std::vector<YAML::Node> Reader::list_of(const YAML::Node& node) {
  std::vector<YAML::Node> items;
  if (node.IsNull()) return items;
  if (!node.IsSequence()) return error(node, "this must be a list"), items;
  for (const auto& item : node) {
    if (item.IsScalar()) {
      items.push_back(item);
    } else {
      error(item, "this must be a text");
    }
  }
  return items;
}

std::string Reader::content_of(const YAML::Node& node) {
  const auto name = text_of(node);
  if (!name || name->empty()) return {};
  const std::filesystem::path path = file_.parent_path() / *name;
  config_.files.push_back(path);
  auto content = read_file_(path);
  if (content) return std::move(*content);
  error(node, content.error());
  return {};
}

void Reader::inline_pem(const YAML::Node& node, std::string& into, Material& material) {
  const auto text = text_of(node);
  if (!text || text->empty()) return;
  if (++material.times > 1) return error(node, "this is given inline and as a file; give one");
  material.present = true;
  into = *text;
}

void Reader::pem_file(const YAML::Node& node, std::string& into, Material& material) {
  const auto name = text_of(node);
  if (!name || name->empty()) return;
  if (++material.times > 1) return error(node, "this is given inline and as a file; give one");
  material.present = true;
  into = content_of(node);
}

void Reader::client_auth_type(const YAML::Node& node) {
  const auto text = text_of(node);
  if (!text || text->empty()) return;
  client_auth_given_ = true;
  const auto mode = client_auth_of(*text);
  if (!mode) {
    return error(node, fmt::format("unknown client_auth_type \"{}\"; known are {}", *text,
                                   client_auth_names()));
  }
  settings_.client_auth = *mode;
}

void Reader::client_allowed_sans(const YAML::Node& node) {
  for (const YAML::Node& item : list_of(node)) {
    settings_.client_allowed_sans.push_back(item.Scalar());
  }
}

int Reader::version_of(const YAML::Node& node) {
  const auto text = text_of(node);
  if (!text || text->empty()) return 0;
  const auto version = tls_version_of(*text);
  if (!version)
    error(node, fmt::format("unknown TLS version \"{}\"; known are TLS10, TLS11, "
                            "TLS12, TLS13",
                            *text));
  return version.value_or(0);
}

void Reader::cipher_suites(const YAML::Node& node) {
  const auto items = list_of(node);
  settings_.cipher_suites_given = !items.empty();
  for (const YAML::Node& item : items) {
    const auto suite = cipher_suite_of(item.Scalar());
    if (!suite) {
      error(item, fmt::format("unknown cipher suite \"{}\"; the names are those of Go's "
                              "crypto/tls, such as TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                              item.Scalar()));
    } else if (!suite->empty()) {
      settings_.cipher_suites.emplace_back(*suite);
    }
  }
}

void Reader::prefer_server(const YAML::Node& node) {
  if (const auto flag = flag_of(node)) settings_.prefer_server_cipher_suites = *flag;
}

void Reader::curves(const YAML::Node& node) {
  for (const YAML::Node& item : list_of(node)) {
    const auto curve = curve_of(item.Scalar());
    if (curve) {
      settings_.curves.emplace_back(*curve);
    } else {
      error(item, fmt::format("unknown curve \"{}\"; known are CurveP256, CurveP384, CurveP521, "
                              "X25519",
                              item.Scalar()));
    }
  }
}

void Reader::tls(const YAML::Node& node) {
  static constexpr auto kKeys = std::to_array<Key>({
      {"cert", &Reader::cert},
      {"cert_file", &Reader::cert_file},
      {"key", &Reader::key},
      {"key_file", &Reader::key_file},
      {"client_ca", &Reader::client_ca},
      {"client_ca_file", &Reader::client_ca_file},
      {"client_auth_type", &Reader::client_auth_type},
      {"client_allowed_sans", &Reader::client_allowed_sans},
      {"min_version", &Reader::min_version},
      {"max_version", &Reader::max_version},
      {"cipher_suites", &Reader::cipher_suites},
      {"prefer_server_cipher_suites", &Reader::prefer_server},
      {"curve_preferences", &Reader::curves},
  });
  section(node, "tls_server_config", kKeys);
  check_tls(node);
}

// What only shows when the whole section is known.
void Reader::check_tls(const YAML::Node& node) {
  if (!cert_.present && !key_.present && !ca_.present && !client_auth_given_) return;
  if (settings_.min_version == 0) settings_.min_version = TLS1_2_VERSION;
  if (settings_.max_version == 0) settings_.max_version = TLS1_3_VERSION;
  if (!cert_.present) error(node, "the certificate is missing: give cert_file (or cert)");
  if (!key_.present) error(node, "the key is missing: give key_file (or key)");
  if (ca_.present && settings_.client_auth == ClientAuth::none) {
    error(node,
          "a client CA is configured, but no client_auth_type that uses it; write "
          "client_auth_type: RequireAndVerifyClientCert");
  }
  if (!settings_.client_allowed_sans.empty() && settings_.client_auth == ClientAuth::none) {
    error(node, "client_allowed_sans needs a client_auth_type that asks for certificates");
  }
  if (settings_.min_version > settings_.max_version) {
    error(node, "min_version is above max_version");
  }
  settings_.key = probes::Secret(std::move(key_pem_));
  config_.tls = std::move(settings_);
}

void Reader::http2(const YAML::Node& node) {
  if (const auto flag = flag_of(node)) config_.http2 = *flag;
}

void Reader::http(const YAML::Node& node) {
  static constexpr auto kKeys = std::to_array<Key>({
      {"http2", &Reader::http2},
      {"headers", &Reader::headers},
  });
  section(node, "http_server_config", kKeys);
}

struct AllowedHeader {
  std::string_view name;
  std::array<std::string_view, 2> values;  // empty: any
};

constexpr auto kAllowedHeaders = std::to_array<AllowedHeader>({
    {"Strict-Transport-Security", {}},
    {"X-Content-Type-Options", {"nosniff", "nosniff"}},
    {"X-Frame-Options", {"deny", "sameorigin"}},
    {"X-XSS-Protection", {}},
    {"Content-Security-Policy", {}},
});

void Reader::headers(const YAML::Node& node) {
  if (node.IsNull()) return;
  if (!node.IsMap()) return error(node, "headers must be a mapping of names to values");
  for (const auto& entry : node) {
    const auto name = text_of(entry.first), value = text_of(entry.second);
    if (!name || !value) continue;
    const auto allowed = std::ranges::find(kAllowedHeaders, *name, &AllowedHeader::name);
    if (allowed == kAllowedHeaders.end()) {
      error(entry.first,
            fmt::format("the header \"{}\" cannot be set; those that can are "
                        "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, "
                        "X-XSS-Protection, Content-Security-Policy",
                        *name));
      continue;
    }
    if (value->empty()) continue;
    const bool any = allowed->values[0].empty();
    if (!any && std::ranges::find(allowed->values, *value) == allowed->values.end()) {
      error(entry.second, fmt::format("{} must be {}", *name,
                                      allowed->values[0] == allowed->values[1]
                                          ? std::string(allowed->values[0])
                                          : fmt::format("{}", fmt::join(allowed->values, " or "))));
      continue;
    }
    if (std::ranges::any_of(*value, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
      error(entry.second, "a header's value may hold no control characters");
      continue;
    }
    config_.headers.emplace_back(*name, *value);
  }
}

void Reader::users(const YAML::Node& node) {
  if (node.IsNull()) return;
  if (!node.IsMap()) return error(node, "basic_auth_users must be a mapping of names to hashes");
  for (const auto& entry : node) {
    const auto name = text_of(entry.first), hash = text_of(entry.second);
    if (!name || !hash) continue;
    if (name->empty() || name->find(':') != std::string::npos) {
      error(entry.first, "a user's name may not be empty or hold a colon");
    } else if (!is_bcrypt_hash(*hash)) {
      error(entry.second, fmt::format("the password of {} is not a bcrypt hash; make one with "
                                      "htpasswd -nBC 10 {}",
                                      *name, *name));
    } else if (!config_.users.emplace(*name, probes::Secret(*hash)).second) {
      error(entry.first, fmt::format("the user {} is there twice", *name));
    }
  }
}

void Reader::interval(const YAML::Node& node) {
  const auto text = text_of(node);
  if (!text) return;
  const auto duration = go_duration_of(*text);
  if (!duration) return error(node, "interval must be a duration such as 1s or 500ms");
  rate_.interval = *duration;
}

void Reader::burst(const YAML::Node& node) {
  const auto text = text_of(node).value_or("");
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), rate_.burst);
  if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && rate_.burst >= 0) {
    return;
  }
  error(node, "burst must be a whole number, 0 or more");
}

void Reader::rate_limit(const YAML::Node& node) {
  static constexpr auto kKeys = std::to_array<Key>({
      {"interval", &Reader::interval},
      {"burst", &Reader::burst},
  });
  section(node, "rate_limit", kKeys);
  if (rate_.interval == std::chrono::nanoseconds::zero()) return;  // switched off
  if (rate_.burst == 0)
    return error(node,
                 "rate_limit needs a burst of at least 1, or nothing "
                 "would ever be answered");
  config_.rate_limit = rate_;
}

void Reader::top(const YAML::Node& node) {
  static constexpr auto kKeys = std::to_array<Key>({
      {"tls_server_config", &Reader::tls},
      {"http_server_config", &Reader::http},
      {"basic_auth_users", &Reader::users},
      {"rate_limit", &Reader::rate_limit},
  });
  section(node, "the web configuration", kKeys);
}

std::expected<WebConfig, std::string> Reader::read(const std::string& text) {
  config_.files.push_back(file_);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) error(documents[1], "only one YAML document may be in this file");
    if (!documents.empty()) top(documents[0]);
  } catch (const YAML::Exception& exception) {
    error(exception.mark, exception.msg);
  }
  if (errors_.empty()) return std::move(config_);
  return std::unexpected(fmt::format("{}", fmt::join(errors_, "\n")));
}

std::expected<std::string, std::string> read_bounded(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code code;
  if (!file || !std::filesystem::is_regular_file(path, code)) {
    return std::unexpected(
        fmt::format("cannot read {}: is it there, and readable for the user "
                    "this program runs as?",
                    path.string()));
  }
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() <= kMaxFileBytes) return text;
  return std::unexpected(fmt::format("{} is larger than 1 MiB", path.string()));
}

}  // namespace

std::expected<WebConfig, std::string> parse_web_config(const std::string& text,
                                                       const std::filesystem::path& file,
                                                       const ReadFile& read_file) {
  return Reader(file, read_file).read(text);
}

std::expected<WebConfig, std::string> load_web_config(const std::filesystem::path& file) {
  const auto text = read_bounded(file);
  if (!text) return std::unexpected(text.error());
  auto config = parse_web_config(*text, file, read_bounded);
  if (!config || !config->tls) return config;
  auto context = make_tls_context(*config->tls);
  if (!context) {
    return std::unexpected(
        fmt::format("{}: tls_server_config: {}", file.string(), context.error()));
  }
  config->tls_context = std::move(context->context);
  config->certificate_expires = context->certificate_expires;
  return config;
}

}  // namespace exporter

// The http block of a module, key by key as in the blackbox exporter, with two differences: what is
// secret must come from a file, and what we do not support is refused by name.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

#include "exporter/config/http_client.h"
#include "exporter/config/modules.h"
#include "exporter/config/sections.h"
#include "exporter/config/utf8.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxBodyBytes = 1u << 20;

// Keys of the blackbox exporter that are known and not supported; each with what to do instead.
struct Unsupported {
  std::string_view key, remedy;
};
constexpr std::array kUnsupported = {
    Unsupported{"fail_if_body_json_matches_cel",
                "CEL is not supported; use fail_if_body_matches_regexp"},
    Unsupported{"fail_if_body_json_not_matches_cel",
                "CEL is not supported; use fail_if_body_not_matches_regexp"},
    Unsupported{"oauth2",
                "OAuth 2 is there for Alertmanagers and the heartbeat alone; use "
                "authorization: {credentials_file: ...}"},
};

void read_headers(MapReader& reader, probes::HttpModule& http) {
  const YamlPtr node = reader.find("headers");
  if (!node) return;
  Errors& errors = reader.errors();
  MapReader map(errors, node, fmt::format("headers of {}", reader.what()));
  if (!map.valid()) return;
  if (node->entries.size() > kMaxHeaders) {
    errors.add(*node, fmt::format("headers: more than {}", kMaxHeaders));
    return;
  }
  for (const YamlEntry& entry : node->entries) {
    if (!check_header_name(errors, *entry.key)) continue;
    if (is_sensitive(entry.key->text)) {
      errors.add(*entry.key,
                 fmt::format(
                     "headers: {} looks like a secret, which does not belong into the "
                     "configuration; put it into a file and use {}",
                     entry.key->text,
                     lower_case(entry.key->text) == "authorization"
                         ? "authorization: {credentials_file: ...}"
                         : fmt::format("http_headers: {{{}: {{files: [...]}}}}", entry.key->text)));
      continue;
    }
    const auto value = scalar_text(errors, *entry.value, "a header");
    if (value && !is_header_value(*value)) {
      errors.add(*entry.value, "headers: a value must not contain a line break");
    } else if (value) {
      http.headers.emplace_back(entry.key->text, *value);
    }
  }
}

// Headers with several values last, so that the order does not depend on which key they came from.
void order_headers(probes::HttpModule& http) {
  const auto headers = http.headers;
  const auto is_single = [&](const auto& header) {
    return std::ranges::count_if(
               headers, [&](const auto& other) { return other.first == header.first; }) == 1;
  };
  http.headers.clear();
  std::ranges::copy_if(headers, std::back_inserter(http.headers), is_single);
  std::ranges::copy_if(headers, std::back_inserter(http.headers), std::not_fn(is_single));
}

void read_header_matches(MapReader& reader, std::string_view key,
                         std::vector<probes::HeaderMatch>& out) {
  const YamlPtr node = reader.find(key);
  if (!node) return;
  for (const YamlPtr& item : as_list(node)) {
    probes::HeaderMatch match;
    MapReader map(reader.errors(), item, fmt::format("an item of {}", key));
    if (map.text("header", match.header) && !is_token(match.header)) {
      map.error("header", fmt::format("\"{}\" is not a header name", match.header));
    }
    read_regexp(map, "regexp", match.regexp);
    map.boolean("allow_missing", match.allow_missing);
    map.finish();
    if (match.header.empty())
      reader.errors().add(*item, fmt::format("{}: header: is missing", key));
    if (item->find("regexp") == nullptr) {
      reader.errors().add(*item, fmt::format("{}: regexp: is missing", key));
    }
    out.push_back(std::move(match));
  }
}

void read_status_codes(MapReader& reader, std::vector<int>& out) {
  const YamlPtr node = reader.find("valid_status_codes");
  if (!node) return;
  for (const YamlPtr& item : as_list(node)) {
    const auto text = scalar_text(reader.errors(), *item, "a status code");
    if (!text) continue;
    const auto code = parse_integer(*text);
    if (!code || *code < 100 || *code > 599) {
      reader.errors().add(*item,
                          fmt::format("valid_status_codes: \"{}\" is not a status code; they "
                                      "are from 100 to 599",
                                      *text));
      continue;
    }
    out.push_back(static_cast<int>(*code));
  }
}

void read_versions(MapReader& reader, std::vector<std::string>& out) {
  const YamlPtr node = reader.find("valid_http_versions");
  if (!reader.texts("valid_http_versions", out)) return;
  for (const YamlPtr& item : as_list(node)) {
    if (listed_name(item->text, {"HTTP/1.0", "HTTP/1.1", "HTTP/2.0"})) continue;
    reader.errors().add(*item,
                        fmt::format("valid_http_versions: \"{}\" is not a version; choose from "
                                    "HTTP/1.0, HTTP/1.1 and HTTP/2.0",
                                    item->text));
  }
}

void read_method_and_body(ModuleReading reading, MapReader& reader, probes::HttpModule& http) {
  if (reader.text("method", http.method) && !is_token(http.method)) {
    reader.error("method", fmt::format("\"{}\" is not an HTTP method", http.method));
  }
  reader.text("body", http.body);
  std::string body_file;
  if (!reader.text("body_file", body_file)) return;
  if (reader.has("body")) {
    reader.error("body_file", "body: is given too; keep one of them");
    return;
  }
  const std::filesystem::path path = resolve_path(*reader.find("body_file"), body_file);
  auto text = reading.files.read(path, kMaxBodyBytes);
  if (!text) {
    reader.error("body_file", fmt::format("{}: {}", path.string(), text.error()));
    return;
  }
  if (first_invalid_utf8(*text)) {
    reader.error("body_file", fmt::format("{} is not UTF-8 text", path.string()));
    return;
  }
  http.body = std::move(*text);
}

// Whether an Accept-Encoding header (RFC 9110 section 12.5.3) lets `coding` through.
bool accepts(std::string_view header, std::string_view coding) {
  bool any = false;
  while (!header.empty()) {
    const std::size_t comma = std::min(header.find(','), header.size());
    std::string item = lower_case(header.substr(0, comma));
    header.remove_prefix(std::min(comma + 1, header.size()));
    std::erase(item, ' ');
    const std::string name = item.substr(0, item.find(';'));
    const std::size_t q = item.find(";q=");
    const bool refused =
        q != item.npos && item.find_first_not_of("0.", q + 3) == item.npos && item.size() > q + 3;
    if (name == coding) return !refused;
    if (name == "*") any = !refused;
  }
  return any;
}

void read_compression(MapReader& reader, probes::HttpModule& http) {
  if (reader.text("compression", http.compression) && !http.compression.empty() &&
      !listed_name(http.compression, {"gzip", "deflate", "br", "identity"})) {
    reader.error("compression", fmt::format("\"{}\" is not supported; choose gzip, deflate, br or "
                                            "identity",
                                            http.compression));
    return;
  }
  for (const auto& [name, value] : http.headers) {
    if (lower_case(name) != "accept-encoding" || http.compression.empty()) continue;
    if (accepts(value, http.compression)) continue;
    reader.error("compression",
                 fmt::format("\"{}\" is expected, but the header Accept-Encoding: {} "
                             "does not ask for it",
                             http.compression, value));
  }
}

}  // namespace

probes::HttpModule read_http(ModuleReading reading, const YamlPtr& block, const std::string& what) {
  probes::HttpModule http;
  MapReader reader(reading.errors, block, what);
  http.ip = read_ip_preference(reader);
  read_status_codes(reader, http.valid_status_codes);
  read_versions(reader, http.valid_http_versions);
  reader.boolean("fail_if_ssl", http.fail_if_ssl);
  reader.boolean("fail_if_not_ssl", http.fail_if_not_ssl);
  if (http.fail_if_ssl && http.fail_if_not_ssl) {
    reader.error("fail_if_ssl", "with fail_if_not_ssl every answer fails; keep one of them");
  }
  read_method_and_body(reading, reader, http);
  read_headers(reader, http);
  read_http_client_keys(reading, reader, http);
  // The old name, which goes before the new one.
  bool no_follow = !http.follow_redirects;
  if (reader.boolean("no_follow_redirects", no_follow)) http.follow_redirects = !no_follow;
  order_headers(http);
  read_regexps(reader, "fail_if_body_matches_regexp", http.fail_if_body_matches_regexp);
  read_regexps(reader, "fail_if_body_not_matches_regexp", http.fail_if_body_not_matches_regexp);
  read_header_matches(reader, "fail_if_header_matches", http.fail_if_header_matches);
  read_header_matches(reader, "fail_if_header_not_matches", http.fail_if_header_not_matches);
  read_compression(reader, http);
  reader.value("body_size_limit", http.body_size_limit, parse_size);
  reader.boolean("skip_resolve_phase_with_proxy", http.skip_resolve_phase_with_proxy);
  for (const Unsupported& unsupported : kUnsupported) {
    reader.refuse(unsupported.key, unsupported.remedy);
  }
  reader.finish();
  return http;
}

}  // namespace exporter::config

// The help desks that tickets are read from. Each type knows its own keys; an account's secret
// comes from a file, as everywhere.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/config/http_client.h"
#include "exporter/config/support_reading.h"

namespace exporter {
namespace config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxSources = 20;
constexpr std::size_t kMaxNames = 1000;  // accounts, states

constexpr std::string_view kSecretRemedy =
    "a secret does not belong into the configuration; put it into a file and name it in {}";

// Whatever its value is: what is written and wrong has its error already.
bool is_written(const MapReader& map, std::string_view key) {
  return map.node().find(key) != nullptr;
}

struct SourceType {
  std::string_view name;
  TicketSource::Type type;
};
constexpr std::array kTypes = {SourceType{"rt", TicketSource::Type::rt},
                               SourceType{"zammad", TicketSource::Type::zammad},
                               SourceType{"webhook", TicketSource::Type::webhook},
                               SourceType{"file", TicketSource::Type::file}};

bool read_type(MapReader& map, TicketSource::Type& out) {
  std::string written;
  if (!map.text("type", written)) {
    if (!is_written(map, "type")) {
      map.errors().add(
          map.node(),
          fmt::format("{}: type: is missing; choose rt, zammad, webhook or file", map.what()));
    }
    return false;
  }
  const auto found = std::ranges::find(kTypes, written, &SourceType::name);
  if (found == kTypes.end()) {
    map.error("type",
              fmt::format("\"{}\" is not a source; choose rt, zammad, webhook or file", written));
    return false;
  }
  out = found->type;
  return true;
}

void read_names(MapReader& map, std::string_view key, std::vector<std::string>& out) {
  if (!map.texts(key, out)) return;
  if (out.size() > kMaxNames) map.error(key, fmt::format("more than {}", kMaxNames));
  const bool empty = std::ranges::any_of(out, [](const std::string& name) { return name.empty(); });
  if (empty) map.error(key, "an empty text is no name");
}

// RT wants `Authorization: token ...`, Zammad `Authorization: Token token=...`.
void use_token(TicketSource& source, const probes::Secret& token) {
  source.http.authorization_type = source.type == TicketSource::Type::rt ? "token" : "Token";
  const std::string_view prefix = source.type == TicketSource::Type::rt ? "" : "token=";
  const bool whole = token.reveal().starts_with(prefix);
  source.http.authorization_credentials =
      whole ? token : probes::Secret(std::string(prefix) + token.reveal(), token.file());
}

void read_account(ModuleReading reading, MapReader& map, TicketSource& source) {
  source.http = read_http_client(reading, map);
  probes::Secret token;
  if (read_secret(reading, map, "token_file", token)) use_token(source, token);
  map.refuse("token", fmt::format(kSecretRemedy, "token_file"));
  const bool other = map.has("basic_auth") || map.has("authorization") ||
                     map.has("bearer_token_file") || map.has("oauth2");
  const bool has_token = is_written(map, "token_file");
  if (has_token && other) {
    reading.errors.add(
        map.node(),
        fmt::format("{}: at most one of token_file, basic_auth, authorization and oauth2 "
                    "may be given",
                    map.what()));
  }
  const bool unusual = map.has("http_headers") || map.has("tls_config");
  if (!has_token && !other && !unusual && !is_written(map, "token")) {
    reading.errors.add(map.node(), fmt::format("{}: nobody to log in as; add token_file: or "
                                               "basic_auth:",
                                               map.what()));
  }
}

void read_url(MapReader& map, TicketSource& source) {
  if (map.text("url", source.url)) {
    if (!check_url(map, "url", source.url)) return;
    if (source.url.find_first_of("?#") != std::string::npos) {
      map.error("url", "it must not have a query; name the address that people open");
    }
    while (source.url.ends_with('/')) source.url.pop_back();
  } else if (!is_written(map, "url")) {
    map.errors().add(map.node(), fmt::format("{}: url: is missing; it is the address of the help "
                                             "desk, such as https://desk.example.com",
                                             map.what()));
  }
}

// What is asked again and again: RT and Zammad.
void read_desk(Loading& loading, MapReader& map, TicketSource& source) {
  const ModuleReading reading{loading.errors, loading.files};
  read_url(map, source);
  read_account(reading, map, source);
  map.seconds("every", 10s, 24h, source.every);
  map.seconds("timeout", 1s, 5min, source.timeout);
  // More would be cut off without a word.
  const int most = source.type == TicketSource::Type::rt ? 100 : 200;
  map.integer("page", 1, most, source.page);
  map.integer("requests_per_minute", 1, 6000, source.requests_per_minute);
  read_names(map, "not_human", source.not_human);
  read_names(map, "waiting_states", source.waiting_states);
  read_names(map, "resolved_states", source.resolved_states);
  read_names(map, "spam_states", source.spam_states);
  map.boolean("internal_notes", source.internal_notes);
  read_ticket_map(loading, map, source);
  if (source.type == TicketSource::Type::zammad) {
    read_secret(reading, map, "secret_file", source.secret);
    map.refuse("secret", fmt::format(kSecretRemedy, "secret_file"));
  }
  const Support& support = loading.config.support;
  if (source.map.calendar.attribute.empty() && support.terms.calendars.size() > 1) {
    loading.warn(map.node(), fmt::format("{}: map: region: is missing, so every ticket counts on "
                                         "the union of all calendars",
                                         map.what()));
  }
}

void read_webhook(Loading& loading, MapReader& map, TicketSource& source) {
  read_secret({loading.errors, loading.files}, map, "secret_file", source.secret);
  map.refuse("secret", fmt::format(kSecretRemedy, "secret_file"));
  if (!is_written(map, "secret_file") && !is_written(map, "secret")) {
    loading.errors.add(map.node(), fmt::format("{}: secret_file: is missing; without a secret "
                                               "anybody could report reactions",
                                               map.what()));
  }
}

void read_file(Loading& loading, MapReader& map, TicketSource& source) {
  std::string name;
  if (!map.text("file", name)) {
    if (!is_written(map, "file")) {
      loading.errors.add(map.node(), fmt::format("{}: file: is missing; it holds events as JSON "
                                                 "lines or CSV",
                                                 map.what()));
    }
    return;
  }
  if (name.empty()) map.error("file", "the name is empty");
  source.file = resolve_path(*map.find("file"), name);
  map.seconds("every", 1s, 24h, source.every);
  if (loading.files.glob(source.file).empty()) {
    loading.warn(*map.find("file"), fmt::format("{}: there is no {}; nothing is read until there "
                                                "is",
                                                map.what(), source.file.string()));
  }
}

TicketSource read_source(Loading& loading, const YamlEntry& entry) {
  TicketSource source;
  source.name = entry.key->text;
  MapReader map(loading.errors, entry.value, fmt::format("source \"{}\"", source.name));
  if (!map.valid() || !read_type(map, source.type)) return source;
  switch (source.type) {
    case TicketSource::Type::rt:
    case TicketSource::Type::zammad:
      read_desk(loading, map, source);
      break;
    case TicketSource::Type::webhook:
      read_webhook(loading, map, source);
      break;
    case TicketSource::Type::file:
      read_file(loading, map, source);
      break;
  }
  Seconds since;
  const bool set = map.value("since", since,
                             [&](std::string_view text) { return parse_time(text, loading.zone); });
  if (set) source.since = since;
  map.finish();
  return source;
}

}  // namespace

}  // namespace config

std::string_view name_of(TicketSource::Type type) {
  return std::ranges::find(config::kTypes, type, &config::SourceType::type)->name;
}

namespace config {

void read_support_sources(Loading& loading, MapReader& support) {
  const YamlPtr node = support.find("sources");
  if (!node) return;
  MapReader map(loading.errors, node, "sources");
  if (!map.valid()) return;
  std::vector<TicketSource>& sources = loading.config.support.sources;
  for (const YamlEntry& entry : node->entries) {
    if (entry.key->text.starts_with("x-")) continue;
    if (sources.size() >= kMaxSources) {
      support.error("sources", fmt::format("more than {}", kMaxSources));
      return;
    }
    check_name(loading.errors, *entry.key, entry.key->text, "a source");
    sources.push_back(read_source(loading, entry));
  }
}

}  // namespace config
}  // namespace exporter

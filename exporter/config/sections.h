// The sections of sla.yml, one reader a file. Loading is what they share during one load: errors,
// the configuration being built, and what later sections need from earlier ones. Only config/
// includes this.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/config/files.h"
#include "exporter/config/modules.h"
#include "exporter/config/reader.h"

namespace exporter::config {

// What a service or check may set and `defaults` may preset. A check starts from its service's, a
// service from the defaults.
struct Settings {
  Objective objective;
  bool objective_set = false;
  std::chrono::seconds every{60};
  std::optional<Duration> timeout;
  bool timeout_is_default = false;  // it came from `defaults`, so a module's own goes before it
  Duration slow_after{};
  int retries = 1;
  std::optional<Duration> after;
  std::vector<probes::Reason> reasons = Confirm{}.reasons;
  int require = 0;
  bool degraded_is_good = true;
};

// A service as written, for errors that need all services to be known.
struct ServiceSource {
  YamlPtr key;         // its name
  YamlPtr depends_on;  // may be null
  YamlPtr formerly;    // may be null
};

// The `reactions` of a private agreement, for when levels and calendars are known.
struct PrivateReactions {
  std::string agreement;
  YamlPtr node;
};

struct Loading {
  explicit Loading(const FileSource& files_used) : files(files_used) {}

  Errors errors;
  const FileSource& files;
  Config config;
  Zone zone;  // the published agreement's
  Settings defaults;
  std::optional<ModuleTable> modules;
  std::size_t checks = 0;                       // so far
  std::vector<ServiceSource> services;          // beside config.services
  std::map<std::string, YamlPtr> service_keys;  // every name seen, also of refused services
  std::vector<PrivateReactions> private_reactions;

  void warn(const Yaml& at, std::string_view message);
};

// A file that holds services: sla.yml itself and each included one.
struct Document {
  YamlPtr services, modules, maintenance;  // null when absent
};

// Cadences: whole seconds up to a day.
inline constexpr std::chrono::seconds kShortestEvery{1};
inline constexpr std::chrono::seconds kLongestEvery{24 * 3600};

void read_place(Loading& loading, const YamlPtr& node);
void read_connectivity(Loading& loading, const YamlPtr& node);
void read_agreement(Loading& loading, const YamlPtr& node);  // must come before anything with times
void read_retention(Loading& loading, const YamlPtr& node);
void read_defaults(Loading& loading, const YamlPtr& node);
std::vector<Document> read_includes(Loading& loading, const YamlPtr& patterns);
void read_modules(Loading& loading, const YamlPtr& node);
void read_services(Loading& loading, const YamlPtr& node);
void check_service_links(Loading& loading);  // depends_on, formerly, once all are read
void read_maintenance(Loading& loading, const std::vector<Document>& documents);
void read_private_agreements(Loading& loading, const YamlPtr& node);
void read_alerting(Loading& loading, const YamlPtr& node);
void read_support(Loading& loading, const YamlPtr& node);  // last: it refers to all of these

// Shared pieces.
// The keys every, timeout, slow_after, confirm, objective, require and degraded of a map, over
// `base`. A check has no promise of its own, so it knows only the first four.
enum class SettingsOf { defaults, service, check };
Settings read_settings(MapReader& reader, Settings base, SettingsOf what);
std::vector<Check> read_check(Loading& loading, const YamlPtr& node, const Service& service,
                              const Settings& settings);
// The policies of an agreement, over what `terms` holds.
void read_policies(MapReader& reader, AgreementTerms& terms);
void read_objective(MapReader& reader, Objective& objective, bool& set);
// Names of services: lower-case letters, digits, - and _, at most 63, beginning with a letter or
// digit. Gives false and records an error otherwise.
bool check_name(Errors& errors, const Yaml& node, std::string_view name, std::string_view what);
std::filesystem::path resolve_path(const Yaml& written_in, std::string_view path);
// How a file that another one names is called in errors: the way the user would type it.
std::string shown_name(const Yaml& named_at, const std::filesystem::path& path);
bool has_wildcard(std::string_view pattern);
// relabel_configs or alert_relabel_configs.
std::vector<Relabel> read_relabel_configs(MapReader& reader, std::string_view key);
void read_alertmanagers(ModuleReading reading, MapReader& reader,
                        std::vector<AlertmanagerBlock>& out);
void read_heartbeat(ModuleReading reading, MapReader& reader, Heartbeat& out);
// Mail of alerts says to whom and when; a notice goes to the team of a level.
enum class MailOf { alerts, notices };
void read_mail(ModuleReading reading, MapReader& reader, MailOf what, AlertMail& out);
// Records an error unless `text` is an address such as alerts@example.com.
void check_mail_address(Errors& errors, const Yaml& at, std::string_view key,
                        std::string_view text);
// Records an error at `key`, which names the file, unless the secret is an HTTP URL; never quotes
// it.
void check_secret_url(MapReader& map, std::string_view key, const probes::Secret& url);

}  // namespace exporter::config

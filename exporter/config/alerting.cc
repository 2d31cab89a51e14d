// The section `alerting`, and what its plain values can say about themselves.
#include "exporter/config/alerting.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exporter/config/prometheus_values.h"
#include "exporter/config/rule_file.h"
#include "exporter/config/sections.h"
#include "rules/group/templates.h"
#include "rules/promql/quote.h"

namespace exporter {
namespace config {
namespace {

constexpr std::size_t kMaxRuleFiles = 1000;

Parsed<bool> parse_evaluate(std::string_view text) {
  if (text == "here") return true;
  if (text == "elsewhere") return false;
  return std::unexpected(fmt::format("\"{}\" is neither here nor elsewhere", text));
}

// Reads the files that the patterns match, each once, in the order of the list.
class RuleFiles {
 public:
  explicit RuleFiles(Loading& loading) : loading_(loading) {}

  void add(const Yaml& node, const std::string& pattern) {
    const std::filesystem::path full = resolve_path(node, pattern);
    std::vector<std::filesystem::path> paths = {full};
    if (has_wildcard(pattern)) {
      paths = loading_.files.glob(full);
      if (paths.empty()) {
        loading_.warn(node, fmt::format("rule_files: no file matches \"{}\"", pattern));
      }
    }
    for (const std::filesystem::path& path : paths) {
      if (!seen_.insert(path).second) continue;
      if (seen_.size() > kMaxRuleFiles) {
        loading_.errors.add(node, fmt::format("rule_files: more than {} files", kMaxRuleFiles));
        return;
      }
      read(node, path);
    }
  }

 private:
  void read(const Yaml& node, const std::filesystem::path& path) {
    const std::string name = shown_name(node, path);
    const auto text = loading_.files.read(path, kMaxFileBytes);
    if (!text) {
      loading_.errors.add(node, fmt::format("rule_files: {}: {}", name, text.error()));
      return;
    }
    auto file = read_rule_text(*text, path, rules::template_error);
    if (file) {
      loading_.config.alerting.rule_files.push_back(
          std::make_shared<const rules::RuleFile>(*std::move(file)));
      return;
    }
    for (ConfigError& error : file.error()) {
      if (error.file == path) error.file = name;
      loading_.errors.add(std::move(error));
    }
  }

  Loading& loading_;
  std::set<std::filesystem::path> seen_;
};

void read_rule_files(Loading& loading, MapReader& reader) {
  const YamlPtr node = reader.find("rule_files");
  if (!node) return;
  if (node->kind == Yaml::Kind::map) {
    reader.error("rule_files", "must be a list of files or patterns, but this is a map");
    return;
  }
  RuleFiles rule_files(loading);
  for (const YamlPtr& item : as_list(node)) {
    const auto pattern = scalar_text(loading.errors, *item, "rule_files");
    if (pattern && !pattern->empty()) rule_files.add(*item, *pattern);
  }
}

void read_external_labels(MapReader& reader, std::map<std::string, std::string>& out) {
  const YamlPtr node = reader.find("external_labels");
  if (!node) return;
  for (auto& [name, value] : named_texts(reader, "external_labels")) {
    if (!rules::is_utf8(name) || name == rules::kMetricName) {
      reader.errors().add(*node->find(name)->key,
                          fmt::format("external_labels: \"{}\" is not the name of a label", name));
    }
    if (!value.empty()) out[name] = value;
  }
}

void read_times(MapReader& reader, Alerting& alerting) {
  if (reader.value("evaluation_interval", alerting.evaluation_interval,
                   parse_prometheus_duration) &&
      alerting.evaluation_interval == 0) {
    reader.error("evaluation_interval", "must be longer than nothing");
  }
  reader.value("rule_query_offset", alerting.query_offset, parse_prometheus_duration);
  reader.value("resend_delay", alerting.resend_delay, parse_prometheus_duration);
  reader.value("outage_tolerance", alerting.outage_tolerance, parse_prometheus_duration);
}

bool has_alerts(const Alerting& alerting) {
  return std::ranges::any_of(alerting.rule_files, [](const auto& file) {
    return std::ranges::any_of(file->groups, [](const rules::RuleGroup& group) {
      return std::ranges::any_of(group.rules, [](const rules::Rule& rule) {
        return std::holds_alternative<rules::AlertingRule>(rule);
      });
    });
  });
}

std::size_t targets_of(const Alerting& alerting) {
  std::size_t targets = 0;
  for (const AlertmanagerBlock& block : alerting.alertmanagers) {
    for (const StaticTargets& group : block.static_configs) targets += group.targets.size();
  }
  return targets;
}

// What loads and yet is hardly meant.
void warn_of_silence(Loading& loading, const Yaml& at) {
  const Alerting& alerting = loading.config.alerting;
  const bool somebody = targets_of(alerting) > 0 || alerting.mail.configured();
  if (alerting.evaluate_here && has_alerts(alerting) && !somebody) {
    loading.warn(at, "alerting: nobody hears of alerts; add alertmanagers: or mail:");
  }
  if (!alerting.evaluate_here && (somebody || alerting.heartbeat.configured())) {
    loading.warn(at, "alerting: nothing is sent from here because of evaluate: elsewhere");
  }
}

}  // namespace

void read_alerting(Loading& loading, const YamlPtr& node) {
  Alerting& alerting = loading.config.alerting;
  MapReader reader(loading.errors, node, "alerting");
  if (!reader.valid()) return;
  reader.value("evaluate", alerting.evaluate_here, parse_evaluate);
  read_rule_files(loading, reader);
  read_external_labels(reader, alerting.external_labels);
  read_times(reader, alerting);
  alerting.alert_relabel_configs = read_relabel_configs(reader, "alert_relabel_configs");
  const ModuleReading reading{loading.errors, loading.files};
  read_alertmanagers(reading, reader, alerting.alertmanagers);
  read_heartbeat(reading, reader, alerting.heartbeat);
  read_mail(reading, reader, MailOf::alerts, alerting.mail);
  reader.finish();
  warn_of_silence(loading, *node);
}

}  // namespace config

namespace {

bool same_rule(const rules::Rule& a, const rules::Rule& b) {
  const rules::RuleBase &one = base_of(a), &other = base_of(b);
  if (a.index() != b.index() || one.name != other.name || one.expr_text != other.expr_text ||
      one.labels != other.labels) {
    return false;
  }
  const auto* alert = std::get_if<rules::AlertingRule>(&a);
  if (alert == nullptr) return true;
  const auto& second = std::get<rules::AlertingRule>(b);
  return alert->hold == second.hold && alert->keep_firing_for == second.keep_firing_for &&
         alert->annotations == second.annotations;
}

bool same_group(const rules::RuleGroup& a, const rules::RuleGroup& b) {
  return a.file == b.file && a.name == b.name && a.interval == b.interval &&
         a.query_offset == b.query_offset && a.limit == b.limit && a.labels == b.labels &&
         std::ranges::equal(a.rules, b.rules, same_rule);
}

bool same_file(const std::shared_ptr<const rules::RuleFile>& a,
               const std::shared_ptr<const rules::RuleFile>& b) {
  return a == b || (a->path == b->path && std::ranges::equal(a->groups, b->groups, same_group));
}

}  // namespace

bool Alerting::operator==(const Alerting& other) const {
  return evaluate_here == other.evaluate_here &&
         std::ranges::equal(rule_files, other.rule_files, same_file) &&
         external_labels == other.external_labels &&
         evaluation_interval == other.evaluation_interval && query_offset == other.query_offset &&
         resend_delay == other.resend_delay && outage_tolerance == other.outage_tolerance &&
         alert_relabel_configs == other.alert_relabel_configs &&
         alertmanagers == other.alertmanagers && heartbeat == other.heartbeat && mail == other.mail;
}

probes::HttpModule http_module(const HttpClientOptions& client) {
  probes::HttpModule http;
  http.basic_auth_user = client.basic_auth_user;
  http.basic_auth_password = client.basic_auth_password;
  http.authorization_type = client.authorization_type;
  http.authorization_credentials = client.authorization_credentials;
  http.headers = client.headers;
  http.secret_headers = client.secret_headers;
  http.proxy_url = client.proxy_url;
  http.proxy_user_password = client.proxy_user_password;
  http.follow_redirects = client.follow_redirects;
  http.enable_http2 = client.enable_http2;
  http.tls = client.tls;
  return http;
}

}  // namespace exporter

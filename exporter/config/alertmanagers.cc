// Who hears of alerts: Prometheus' block of Alertmanagers, the heartbeat, mail.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/config/http_client.h"
#include "exporter/config/prometheus_values.h"
#include "exporter/config/sections.h"
#include "exporter/config/show.h"
#include "rules/promql/quote.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxAlertmanagers = 100;  // each gets every alert
constexpr std::size_t kMaxRecipients = 100;

constexpr std::string_view kOnlyStatic =
    "only static_configs is supported; list the Alertmanagers there, each by its own address";
constexpr std::array kDiscoveries = {
    "azure_sd_configs",       "consul_sd_configs",   "digitalocean_sd_configs",
    "dns_sd_configs",         "docker_sd_configs",   "ec2_sd_configs",
    "dockerswarm_sd_configs", "eureka_sd_configs",   "file_sd_configs",
    "gce_sd_configs",         "hetzner_sd_configs",  "http_sd_configs",
    "ionos_sd_configs",       "kuma_sd_configs",     "kubernetes_sd_configs",
    "lightsail_sd_configs",   "linode_sd_configs",   "marathon_sd_configs",
    "nerve_sd_configs",       "nomad_sd_configs",    "openstack_sd_configs",
    "ovhcloud_sd_configs",    "puppetdb_sd_configs", "scaleway_sd_configs",
    "serverset_sd_configs",   "triton_sd_configs",   "uyuni_sd_configs",
    "vultr_sd_configs"};

void read_timeout(MapReader& map, std::chrono::milliseconds& out) {
  probes::Duration timeout{};
  if (map.duration("timeout", 100ms, 5min, timeout)) {
    out = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
  }
}

// What is wrong with the address of an Alertmanager, or nothing.
std::string address_problem(std::string_view address) {
  if (address.find('/') != address.npos) {
    return fmt::format("\"{}\" is not host:port; scheme and path stand in scheme: and path_prefix:",
                       address);
  }
  probes::Module module;
  module.spec = probes::HttpModule{};
  return target_problem(module, fmt::format("http://{}/", address));
}

void read_static_targets(MapReader& map, std::vector<StaticTargets>& out) {
  const YamlPtr node = map.find("static_configs");
  if (!node) return;
  for (const YamlPtr& item : as_list(node)) {
    MapReader group(map.errors(), item, "an item of static_configs");
    if (!group.valid()) continue;
    StaticTargets targets;
    group.texts("targets", targets.targets);
    for (const std::string& target : targets.targets) {
      const std::string problem = address_problem(target);
      if (!problem.empty()) group.error("targets", problem);
    }
    for (auto& [name, value] : named_texts(group, "labels")) targets.labels[name] = value;
    group.finish();
    out.push_back(std::move(targets));
  }
}

void read_scheme_and_path(MapReader& map, AlertmanagerBlock& block) {
  if (map.text("scheme", block.scheme) && block.scheme != "http" && block.scheme != "https") {
    map.error("scheme", fmt::format("\"{}\" is neither http nor https", block.scheme));
  }
  if (map.text("path_prefix", block.path_prefix)) {
    probes::Module module;
    module.spec = probes::HttpModule{};
    const bool path = block.path_prefix.find_first_of("?#") == std::string::npos;
    const std::string problem =
        path ? target_problem(module, "http://a/" + block.path_prefix) : "not a path";
    if (!problem.empty()) map.error("path_prefix", problem);
  }
  std::string version = "v2";
  if (map.text("api_version", version) && version != "v2") {
    map.error("api_version",
              fmt::format("\"{}\" is not supported; Alertmanager has v2 since 0.16", version));
  }
}

AlertmanagerBlock read_block(ModuleReading reading, const YamlPtr& node) {
  AlertmanagerBlock block;
  MapReader map(reading.errors, node, "an item of alertmanagers");
  if (!map.valid()) return block;
  read_scheme_and_path(map, block);
  read_timeout(map, block.timeout);
  block.http = read_http_client(reading, map);
  read_static_targets(map, block.static_configs);
  block.relabel_configs = read_relabel_configs(map, "relabel_configs");
  block.alert_relabel_configs = read_relabel_configs(map, "alert_relabel_configs");
  for (const char* discovery : kDiscoveries) map.refuse(discovery, kOnlyStatic);
  map.refuse("sigv4", "signatures of AWS are not supported; use a proxy that signs");
  map.refuse("google_iam", "it is not supported; use authorization: {credentials_file: ...}");
  map.finish();
  return block;
}

// local@domain without anything that could end a line or an address early. No quoted local parts.
bool is_mail_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == text.npos || at == 0 || at > 64 || text.size() > 254) return false;
  const bool plain = std::ranges::all_of(text.substr(0, at), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  });
  return plain && is_host_name(text.substr(at + 1)) && !is_ip_address(text.substr(at + 1));
}

Parsed<AlertMail::Security> parse_security(std::string_view text) {
  if (text == "starttls") return AlertMail::Security::starttls;
  if (text == "tls") return AlertMail::Security::tls;
  if (text == "none") return AlertMail::Security::none;
  return std::unexpected(fmt::format("\"{}\" is not known; choose starttls, tls or none", text));
}

void read_sender(MapReader& map, AlertMail& mail) {
  Errors& errors = map.errors();
  if (map.text("from", mail.from)) check_mail_address(errors, *map.find("from"), "from", mail.from);
  if (!map.has("from")) errors.add(map.node(), "mail: from: is missing");
}

void read_recipients(MapReader& map, AlertMail& mail) {
  Errors& errors = map.errors();
  if (map.texts("to", mail.to)) {
    for (const YamlPtr& item : as_list(map.find("to"))) {
      check_mail_address(errors, *item, "to", item->text);
    }
    if (mail.to.size() > kMaxRecipients) {
      map.error("to", fmt::format("more than {}", kMaxRecipients));
    }
  }
  if (!map.has("to") || (map.find("to")->kind == Yaml::Kind::list && mail.to.empty())) {
    errors.add(map.node(), "mail: to: is missing; say who gets the mail");
  }
}

void read_login(ModuleReading reading, MapReader& map, AlertMail& mail) {
  if (map.text("user", mail.user) &&
      mail.user.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    map.error("user", "must be one line");
  }
  read_secret(reading, map, "password_file", mail.password);
  map.refuse("password",
             "a secret does not belong into the configuration; put it into a file and name it in "
             "password_file");
  if (map.has("user") != map.has("password_file")) {
    reading.errors.add(map.node(),
                       "mail: user and password_file belong together; one of them is missing");
  }
  if (map.has("password_file") && mail.security == AlertMail::Security::none) {
    map.error("password_file",
              "the password would go over the line in the clear; choose security: starttls or tls");
  }
}

}  // namespace

void check_mail_address(Errors& errors, const Yaml& at, std::string_view key,
                        std::string_view text) {
  if (is_mail_address(text)) return;
  errors.add(at, fmt::format("{}: {} is not a mail address, such as alerts@example.com; write it "
                             "without a name",
                             key, show_text(text)));
}

void check_secret_url(MapReader& map, std::string_view key, const probes::Secret& url) {
  if (url.reveal().starts_with("http://") || url.reveal().starts_with("https://")) return;
  map.error(key, "what the file holds must begin with http:// or https://");
}

void read_alertmanagers(ModuleReading reading, MapReader& reader,
                        std::vector<AlertmanagerBlock>& out) {
  const YamlPtr node = reader.find("alertmanagers");
  if (!node) return;
  std::size_t targets = 0;
  for (const YamlPtr& item : as_list(node)) {
    AlertmanagerBlock block = read_block(reading, item);
    for (const StaticTargets& group : block.static_configs) targets += group.targets.size();
    if (targets > kMaxAlertmanagers) {
      reader.error("alertmanagers", fmt::format("more than {} targets", kMaxAlertmanagers));
      return;
    }
    out.push_back(std::move(block));
  }
}

void read_heartbeat(ModuleReading reading, MapReader& reader, Heartbeat& out) {
  const YamlPtr node = reader.find("heartbeat");
  if (!node) return;
  MapReader map(reading.errors, node, "heartbeat");
  if (!map.valid()) return;
  if (map.text("url", out.url)) check_url(map, "url", out.url);
  if (read_secret(reading, map, "url_file", out.secret_url)) {
    check_secret_url(map, "url_file", out.secret_url);
  }
  if (map.has("url") == map.has("url_file")) {
    reading.errors.add(*node, "heartbeat: give one of url and url_file");
  }
  if (map.text("method", out.method) && !is_token(out.method)) {
    map.error("method", fmt::format("\"{}\" is not an HTTP method", out.method));
  }
  map.seconds("every", 5s, 24h, out.every);
  read_timeout(map, out.timeout);
  out.http = read_http_client(reading, map);
  map.finish();
}

void read_mail(ModuleReading reading, MapReader& reader, MailOf what, AlertMail& out) {
  const YamlPtr node = reader.find("mail");
  if (!node) return;
  MapReader map(reading.errors, node, "mail");
  if (!map.valid()) return;
  if (map.text("server", out.server)) {
    probes::Module module;
    module.spec = probes::TcpModule{};
    const std::string problem = target_problem(module, out.server);
    if (!problem.empty()) map.error("server", problem);
  } else if (!map.has("server")) {
    reading.errors.add(*node, "mail: server: is missing; it is host:port");
  }
  map.value("security", out.security, parse_security);
  read_sender(map, out);
  if (what == MailOf::alerts) {
    read_recipients(map, out);
    map.seconds("after", 0s, 24h, out.after);
  } else {
    map.refuse("to",
               "notices go to the team of a level; name it in teams: {LEVEL: {mail_to: ...}}");
    map.refuse("after", "a notice is sent at once");
  }
  read_login(reading, map, out);
  if (map.text("hello", out.hello) && !is_host_name(out.hello)) {
    map.error("hello", fmt::format("\"{}\" is not a host name", out.hello));
  }
  out.tls = read_tls_config(reading, map);
  map.finish();
}

}  // namespace exporter::config

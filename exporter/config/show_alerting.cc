// The section `alerting` as YAML: everything that is in force, also where it is the default.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "exporter/config/show.h"
#include "exporter/config/values.h"

namespace exporter::config {
namespace {

std::string show_milliseconds(std::int64_t milliseconds) {
  return format_duration(std::chrono::milliseconds(milliseconds));
}

void put(std::string& out, int indent, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:{}}{}: {}\n", "", indent, key, value);
}

void put_keys(std::string& out, int indent, const ShownKeys& keys) {
  for (const auto& [key, value] : keys) put(out, indent, key, value);
}

std::string show_texts(const std::map<std::string, std::string>& texts) {
  ShownKeys shown;
  for (const auto& [name, text] : texts) shown.emplace_back(name, show_text(text));
  return show_map(shown);
}

std::string_view name_of(Relabel::Action action) {
  using enum Relabel::Action;
  switch (action) {
    case replace:
      return "replace";
    case keep:
      return "keep";
    case drop:
      return "drop";
    case keepequal:
      return "keepequal";
    case dropequal:
      return "dropequal";
    case hashmod:
      return "hashmod";
    case labelmap:
      return "labelmap";
    case labeldrop:
      return "labeldrop";
    case labelkeep:
      return "labelkeep";
    case lowercase:
      return "lowercase";
    case uppercase:
      return "uppercase";
  }
  return "replace";
}

// Keys that are as by default are left out, because many actions refuse what they have no use for.
std::string show_relabel(const Relabel& relabel) {
  const Relabel plain;
  ShownKeys keys;
  const auto add = [&](std::string_view key, bool differs, const std::string& value) {
    if (differs) keys.emplace_back(key, value);
  };
  add("source_labels", !relabel.source_labels.empty(), show_list(relabel.source_labels));
  add("separator", relabel.separator != plain.separator, show_text(relabel.separator));
  add("regex", relabel.regex != plain.regex, show_text(relabel.regex));
  add("modulus", relabel.modulus != 0, fmt::format("{}", relabel.modulus));
  add("target_label", !relabel.target_label.empty(), show_text(relabel.target_label));
  add("replacement", relabel.replacement != plain.replacement, show_text(relabel.replacement));
  add("action", true, std::string(name_of(relabel.action)));
  return show_map(keys);
}

std::string show_relabels(const std::vector<Relabel>& relabels) {
  if (relabels.empty()) return "";
  std::vector<std::string> items;
  items.reserve(relabels.size());
  for (const Relabel& relabel : relabels) items.push_back(show_relabel(relabel));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string show_static(const std::vector<StaticTargets>& groups) {
  std::vector<std::string> items;
  items.reserve(groups.size());
  for (const StaticTargets& group : groups) {
    items.push_back(show_map({{"targets", show_list(group.targets)},
                              {"labels", group.labels.empty() ? "" : show_texts(group.labels)}}));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

void show_block(std::string& out, const AlertmanagerBlock& block) {
  fmt::format_to(std::back_inserter(out), "    - scheme: {}\n", block.scheme);
  put(out, 6, "path_prefix", show_if_set(block.path_prefix));
  put(out, 6, "timeout", format_duration(block.timeout));
  put_keys(out, 6, show_http_client(block.http));
  put(out, 6, "static_configs", show_static(block.static_configs));
  put(out, 6, "relabel_configs", show_relabels(block.relabel_configs));
  put(out, 6, "alert_relabel_configs", show_relabels(block.alert_relabel_configs));
}

void show_heartbeat(std::string& out, const Heartbeat& heartbeat) {
  if (!heartbeat.configured()) return;
  out += "  heartbeat:\n";
  put(out, 4, "url", show_if_set(heartbeat.url));
  put(out, 4, "url_file", heartbeat.secret_url.empty() ? "" : show_secret(heartbeat.secret_url));
  put(out, 4, "method", show_text(heartbeat.method));
  put(out, 4, "every", format_duration(heartbeat.every));
  put(out, 4, "timeout", format_duration(heartbeat.timeout));
  put_keys(out, 4, show_http_client(heartbeat.http));
}

std::string_view name_of(AlertMail::Security security) {
  switch (security) {
    case AlertMail::Security::starttls:
      return "starttls";
    case AlertMail::Security::tls:
      return "tls";
    case AlertMail::Security::none:
      return "none";
  }
  return "starttls";
}

void show_mail(std::string& out, const AlertMail& mail) {
  if (!mail.configured()) return;
  out += "  mail:\n";
  put_keys(out, 4, show_mail_server(mail));
  put(out, 4, "to", show_list(mail.to));
  put(out, 4, "after", format_duration(mail.after));
}

}  // namespace

ShownKeys show_mail_server(const AlertMail& mail) {
  return {{"server", show_text(mail.server)},
          {"security", std::string(name_of(mail.security))},
          {"from", show_text(mail.from)},
          {"user", show_if_set(mail.user)},
          {"password_file", mail.password.empty() ? "" : show_secret(mail.password)},
          {"hello", show_if_set(mail.hello)},
          {"tls_config", show_tls(mail.tls)}};
}

std::string show_alerting(const Alerting& alerting) {
  std::string out = "alerting:\n";
  put(out, 2, "evaluate", alerting.evaluate_here ? "here" : "elsewhere");
  std::vector<std::string> files;
  files.reserve(alerting.rule_files.size());
  for (const auto& file : alerting.rule_files) files.push_back(file->path);
  put(out, 2, "rule_files", show_list(files));
  put(out, 2, "external_labels", show_texts(alerting.external_labels));
  put(out, 2, "evaluation_interval", show_milliseconds(alerting.evaluation_interval));
  put(out, 2, "rule_query_offset", show_milliseconds(alerting.query_offset));
  put(out, 2, "resend_delay", show_milliseconds(alerting.resend_delay));
  put(out, 2, "outage_tolerance", show_milliseconds(alerting.outage_tolerance));
  put(out, 2, "alert_relabel_configs", show_relabels(alerting.alert_relabel_configs));
  if (!alerting.alertmanagers.empty()) out += "  alertmanagers:\n";
  for (const AlertmanagerBlock& block : alerting.alertmanagers) show_block(out, block);
  show_heartbeat(out, alerting.heartbeat);
  show_mail(out, alerting.mail);
  return out;
}

}  // namespace exporter::config

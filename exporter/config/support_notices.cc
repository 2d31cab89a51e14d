// Who hears of single tickets: the team of a level, by mail or by a web hook. Notices name tickets,
// which alerts never do.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/http_client.h"
#include "exporter/config/support_reading.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxRecipients = 100;

Parsed<std::string> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  const bool form =
      text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4);
  if (!form || text.substr(0, 2) > "23" || text.substr(3) > "59") {
    return std::unexpected(
        fmt::format("\"{}\" is not a time of day; write it like \"08:00\"", text));
  }
  return std::string(text);
}

TicketNotices::Team read_team(Loading& loading, const YamlEntry& entry) {
  TicketNotices::Team team;
  MapReader map(loading.errors, entry.value, fmt::format("team of level \"{}\"", entry.key->text));
  if (!map.valid()) return team;
  if (map.texts("mail_to", team.mail_to)) {
    for (const YamlPtr& item : as_list(map.find("mail_to"))) {
      check_mail_address(loading.errors, *item, "mail_to", item->text);
    }
    if (team.mail_to.size() > kMaxRecipients) {
      map.error("mail_to", fmt::format("more than {}", kMaxRecipients));
    }
  }
  if (map.text("webhook_url", team.webhook_url)) check_url(map, "webhook_url", team.webhook_url);
  if (read_secret({loading.errors, loading.files}, map, "webhook_url_file",
                  team.webhook_secret_url)) {
    check_secret_url(map, "webhook_url_file", team.webhook_secret_url);
  }
  if (map.has("webhook_url") && map.has("webhook_url_file")) {
    map.error("webhook_url_file", "webhook_url: is given too; keep one of them");
  }
  if (!map.has("mail_to") && !map.has("webhook_url") && !map.has("webhook_url_file")) {
    loading.errors.add(map.node(), fmt::format("{}: nobody would hear; add mail_to: or "
                                               "webhook_url:",
                                               map.what()));
  }
  map.finish();
  return team;
}

void read_teams(Loading& loading, MapReader& notices) {
  const YamlPtr node = notices.find("teams");
  if (!node) return;
  MapReader map(loading.errors, node, "teams");
  if (!map.valid()) return;
  const std::vector<std::string> levels = level_names(loading.config.support);
  for (const YamlEntry& entry : node->entries) {
    const std::string& level = entry.key->text;
    if (level.starts_with("x-")) continue;
    if (!check_known(loading.errors, *entry.key, "level", level, levels)) continue;
    loading.config.support.notices.teams[level] = read_team(loading, entry);
  }
}

// The server of `alerting` serves notices as well.
void take_mail_of_alerting(Loading& loading, AlertMail& mail) {
  mail = loading.config.alerting.mail;
  mail.to.clear();
  mail.after = AlertMail{}.after;
}

}  // namespace

void read_support_notices(Loading& loading, MapReader& support) {
  const YamlPtr node = support.find("notices");
  if (!node) return;
  MapReader map(loading.errors, node, "notices");
  if (!map.valid()) return;
  TicketNotices& notices = loading.config.support.notices;
  read_teams(loading, map);
  map.value("morning_list", notices.morning_list, parse_time_of_day);
  read_mail({loading.errors, loading.files}, map, MailOf::notices, notices.mail);
  if (!map.has("mail")) take_mail_of_alerting(loading, notices.mail);
  map.finish();
  const bool by_mail = std::ranges::any_of(
      notices.teams, [](const auto& team) { return !team.second.mail_to.empty(); });
  if (by_mail && !map.has("mail") && !notices.mail.configured()) {
    loading.errors.add(*node,
                       "notices: mail_to: needs a server; add mail: {server: ..., from: "
                       "...} here, or mail: under alerting:");
  }
  if (map.has("morning_list") && notices.teams.empty() && !map.has("teams")) {
    map.error("morning_list", "nobody would get it; add teams:");
  }
}

}  // namespace exporter::config

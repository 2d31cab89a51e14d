// Writes the configuration. The numbers obey rule 2 of the accounting: two attempts of 2 s, 1 s
// between them and 1 s to spare make 6 s of work, which fits a slot of 10 s.
#include "exporter/demo/config_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "exporter/demo/help_desk.h"
#include "exporter/demo/site.h"

namespace exporter::demo {
namespace {

constexpr std::string_view kAuthorityFile = "demo-ca.pem";
constexpr std::string_view kTokenFile = "demo-api.token";
constexpr std::string_view kKeyFile = "demo-sms.key";
constexpr std::string_view kTicketFile = "demo-tickets.jsonl";

constexpr std::string_view kTemplate =
    R"yaml(# Watches the demo company of `slatool demo`. Written by it; change a copy.
place: {name: this machine}
agreement:
  provider: Demo company
  timezone: UTC
# Slots of 10 seconds, so that a broken service costs budget while you look on. A real agreement has
# slots of a minute or more.
defaults:
  objective: 99%
  every: 10s
  timeout: 2s
  slow_after: 500ms
  confirm: {retries: 1, after: 1s}

# The demo's own certificate authority, made at each start.
x-trust: &trust {tls_config: {ca_file: demo-ca.pem}}

services:
  website:
    title: {en: Website and FAQ, de: Website und FAQ}
    checks:
      - {name: home, module: http_2xx, targets: ["@website@"], with: *trust}
      - {name: faq, module: http_2xx, targets: ["@website@faq"], with: *trust}
  applications:
    title: {en: Online application, de: Online-Anwendung}
    checks:
      - {module: http_2xx, targets: ["@applications@login"], with: *trust}
  api:
    title: {en: HTTP API, de: HTTP-API}
    checks:
      - name: status
        module: http_api
        targets: ["@api@v1/status"]
        with:
          <<: *trust
          fail_if_body_not_matches_regexp: ['"status": ?"ok"']
      - name: messages
        module: http_api
        targets: ["@api@v1/messages"]
        with:
          <<: *trust
          authorization: {credentials_file: demo-api.token}
  smtp:
    title: {en: SMTP server, de: SMTP-Server}
    checks:
      - {module: smtp_starttls, targets: ["@smtp@"], with: *trust}
  sms:
    title: {en: SMS gateway, de: SMS-Gateway}
    checks:
      # The gateway refuses with a friendly 200, so the body decides.
      - name: balance
        module: http_api
        targets: ["@sms@balance"]
        with:
          <<: *trust
          http_headers: {X-Api-Key: {files: [demo-sms.key]}}
          fail_if_body_not_matches_regexp: ['"balance": ?[1-9]']
)yaml";

constexpr std::string_view kSupport = R"yaml(
# Reaction times of the help desk: minutes, so that something happens while you look on. A real
# agreement has hours.
support:
  calendars:
    around_the_clock: {open: ["mon-sun 00:00-24:00"], holidays: []}
    europe: {timezone: Europe/Zurich, open: ["mon-fri 08:00-17:00"], holidays: ["01-01", "12-25"]}
  levels:
    first: {react_within: 2 business minutes}
    second: {react_within: 5 business minutes}
    # Open day and night, so that whenever you look a case of theirs is at risk, one is breached and
    # one waits for the customer: clocks of a desk that is closed at night stand still then.
    legal: {react_within: 5 business days, calendar: around_the_clock, reacts_with: reply}
  number_mail: {within: 10s}
  checklist: [customer_data, reproduction, faq]
  sources:
    @source@: {type: file, file: '@tickets@', every: 1s}
)yaml";

constexpr std::string_view kAlerting = R"yaml(
# Its alerts are on the page /rules. To send them, name an Alertmanager here.
alerting:
  rule_files: ['{}']
)yaml";

std::string replace_all(std::string text, std::string_view name, std::string_view value) {
  for (std::size_t at = text.find(name); at != std::string::npos;
       at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
  return text;
}

std::expected<void, std::string> write_file(const std::filesystem::path& file,
                                            std::string_view text, mode_t mode) {
  std::ofstream out(file, std::ios::trunc);
  if (!out) {
    return std::unexpected(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
  chmod(file.c_str(), mode);
  out << text;
  out.close();
  if (!out) {
    return std::unexpected(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
  return {};
}

}  // namespace

std::string config_text(const DemoCompany& company, const std::string& rule_files) {
  std::string text(kTemplate);
  for (const ServiceName& row : kServices) {
    text =
        replace_all(std::move(text), fmt::format("@{}@", row.name), company.address(row.service));
  }
  if (!company.ticket_file().empty()) {
    const std::string file = replace_all(company.ticket_file().string(), "'", "''");
    std::string support = replace_all(std::string(kSupport), "@source@", kTicketSource);
    text += replace_all(std::move(support), "@tickets@", file);
  }
  if (rule_files.empty()) return text;
  // In single quotes nothing but a quote has a meaning of its own.
  return text + fmt::format(kAlerting, replace_all(rule_files, "'", "''"));
}

std::filesystem::path ticket_file_beside(const std::filesystem::path& file) {
  return std::filesystem::absolute(file).parent_path() / kTicketFile;
}

std::expected<void, std::string> write_config(const DemoCompany& company,
                                              const std::filesystem::path& file,
                                              const std::string& rule_files) {
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return std::unexpected(
        fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  }
  constexpr mode_t kForAll = 0644;
  constexpr mode_t kForOwner = 0600;
  // The configuration comes last: whoever waits for it finds everything it names.
  if (auto done = write_file(folder / kAuthorityFile, company.authority_pem(), kForAll); !done) {
    return done;
  }
  if (auto done = write_file(folder / kTokenFile, kApiToken, kForOwner); !done) return done;
  if (auto done = write_file(folder / kKeyFile, kSmsKey, kForOwner); !done) return done;
  return write_file(file, config_text(company, rule_files), kForAll);
}

}  // namespace exporter::demo

// The effective configuration as YAML again: what is in force after merge keys, includes, defaults
// and overrides. What it prints loads to an equal Config. No secret can appear in it: secrets are
// shown as the file they came from. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exporter/config/config.h"

namespace exporter {

std::string show_config(const Config& config);

namespace config {

// A key of a module's block and its value as YAML on one line.
using ShownKeys = std::vector<std::pair<std::string, std::string>>;

// Every key of the block of the module's prober, whether it was set or not.
ShownKeys show_module_block(const probes::Module& module);

// Text as a YAML scalar: plain when nothing in it could be misread, else in double quotes.
std::string show_text(std::string_view text);
// "[a, b]".
std::string show_list(const std::vector<std::string>& items);
// "{a: 1, b: 2}" from keys and rendered values; empty ones are left out.
std::string show_map(const ShownKeys& keys);
std::string show_bool(bool value);
std::string show_if_set(const std::string& text);
std::string show_secret(const probes::Secret& secret);  // its file
std::string show_tls(const probes::TlsOptions& tls);
ShownKeys show_http_client(const HttpClientOptions& client);

// A mail server's keys, without those that say to whom and when.
ShownKeys show_mail_server(const AlertMail& mail);

// The section `alerting`.
std::string show_alerting(const Alerting& alerting);
// The section `support`; nothing when there is none.
std::string show_support(const Support& support);
// A private agreement's targets.
std::string show_reactions(const LevelTargets& targets);

}  // namespace config
}  // namespace exporter

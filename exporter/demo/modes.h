// The five services of the demo company and the ways in which each can be broken. Two tables that
// the control page, the JSON API, the command line and the tests all read. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::demo {

enum class Service { website, applications, api, smtp, sms };

struct ServiceName {
  Service service;
  std::string_view name;         // in addresses and in sla.yml
  std::string_view title;        // for people
  std::string_view description;  // one sentence for the control page
  std::string_view error;        // what Mode::error looks like here
};

inline constexpr std::array kServices = {
    ServiceName{Service::website, "website", "Website and FAQ",
                "The public pages: a start page and the frequently asked questions.",
                "every page answers 500"},
    ServiceName{Service::applications, "applications", "Online application",
                "The log-in page and the dashboard behind it.", "every page answers 500"},
    ServiceName{Service::api, "api", "HTTP API",
                "JSON over HTTPS: /v1/status for everyone, /v1/messages with a token.",
                "every call answers 500"},
    ServiceName{Service::smtp, "smtp", "SMTP server", "Mail submission with STARTTLS.",
                "the greeting is 421, service not available"},
    ServiceName{Service::sms, "sms", "SMS gateway",
                "JSON over HTTPS: POST /sms sends a message, GET /balance shows the credit.",
                "answers 200, but the body says insufficient balance"},
};
inline constexpr std::size_t kServiceCount = kServices.size();

enum class Mode { up, error, refuse, silent, slow, drip, certificate, garbage };

struct ModeName {
  Mode mode;
  std::string_view name;     // in addresses and forms
  std::string_view label;    // on a button
  std::string_view meaning;  // completes "Website and FAQ ..."
};

inline constexpr std::array kModes = {
    ModeName{Mode::up, "up", "Heal", "works"},
    ModeName{Mode::error, "error", "Answer with an error", "answers with an error"},
    ModeName{Mode::refuse, "refuse", "Refuse connections", "refuses connections"},
    ModeName{Mode::silent, "silent", "Accept and stay silent",
             "accepts connections and says nothing"},
    ModeName{Mode::slow, "slow", "Answer slowly", "answers slowly, which still counts as good"},
    ModeName{Mode::drip, "drip", "Drip", "sends its answer a byte at a time"},
    ModeName{Mode::certificate, "certificate", "Expired certificate",
             "shows an expired certificate"},
    ModeName{Mode::garbage, "garbage", "Send garbage", "sends garbage"},
};

const ServiceName& row_of(Service service);
const ModeName& row_of(Mode mode);
std::optional<Service> service_named(std::string_view name);
std::optional<Mode> mode_named(std::string_view name);
std::string service_names();  // "website, applications, ...", for error messages
std::string mode_names();

inline std::size_t index_of(Service service) { return static_cast<std::size_t>(service); }

}  // namespace exporter::demo

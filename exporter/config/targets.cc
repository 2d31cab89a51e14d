// Targets, each in the form its prober takes. What can be known before the first probe is refused
// here: a port that cannot be, a URL without a host, a password in a URL.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "exporter/config/modules.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxTargetBytes = 2048;

// Host and port of "host:port", "[v6]:port", or of either without port.
struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
  bool bracketed = false;
};

std::optional<HostPort> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    HostPort split{text.substr(1, end - 1), std::nullopt, true};
    const std::string_view rest = text.substr(end + 1);
    if (rest.empty()) return split;
    if (!rest.starts_with(':')) return std::nullopt;
    split.port = rest.substr(1);
    return split;
  }
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return HostPort{text, std::nullopt, false};
  return HostPort{text.substr(0, colon), text.substr(colon + 1), false};
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// "host:port" for TCP; for DNS the port may be left out.
std::string host_port_problem(std::string_view text, bool port_needed) {
  if (!text.starts_with('[') && is_ip_address(text) && text.find(':') != text.npos) {
    if (!port_needed) return "";
    return fmt::format("\"{}\" needs brackets and a port, as in [{}]:25", text, text);
  }
  if (text.find("://") != text.npos) {
    return fmt::format("\"{}\" is a URL, but this module takes host:port", text);
  }
  const auto split = split_host_port(text);
  if (!split || (split->bracketed ? !is_ip_address(split->host) : !is_host_name(split->host))) {
    return fmt::format("\"{}\" is not host:port", text);
  }
  if (!split->port) return port_needed ? fmt::format("\"{}\" has no port", text) : "";
  if (is_port(*split->port)) return "";
  return fmt::format("\"{}\" is not a port; ports are from 1 to 65535", *split->port);
}

// http://host[:port][/path...]; as in the blackbox exporter the scheme may be left out.
std::string url_problem(std::string_view text, bool scheme_needed) {
  std::string_view rest = text;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end != text.npos && text.substr(0, scheme_end).find_first_of("/?#") == text.npos) {
    const std::string_view scheme = text.substr(0, scheme_end);
    if (scheme != "http" && scheme != "https") {
      return fmt::format("\"{}\" begins with {}://, but only http:// and https:// can be probed",
                         text, scheme);
    }
    rest = text.substr(scheme_end + 3);
  } else if (scheme_needed) {
    return fmt::format("\"{}\" does not begin with http:// or https://", text);
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != authority.npos) {
    return "a URL must not hold a user or password; use basic_auth: {username: ..., password_file: "
           "...} in the module";
  }
  const auto split = split_host_port(authority);
  if (!split || (split->bracketed ? !is_ip_address(split->host) : !is_host_name(split->host))) {
    return fmt::format("\"{}\" is not a URL with a host, such as https://www.example.com/", text);
  }
  if (split->port && !is_port(*split->port)) {
    return fmt::format("\"{}\" is not a port; ports are from 1 to 65535", *split->port);
  }
  return "";
}

std::string text_problem(std::string_view target) {
  if (target.empty()) return "a target must not be empty";
  if (target.size() > kMaxTargetBytes) {
    return fmt::format("a target has at most {} bytes", kMaxTargetBytes);
  }
  // Bytes above 0x7e are names in their own script; they are written in their ASCII form (xn--...).
  const bool printable = std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; });
  if (!printable) {
    return fmt::format(
        "\"{}\" holds a space, a control character or a letter outside ASCII; write "
        "such names as xn--... and such paths percent-encoded",
        target);
  }
  return "";
}

}  // namespace

bool is_host_name(std::string_view text) {
  if (text.find(':') != text.npos) return is_ip_address(text);
  return !text.empty() && text.size() <= 253 && !text.starts_with('.') && !text.starts_with('-') &&
         text.find("..") == text.npos && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

std::string target_problem(const probes::Module& module, std::string_view target) {
  if (std::string problem = text_problem(target); !problem.empty()) return problem;
  if (std::holds_alternative<probes::HttpModule>(module.spec)) return url_problem(target, false);
  return host_port_problem(target, std::holds_alternative<probes::TcpModule>(module.spec));
}

std::string canary_problem(std::string_view target) {
  if (std::string problem = text_problem(target); !problem.empty()) return problem;
  if (target.starts_with("tcp://")) return host_port_problem(target.substr(6), true);
  if (target.starts_with("http://") || target.starts_with("https://")) {
    return url_problem(target, true);
  }
  if (target.starts_with("dns://")) {
    const std::string_view rest = target.substr(6);
    const std::size_t slash = rest.find('/');
    if (slash == rest.npos || !is_host_name(rest.substr(slash + 1))) {
      return fmt::format("\"{}\" does not say what to ask; write dns://resolver/name", target);
    }
    return host_port_problem(rest.substr(0, slash), false);
  }
  return fmt::format(
      "\"{}\" is not understood; write tcp://host:port, https://host/ or "
      "dns://resolver/name",
      target);
}

}  // namespace exporter::config

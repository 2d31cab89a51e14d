#include "probes/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "probes/async/both.h"

namespace probes {
namespace {

using Addresses = Result<std::vector<Address>>;

// Seconds of Go's zero time, which the blackbox exporter exposes when nothing was verified.
constexpr double kGoZeroTime = -62135596800;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::unexpected<Error> bad_target(std::string_view target, std::string_view why) {
  return std::unexpected(
      Error{Reason::local, fmt::format("target \"{}\" cannot be used: {}", target, why)});
}

Family other(Family family) { return family == Family::ip4 ? Family::ip6 : Family::ip4; }

bool has_address(const Addresses& addresses) { return addresses && !addresses->empty(); }

// Why neither family gave an address. Any answer of a resolver outweighs a silence.
Error no_address(const std::string& host, const Addresses& first, const Addresses& second) {
  if (!first && !second) return worse(first.error(), second.error());
  if (!first && first.error().reason == Reason::dns) return first.error();
  if (!second && second.error().reason == Reason::dns) return second.error();
  return {Reason::dns, fmt::format("{} has no address", host)};
}

Task<Result<Resolved>> resolve_one(Net& net, std::string host, Family family, TimePoint deadline) {
  const TimePoint started = net.loop().now();
  Addresses addresses = co_await net.resolve(host, family, deadline);
  if (!addresses) co_return std::unexpected(addresses.error());
  if (addresses->empty())
    co_return std::unexpected(
        Error{Reason::dns, fmt::format("{} has no {} address and the module allows no other", host,
                                       family == Family::ip4 ? "IPv4" : "IPv6")});
  co_return Resolved{{addresses->front()}, net.loop().now() - started};
}

}  // namespace

Result<HostPort> split_host_port(std::string_view target,
                                 std::optional<std::uint16_t> default_port) {
  std::string_view host = target;
  std::optional<std::string_view> port;
  if (target.starts_with('[')) {
    const std::size_t end = target.find(']');
    if (end == std::string_view::npos) return bad_target(target, "the ] is missing");
    host = target.substr(1, end - 1);
    const std::string_view rest = target.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':'))
      return bad_target(target, "after the ] a colon and a port are expected");
    if (!rest.empty()) port = rest.substr(1);
  } else if (const std::size_t colon = target.find(':'); colon != std::string_view::npos) {
    const bool bare_ip6 = target.find(':', colon + 1) != std::string_view::npos;
    if (bare_ip6 && !Address::parse(target))
      return bad_target(target, "too many colons; an IPv6 address stands in brackets");
    if (!bare_ip6) {
      host = target.substr(0, colon);
      port = target.substr(colon + 1);
    }
  }
  if (host.empty()) return bad_target(target, "the host is missing");
  if (!port && !default_port) return bad_target(target, "the port is missing (host:port)");
  const auto number = port ? parse_port(*port) : default_port;
  if (!number) return bad_target(target, "the port is not a number from 1 to 65535");
  return HostPort{std::string(host), *number};
}

Task<Result<Resolved>> resolve_target(Net& net, std::string host, IpPreference preference,
                                      bool both_families, TimePoint deadline) {
  const TimePoint started = net.loop().now();
  const TimePoint lookup_deadline = started + (deadline - started) / 2;
  if (!both_families && !preference.fallback)
    co_return co_await resolve_one(net, std::move(host), preference.preferred, lookup_deadline);

  Task<Addresses> ask_first = net.resolve(host, preference.preferred, lookup_deadline);
  Task<Addresses> ask_second = net.resolve(host, other(preference.preferred), lookup_deadline);
  std::pair<Addresses, Addresses> answers =
      co_await both(std::move(ask_first), std::move(ask_second));
  Resolved resolved{{}, net.loop().now() - started};
  if (has_address(answers.first)) resolved.candidates.push_back(answers.first->front());
  const bool use_second = both_families || resolved.candidates.empty();
  if (use_second && has_address(answers.second))
    resolved.candidates.push_back(answers.second->front());
  if (resolved.candidates.empty())
    co_return std::unexpected(no_address(host, answers.first, answers.second));
  co_return resolved;
}

TimePoint attempt_deadline(TimePoint now, TimePoint deadline, std::size_t index,
                           std::size_t count) {
  return index + 1 >= count ? deadline : now + (deadline - now) / 2;
}

Error worse(const Error& first, const Error& second) {
  return first.reason == Reason::local ? second : first;
}

Task<Result<Connected>> connect_target(Net& net, std::vector<Address> candidates,
                                       std::uint16_t port, ConnectOptions options,
                                       TimePoint deadline) {
  std::optional<Error> failure;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Endpoint endpoint{candidates[i], port};
    const TimePoint until = attempt_deadline(net.loop().now(), deadline, i, candidates.size());
    auto stream = co_await net.connect(endpoint, options, until);
    if (stream) co_return Connected{std::move(*stream), candidates[i]};
    failure = failure ? worse(*failure, stream.error()) : stream.error();
  }
  co_return std::unexpected(*failure);
}

void measure_lookup(Duration lookup_time, Outcome& outcome) {
  outcome.measurements.push_back({"probe_dns_lookup_time_seconds", {}, to_seconds(lookup_time)});
}

void measure_address(const Address& address, Outcome& outcome) {
  outcome.address = address.text();
  std::uint32_t hash = 2166136261u;
  for (const std::uint8_t octet : address.octets()) hash = (hash ^ octet) * 16777619u;
  outcome.measurements.push_back(
      {"probe_ip_protocol", {}, address.family == Family::ip4 ? 4.0 : 6.0});
  outcome.measurements.push_back({"probe_ip_addr_hash", {}, static_cast<double>(hash)});
}

void measure_no_address(Outcome& outcome) {
  outcome.measurements.push_back({"probe_ip_protocol", {}, 0});
  outcome.measurements.push_back({"probe_ip_addr_hash", {}, 0});
}

void measure_tls(const TlsInfo& info, bool skipped_verification, Outcome& outcome) {
  const auto timestamp = [](WallTime at) { return to_seconds(at.time_since_epoch()); };
  if (info.earliest_expiry)
    outcome.measurements.push_back(
        {"probe_ssl_earliest_cert_expiry", {}, timestamp(*info.earliest_expiry)});
  if (info.last_chain_expiry || skipped_verification)
    outcome.measurements.push_back(
        {"probe_ssl_last_chain_expiry_timestamp_seconds",
         {},
         info.last_chain_expiry ? timestamp(*info.last_chain_expiry) : kGoZeroTime});
  if (!info.fingerprint_sha256.empty())
    outcome.measurements.push_back({"probe_ssl_last_chain_info",
                                    {{"fingerprint_sha256", info.fingerprint_sha256},
                                     {"subject", info.subject},
                                     {"issuer", info.issuer},
                                     {"subjectalternative", info.subject_alternative_names},
                                     {"serialnumber", info.serial_number}},
                                    1});
  if (!info.version.empty())
    outcome.measurements.push_back({"probe_tls_version_info", {{"version", info.version}}, 1});
}

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace probes

#include "probes/dns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

#include "probes/dns_codec.h"
#include "probes/dns_judge.h"
#include "probes/target.h"

namespace probes {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kDnsOverTlsPort = 853;
// A lost datagram is no outage: the question is sent this often within the time there is.
constexpr int kSends = 3;

// One probe. Lives in the frame of probe_dns.
class DnsProbe {
 public:
  DnsProbe(Net& net, ProbeRequest request, TimePoint deadline)
      : net_(net),
        request_(std::move(request)),
        module_(std::get<DnsModule>(request_.module->spec)),
        deadline_(deadline) {}
  DnsProbe(const DnsProbe&) = delete;
  DnsProbe& operator=(const DnsProbe&) = delete;

  Task<Outcome> run();

 private:
  Task<Result<void>> ask();
  Task<Result<void>> ask_by_datagram();
  Task<Result<void>> ask_by_stream();
  Task<Result<std::string>> read_message(Stream& stream);
  Result<void> write_query();
  Result<void> judge(std::string_view answer);
  void end_phase(Duration& phase);
  Outcome measure(const Result<void>& result) const;

  Net& net_;
  ProbeRequest request_;
  const DnsModule& module_;
  TimePoint deadline_;
  HostPort target_;
  std::string query_;
  std::optional<Resolved> resolved_;
  std::optional<Address> address_;
  std::optional<TlsInfo> tls_;
  std::optional<dns::Message> message_;
  TimePoint phase_start_{};
  Duration connect_{}, exchange_{};
};

void DnsProbe::end_phase(Duration& phase) {
  const TimePoint now = net_.loop().now();
  phase = now - phase_start_;
  phase_start_ = now;
}

Task<Outcome> DnsProbe::run() {
  const Result<void> result = co_await ask();
  co_return measure(result);
}

Task<Result<void>> DnsProbe::ask() {
  Result<void> query = write_query();
  if (!query) co_return query;
  auto target = split_host_port(request_.target, module_.dns_over_tls ? kDnsOverTlsPort : kDnsPort);
  if (!target) co_return std::unexpected(target.error());
  target_ = std::move(*target);
  auto resolved =
      co_await resolve_target(net_, target_.host, module_.ip, request_.both_families, deadline_);
  if (!resolved) co_return std::unexpected(resolved.error());
  resolved_ = std::move(*resolved);
  address_ = resolved_->candidates.front();
  phase_start_ = net_.loop().now();
  if (module_.tcp) {
    co_return co_await ask_by_stream();
  }
  co_return co_await ask_by_datagram();
}

Result<void> DnsProbe::write_query() {
  if (module_.dns_over_tls && !module_.tcp)
    return std::unexpected(Error{Reason::local, "dns_over_tls needs transport_protocol: tcp"});
  const auto type = dns::type_number(module_.query_type);
  const auto dns_class = dns::class_number(module_.query_class);
  if (!type || !dns_class)
    return std::unexpected(
        Error{Reason::local,
              fmt::format("no such query: {} {}", module_.query_class, module_.query_type)});
  dns::Query query;
  // Chosen by the kernel's randomness: who cannot guess it cannot forge an answer.
  query.id = static_cast<std::uint16_t>(std::random_device{}());
  query.name = module_.query_name;
  query.type = *type;
  query.dns_class = *dns_class;
  query.recursion_desired = module_.recursion_desired;
  auto bytes = dns::encode(query);
  if (!bytes) return std::unexpected(Error{Reason::local, "query_name " + bytes.error()});
  query_ = std::move(*bytes);
  return {};
}

Task<Result<void>> DnsProbe::ask_by_datagram() {
  std::optional<Error> failure;
  const std::vector<Address>& candidates = resolved_->candidates;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    address_ = candidates[i];
    DatagramExchange exchange{{candidates[i], target_.port}, module_.source_ip_address, query_};
    const TimePoint now = net_.loop().now();
    const TimePoint until = attempt_deadline(now, deadline_, i, candidates.size());
    const Duration resend_after = (until - now) / kSends;
    phase_start_ = now;
    auto answer = co_await net_.exchange(std::move(exchange), dns::answers, resend_after, until);
    end_phase(exchange_);
    if (answer) co_return judge(*answer);
    failure = failure ? worse(*failure, answer.error()) : answer.error();
  }
  co_return std::unexpected(*failure);
}

Task<Result<void>> DnsProbe::ask_by_stream() {
  ConnectOptions options;
  options.source_address = module_.source_ip_address;
  auto connected =
      co_await connect_target(net_, resolved_->candidates, target_.port, options, deadline_);
  if (!connected) co_return std::unexpected(connected.error());
  address_ = connected->address;
  Stream& stream = *connected->stream;
  if (module_.dns_over_tls) {
    Result<void> secured = co_await stream.start_tls(module_.tls, target_.host, deadline_);
    if (const TlsInfo* info = stream.tls_info()) tls_ = *info;
    if (!secured) co_return secured;
  }
  end_phase(connect_);

  // RFC 1035 4.2.2: two octets of length before each message.
  std::string framed = {static_cast<char>(query_.size() >> 8),
                        static_cast<char>(query_.size() & 0xff)};
  framed += query_;
  Result<void> sent = co_await stream.write_all(std::move(framed), deadline_);
  if (!sent) co_return sent;
  auto answer = co_await read_message(stream);
  end_phase(exchange_);
  if (!answer) co_return std::unexpected(answer.error());
  if (!dns::answers(query_, *answer))
    co_return std::unexpected(
        Error{Reason::protocol, "the server answered another question than ours"});
  co_return judge(*answer);
}

// The stream outlives the task.
Task<Result<std::string>> DnsProbe::read_message(Stream& stream) {
  std::string bytes;
  std::size_t wanted = 2;
  while (bytes.size() < wanted) {
    const std::size_t missing = wanted - bytes.size();
    auto some = co_await stream.read_some(missing, deadline_);
    if (!some) co_return std::unexpected(some.error());
    if (some->empty())
      co_return std::unexpected(
          Error{Reason::protocol, "the server closed the connection before its answer was whole"});
    bytes += *some;
    if (wanted == 2 && bytes.size() == 2)
      wanted += static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                         static_cast<unsigned char>(bytes[1]));
  }
  co_return bytes.substr(2);
}

Result<void> DnsProbe::judge(std::string_view answer) {
  auto message = dns::decode(answer);
  if (!message)
    return std::unexpected(
        Error{Reason::protocol, "the server's answer is broken: " + message.error()});
  message_ = std::move(*message);
  return judge_dns(module_, *message_);
}

Outcome DnsProbe::measure(const Result<void>& result) const {
  Outcome outcome = result ? Outcome::up() : Outcome::failed(result.error());
  auto gauge = [&](const char* name, double value) {
    outcome.measurements.push_back({name, {}, value});
  };
  if (resolved_) {
    measure_lookup(resolved_->lookup_time, outcome);
    measure_address(*address_, outcome);
  } else {
    measure_no_address(outcome);
  }
  const Duration lookup = resolved_ ? resolved_->lookup_time : Duration{};
  const std::array<std::pair<const char*, Duration>, 3> phases = {
      {{"resolve", lookup}, {"connect", connect_}, {"request", exchange_}}};
  for (const auto& [phase, duration] : phases)
    outcome.measurements.push_back(
        {"probe_dns_duration_seconds", {{"phase", phase}}, to_seconds(duration)});

  const dns::Message message = message_.value_or(dns::Message{});
  gauge("probe_dns_answer_rrs", static_cast<double>(message.answers.size()));
  gauge("probe_dns_authority_rrs", static_cast<double>(message.authorities.size()));
  gauge("probe_dns_additional_rrs", static_cast<double>(message.additionals.size()));
  gauge("probe_dns_query_succeeded", message_ ? 1 : 0);
  if (message_ && module_.query_type == "SOA") {
    double serial = 0;
    for (const dns::Record& record : message.answers)
      serial = dns::soa_serial(record).value_or(static_cast<std::uint32_t>(serial));
    gauge("probe_dns_serial", serial);
  }
  if (tls_) measure_tls(*tls_, module_.tls.insecure_skip_verify, outcome);
  return outcome;
}

}  // namespace

Task<Outcome> probe_dns(Net& net, ProbeRequest request, TimePoint deadline) {
  DnsProbe probe(net, std::move(request), deadline);
  Outcome outcome = co_await probe.run();
  co_return outcome;
}

std::vector<Reason> dns_reasons(const Module& module) {
  const auto& dns_module = std::get<DnsModule>(module.spec);
  std::vector<Reason> reasons = {Reason::protocol, Reason::status};
  if (dns_module.dns_over_tls) reasons.insert(reasons.end(), {Reason::tls, Reason::certificate});
  const RrMatch none;
  if (dns_module.answer != none || dns_module.authority != none || dns_module.additional != none)
    reasons.push_back(Reason::body);
  return reasons;
}

}  // namespace probes

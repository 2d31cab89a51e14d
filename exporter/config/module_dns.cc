// The dns block of a module: what to ask, over which transport, and which answers are good.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/config/modules.h"

namespace exporter::config {
namespace {

// Types of the IANA registry that a query can carry and a monitor can mean.
constexpr std::array kTypes = {
    "A",          "AAAA",  "AFSDB", "ANY",   "APL",    "CAA",    "CDNSKEY", "CDS",
    "CERT",       "CNAME", "DHCID", "DNAME", "DNSKEY", "DS",     "HINFO",   "HTTPS",
    "KEY",        "KX",    "LOC",   "MX",    "NAPTR",  "NS",     "NSEC",    "NSEC3",
    "NSEC3PARAM", "PTR",   "RP",    "RRSIG", "SIG",    "SMIMEA", "SOA",     "SPF",
    "SRV",        "SSHFP", "SVCB",  "TLSA",  "TXT",    "URI",    "ZONEMD",  "OPENPGPKEY"};
constexpr std::array kClasses = {"IN", "CH", "HS", "ANY", "NONE", "CS"};
constexpr std::array kRcodes = {"NOERROR", "FORMERR",  "SERVFAIL", "NXDOMAIN", "NOTIMP",
                                "REFUSED", "YXDOMAIN", "YXRRSET",  "NXRRSET",  "NOTAUTH",
                                "NOTZONE", "BADSIG",   "BADVERS",  "BADKEY",   "BADTIME",
                                "BADMODE", "BADNAME",  "BADALG",   "BADTRUNC", "BADCOOKIE"};

Parsed<std::string> one_of(const auto& names, std::string_view kind, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) return std::string(text);
  return std::unexpected(
      fmt::format("\"{}\" is not a DNS {}{}", text, kind,
                  did_you_mean(text, std::vector<std::string>(names.begin(), names.end()))));
}

// RFC 1035: 253 characters, labels of 1 to 63. The root is a single dot.
Parsed<std::string> parse_query_name(std::string_view text) {
  if (text == ".") return std::string(text);
  std::string_view rest = text;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  bool sound = !rest.empty() && rest.size() <= 253;
  while (sound && !rest.empty()) {
    const std::size_t length = std::min(rest.find('.'), rest.size());
    sound = length >= 1 && length <= 63 && rest.size() != length + 1;
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
  if (sound && printable) return std::string(text);
  return std::unexpected(fmt::format("\"{}\" is not a domain name", text));
}

probes::RrMatch read_rr_match(MapReader& reader, std::string_view key) {
  probes::RrMatch match;
  const YamlPtr node = reader.find(key);
  if (!node) return match;
  MapReader map(reader.errors(), node, std::string(key));
  read_regexps(map, "fail_if_matches_regexp", match.fail_if_matches_regexp);
  read_regexps(map, "fail_if_all_match_regexp", match.fail_if_all_match_regexp);
  read_regexps(map, "fail_if_not_matches_regexp", match.fail_if_not_matches_regexp);
  read_regexps(map, "fail_if_none_matches_regexp", match.fail_if_none_matches_regexp);
  map.finish();
  return match;
}

}  // namespace

probes::DnsModule read_dns(ModuleReading reading, const YamlPtr& block, const std::string& what) {
  probes::DnsModule dns;
  MapReader reader(reading.errors, block, what);
  dns.ip = read_ip_preference(reader);
  read_source_address(reader, dns.source_ip_address);
  reader.value("query_name", dns.query_name, parse_query_name);
  if (block->find("query_name") == nullptr) {
    reading.errors.add(*block,
                       fmt::format("{}: query_name: is missing; it says what to ask", what));
  }
  reader.value("query_type", dns.query_type,
               [](std::string_view text) { return one_of(kTypes, "query type", text); });
  reader.value("query_class", dns.query_class,
               [](std::string_view text) { return one_of(kClasses, "class", text); });
  reader.value("transport_protocol", dns.tcp, [](std::string_view text) -> Parsed<bool> {
    if (text == "tcp" || text == "udp") return text == "tcp";
    return std::unexpected(fmt::format("\"{}\" is neither udp nor tcp", text));
  });
  reader.boolean("dns_over_tls", dns.dns_over_tls);
  if (dns.dns_over_tls && !dns.tcp) {
    reader.error("dns_over_tls", "it needs transport_protocol: tcp");
  }
  dns.tls = read_tls_config(reading, reader);
  reader.boolean("recursion_desired", dns.recursion_desired);
  if (reader.texts("valid_rcodes", dns.valid_rcodes)) {
    for (const YamlPtr& item : as_list(reader.find("valid_rcodes"))) {
      const auto rcode = one_of(kRcodes, "response code", item->text);
      if (!rcode) reading.errors.add(*item, fmt::format("valid_rcodes: {}", rcode.error()));
    }
  }
  dns.answer = read_rr_match(reader, "validate_answer_rrs");
  dns.authority = read_rr_match(reader, "validate_authority_rrs");
  dns.additional = read_rr_match(reader, "validate_additional_rrs");
  reader.finish();
  return dns;
}

}  // namespace exporter::config

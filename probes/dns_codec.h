// A bounded codec for DNS messages (RFC 1035, EDNS of RFC 6891): encodes one question, decodes any
// answer. c-ares 1.18 decodes too few types and hides headers, and what a stranger's server sends
// deserves one small decoder with limits and a fuzz target. Pure functions over plain values, safe
// on any thread.
//
// Records also carry their text in the form of Go's miekg/dns, because the regular expressions of
// validate_*_rrs in blackbox exporter modules are written against it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace probes::dns {

inline constexpr std::size_t kHeaderBytes = 12;
inline constexpr std::size_t kMaxMessageBytes = 65535;
inline constexpr std::size_t kMaxNameBytes = 255;  // RFC 1035 3.1, with length octets
inline constexpr std::size_t kMaxLabelBytes = 63;

inline constexpr std::uint16_t kTypeSoa = 6;
inline constexpr std::uint16_t kTypeOpt = 41;

struct Question {
  std::string name;  // presentation form, ends in a dot
  std::uint16_t type = 0;
  std::uint16_t dns_class = 0;
};

struct Record {
  std::string name;  // presentation form, ends in a dot
  std::uint16_t type = 0;
  std::uint16_t dns_class = 0;
  std::uint32_t ttl = 0;
  std::string rdata;       // wire form with every name spelt out (no compression)
  std::string rdata_text;  // presentation form

  // "example.com.\t300\tIN\tA\t192.0.2.1"
  std::string text() const;
};

struct Message {
  std::uint16_t id = 0;
  bool response = false, authoritative = false, truncated = false;
  bool recursion_desired = false, recursion_available = false;
  bool authentic_data = false, checking_disabled = false;
  std::uint8_t opcode = 0;
  std::uint16_t rcode = 0;  // with the upper bits of EDNS
  std::vector<Question> questions;
  std::vector<Record> answers, authorities, additionals;  // OPT stays among the additionals
};

struct Query {
  std::uint16_t id = 0;
  std::string name;  // a trailing dot is optional; \. and \DDD are understood
  std::uint16_t type = 0;
  std::uint16_t dns_class = 1;
  bool recursion_desired = true;
  bool checking_disabled = false;
  std::uint16_t edns_udp_bytes = 0;  // 0: no OPT record
  bool dnssec_ok = false;            // needs EDNS
};

// The error is a sentence about the name that cannot be asked for.
std::expected<std::string, std::string> encode(const Query& query);

// Fails on anything truncated, looping, overlong or trailing behind a record's end; the error says
// what. A message whose header promises more records than it holds fails too, unless TC is set:
// then what is complete is returned.
std::expected<Message, std::string> decode(std::string_view bytes);

// Whether `answer` answers `query`: a response with the same id, opcode and question. Guards
// against spoofed and late datagrams. A refusal without question section is accepted, as servers
// that understood nothing send it.
bool answers(std::string_view query, std::string_view answer);

std::optional<std::uint16_t> type_number(std::string_view name);   // "MX", "TYPE65280"
std::optional<std::uint16_t> class_number(std::string_view name);  // "IN", "CLASS7"
std::optional<std::uint16_t> rcode_number(std::string_view name);  // "NXDOMAIN"
std::string type_name(std::uint16_t type);
std::string class_name(std::uint16_t dns_class);
std::string rcode_name(std::uint16_t rcode);  // "RCODE42" for those without a name

// The serial of an SOA record; nothing for any other record.
std::optional<std::uint32_t> soa_serial(const Record& record);

}  // namespace probes::dns

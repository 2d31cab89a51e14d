// The registered numbers of DNS (IANA dns-parameters) and how names and strings are written down.
// Internal to the codec; constants and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace probes::dns {

// The rdata of a type as a row of fields, each one letter:
//   1 2 4  unsigned integer of that many octets     a 6   IPv4, IPv6 address
//   n      domain name                               s     one string, quoted
//   S      strings to the end, quoted                t     bare string (the tag of CAA)
//   V      octets to the end, quoted                 b     octets to the end, base64
//   x X    octets to the end, hexadecimal, lower or upper case
//   T      a type's name                             e     time, YYYYMMDDHHMMSS
//   M      type bitmap to the end (RFC 4034 4.1.2)
// A type without layout is written as RFC 3597 says.
struct TypeInfo {
  std::uint16_t number;
  std::string_view name;
  std::string_view layout;
};

const TypeInfo* find_type(std::uint16_t number);

// Appends one octet of a label, escaped as miekg/dns does.
void append_label_octet(std::string& text, unsigned char octet);
// Appends one octet of a quoted string, escaped alike.
void append_string_octet(std::string& text, unsigned char octet);

}  // namespace probes::dns

#include "probes/dns_names.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "probes/dns_codec.h"

namespace probes::dns {
namespace {

struct Number {
  std::uint16_t number;
  std::string_view name;
};

constexpr std::array kTypes = {
    TypeInfo{1, "A", "a"},           TypeInfo{2, "NS", "n"},
    TypeInfo{5, "CNAME", "n"},       TypeInfo{6, "SOA", "nn44444"},
    TypeInfo{12, "PTR", "n"},        TypeInfo{13, "HINFO", "S"},
    TypeInfo{15, "MX", "2n"},        TypeInfo{16, "TXT", "S"},
    TypeInfo{17, "RP", "nn"},        TypeInfo{18, "AFSDB", "2n"},
    TypeInfo{28, "AAAA", "6"},       TypeInfo{29, "LOC", ""},
    TypeInfo{33, "SRV", "222n"},     TypeInfo{35, "NAPTR", "22sssn"},
    TypeInfo{37, "CERT", ""},        TypeInfo{39, "DNAME", "n"},
    TypeInfo{41, "OPT", ""},         TypeInfo{43, "DS", "211X"},
    TypeInfo{44, "SSHFP", "11X"},    TypeInfo{46, "RRSIG", "T114ee2nb"},
    TypeInfo{47, "NSEC", "nM"},      TypeInfo{48, "DNSKEY", "211b"},
    TypeInfo{50, "NSEC3", ""},       TypeInfo{51, "NSEC3PARAM", ""},
    TypeInfo{52, "TLSA", "111x"},    TypeInfo{53, "SMIMEA", "111x"},
    TypeInfo{59, "CDS", "211X"},     TypeInfo{60, "CDNSKEY", "211b"},
    TypeInfo{61, "OPENPGPKEY", "b"}, TypeInfo{64, "SVCB", ""},
    TypeInfo{65, "HTTPS", ""},       TypeInfo{99, "SPF", "S"},
    TypeInfo{251, "IXFR", ""},       TypeInfo{252, "AXFR", ""},
    TypeInfo{255, "ANY", ""},        TypeInfo{256, "URI", "22V"},
    TypeInfo{257, "CAA", "1tV"},
};

constexpr std::array kClasses = {Number{1, "IN"}, Number{2, "CS"},     Number{3, "CH"},
                                 Number{4, "HS"}, Number{254, "NONE"}, Number{255, "ANY"}};

constexpr std::array kRcodes = {
    Number{0, "NOERROR"}, Number{1, "FORMERR"},   Number{2, "SERVFAIL"},  Number{3, "NXDOMAIN"},
    Number{4, "NOTIMP"},  Number{5, "REFUSED"},   Number{6, "YXDOMAIN"},  Number{7, "YXRRSET"},
    Number{8, "NXRRSET"}, Number{9, "NOTAUTH"},   Number{10, "NOTZONE"},  Number{16, "BADSIG"},
    Number{17, "BADKEY"}, Number{18, "BADTIME"},  Number{19, "BADMODE"},  Number{20, "BADNAME"},
    Number{21, "BADALG"}, Number{22, "BADTRUNC"}, Number{23, "BADCOOKIE"}};

// "TYPE123" of RFC 3597 section 5, and likewise for classes.
std::optional<std::uint16_t> generic_number(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::optional<std::uint16_t> number_of(std::span<const Number> table, std::string_view name) {
  for (const Number& entry : table)
    if (entry.name == name) return entry.number;
  return std::nullopt;
}

std::string name_in(std::span<const Number> table, std::uint16_t number, std::string_view prefix) {
  for (const Number& entry : table)
    if (entry.number == number) return std::string(entry.name);
  return fmt::format("{}{}", prefix, number);
}

}  // namespace

const TypeInfo* find_type(std::uint16_t number) {
  for (const TypeInfo& type : kTypes)
    if (type.number == number) return &type;
  return nullptr;
}

std::optional<std::uint16_t> type_number(std::string_view name) {
  for (const TypeInfo& type : kTypes)
    if (type.name == name) return type.number;
  return generic_number(name, "TYPE");
}

std::optional<std::uint16_t> class_number(std::string_view name) {
  const auto number = number_of(kClasses, name);
  return number ? number : generic_number(name, "CLASS");
}

std::optional<std::uint16_t> rcode_number(std::string_view name) {
  // BADVERS and BADSIG share number 16; answers can only carry the former.
  if (name == "BADVERS") return 16;
  return number_of(kRcodes, name);
}

std::string type_name(std::uint16_t type) {
  const TypeInfo* info = find_type(type);
  return info != nullptr ? std::string(info->name) : fmt::format("TYPE{}", type);
}

std::string class_name(std::uint16_t dns_class) { return name_in(kClasses, dns_class, "CLASS"); }

std::string rcode_name(std::uint16_t rcode) { return name_in(kRcodes, rcode, "RCODE"); }

void append_label_octet(std::string& text, unsigned char octet) {
  constexpr std::string_view kSpecial = ". '@;()\"\\";
  if (octet < 0x20 || octet > 0x7e) {
    text += fmt::format("\\{:03d}", octet);
    return;
  }
  if (kSpecial.contains(static_cast<char>(octet))) text += '\\';
  text += static_cast<char>(octet);
}

void append_string_octet(std::string& text, unsigned char octet) {
  if (octet < 0x20 || octet > 0x7e) {
    text += fmt::format("\\{:03d}", octet);
    return;
  }
  if (octet == '"' || octet == '\\') text += '\\';
  text += static_cast<char>(octet);
}

}  // namespace probes::dns

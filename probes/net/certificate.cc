#include "probes/net/certificate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace probes {
namespace {

// Names longer than this are cut in messages; labels are never cut.
constexpr std::size_t kMaxNamesInMessage = 5;

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

std::optional<WallTime> to_wall(const ASN1_TIME* time) {
  tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return WallTime(std::chrono::seconds(timegm(&fields)));
}

std::string date_text(const ASN1_TIME* time) {
  tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return "an unreadable date";
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fields);
}

// The attributes Go gives a short name, in the order in which it writes the sequence down; printing
// then goes from the last to the first.
struct KnownAttribute {
  int nid;
  std::string_view name;
  bool single;  // Go keeps one value, the last
};
constexpr std::array kKnownAttributes = {
    KnownAttribute{NID_countryName, "C", false},
    KnownAttribute{NID_organizationName, "O", false},
    KnownAttribute{NID_organizationalUnitName, "OU", false},
    KnownAttribute{NID_localityName, "L", false},
    KnownAttribute{NID_stateOrProvinceName, "ST", false},
    KnownAttribute{NID_streetAddress, "STREET", false},
    KnownAttribute{NID_postalCode, "POSTALCODE", false},
    KnownAttribute{NID_commonName, "CN", true},
    KnownAttribute{NID_serialNumber, "SERIALNUMBER", true},
};

bool is_known(int nid) {
  return std::ranges::any_of(kKnownAttributes,
                             [nid](const auto& known) { return known.nid == nid; });
}

std::string utf8(const ASN1_STRING* value) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, value);
  if (size < 0) return "";
  std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

std::string escape(std::string_view value) {
  constexpr std::string_view kSpecial = ",+\"\\<>;";
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool edge_space = value[i] == ' ' && (i == 0 || i + 1 == value.size());
    const bool first_hash = value[i] == '#' && i == 0;
    if (edge_space || first_hash || kSpecial.find(value[i]) != std::string_view::npos) text += '\\';
    text += value[i];
  }
  return text;
}

// An attribute without a short name is printed as its OID and the DER of its value, which Go writes
// as a PrintableString where it can and as a UTF8String otherwise.
std::string unknown_attribute(const ASN1_OBJECT* object, std::string_view value) {
  char oid[128] = "";
  OBJ_obj2txt(oid, sizeof oid, object, 1);
  const bool printable = std::ranges::all_of(value, [](unsigned char c) {
    return std::isalnum(c) || std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
  });
  std::vector<unsigned char> der = {static_cast<unsigned char>(printable ? 0x13 : 0x0c)};
  // Lengths from 128 on are preceded by the number of their octets.
  int octets = 1;
  while (value.size() >> (8 * octets)) ++octets;
  if (value.size() >= 0x80) der.push_back(static_cast<unsigned char>(0x80 + octets));
  while (octets-- > 0) der.push_back(static_cast<unsigned char>(value.size() >> (8 * octets)));
  der.insert(der.end(), value.begin(), value.end());
  return fmt::format("{}=#{}", oid, hex(der));
}

std::string attribute_group(const X509_NAME* name, const KnownAttribute& known) {
  std::string group;
  for (int at = X509_NAME_get_index_by_NID(name, known.nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(name, known.nid, at)) {
    const auto* entry = X509_NAME_get_entry(name, at);
    const std::string text =
        fmt::format("{}={}", known.name, escape(utf8(X509_NAME_ENTRY_get_data(entry))));
    if (known.single || group.empty()) {
      group = text;
    } else {
      group += "+" + text;
    }
  }
  return group;
}

std::vector<std::string> dns_names(X509* cert) {
  std::vector<std::string> names;
  auto* all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::string joined(const std::vector<std::string>& names, std::string_view separator) {
  return fmt::format("{}", fmt::join(names, separator));
}

// For whom a certificate is, in a message.
std::string holders(X509* cert) {
  std::vector<std::string> names = dns_names(cert);
  if (names.empty()) return name_text(X509_get_subject_name(cert));
  const std::size_t count = names.size();
  if (count <= kMaxNamesInMessage) return joined(names, ", ");
  names.resize(kMaxNamesInMessage);
  return fmt::format("{} and {} more", joined(names, ", "), count - kMaxNamesInMessage);
}

std::string serial_text(X509* cert) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(cert);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(serial));
  std::span<const unsigned char> bytes(ASN1_STRING_get0_data(serial), size);
  while (!bytes.empty() && bytes.front() == 0) bytes = bytes.subspan(1);
  return hex(bytes);
}

}  // namespace

std::optional<WallTime> earliest_expiry(STACK_OF(X509) * chain) {
  std::optional<WallTime> earliest;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const auto expiry = to_wall(X509_get0_notAfter(sk_X509_value(chain, i)));
    if (expiry && (!earliest || *expiry < *earliest)) earliest = expiry;
  }
  return earliest;
}

void describe_chain(STACK_OF(X509) * chain, TlsInfo& info) {
  if (sk_X509_num(chain) <= 0) return;
  info.earliest_expiry = earliest_expiry(chain);
  X509* leaf = sk_X509_value(chain, 0);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (X509_digest(leaf, EVP_sha256(), digest.data(), &size) == 1)
    info.fingerprint_sha256 = hex(std::span(digest).first(size));
  info.subject = name_text(X509_get_subject_name(leaf));
  info.issuer = name_text(X509_get_issuer_name(leaf));
  info.subject_alternative_names = joined(dns_names(leaf), ",");
  info.serial_number = serial_text(leaf);
}

std::string name_text(const X509_NAME* name) {
  std::vector<std::string> parts;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const auto* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
    if (is_known(OBJ_obj2nid(object))) continue;
    parts.push_back(unknown_attribute(object, utf8(X509_NAME_ENTRY_get_data(entry))));
  }
  for (const KnownAttribute& known : kKnownAttributes) {
    std::string group = attribute_group(name, known);
    if (!group.empty()) parts.push_back(std::move(group));
  }
  std::ranges::reverse(parts);
  return joined(parts, ",");
}

std::string refusal_text(X509_STORE_CTX* verification, const std::string& expected) {
  const int error = X509_STORE_CTX_get_error(verification);
  X509* leaf = X509_STORE_CTX_get0_cert(verification);
  X509* current = X509_STORE_CTX_get_current_cert(verification);
  if (current == nullptr) current = leaf;
  const bool is_leaf = X509_cmp(current, leaf) == 0;
  const std::string which =
      is_leaf ? std::string("certificate")
              : fmt::format("issuing certificate {}", name_text(X509_get_subject_name(current)));
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired on {}", which, date_text(X509_get0_notAfter(current)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is not valid before {}", which,
                         date_text(X509_get0_notBefore(current)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("certificate is for {}, not {}", holders(leaf), expected);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "certificate is not trusted: it is signed by itself";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("certificate is not trusted: its issuer {} is unknown",
                         name_text(X509_get_issuer_name(current)));
    default:
      return fmt::format("{} is not trusted: {}", which, X509_verify_cert_error_string(error));
  }
}

}  // namespace probes

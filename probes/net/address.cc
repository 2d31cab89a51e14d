// Address as text. Scopes of link-local addresses are written by interface name where it has one.
#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>

#include "probes/net/net.h"

namespace probes {
namespace {

std::optional<std::uint32_t> parse_scope(const std::string& scope) {
  const std::uint32_t index = if_nametoindex(scope.c_str());
  if (index != 0) return index;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(scope.data(), scope.data() + scope.size(), number);
  if (error != std::errc() || end != scope.data() + scope.size()) return std::nullopt;
  return number;
}

std::string scope_text(std::uint32_t scope) {
  char name[IF_NAMESIZE];
  return if_indextoname(scope, name) != nullptr ? name : std::to_string(scope);
}

}  // namespace

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  inet_ntop(family == Family::ip4 ? AF_INET : AF_INET6, bytes.data(), buffer, sizeof buffer);
  std::string text = buffer;
  if (scope_id != 0) text += "%" + scope_text(scope_id);
  return text;
}

std::span<const std::uint8_t> Address::octets() const {
  return std::span(bytes).first(family == Family::ip4 ? 4 : 16);
}

std::optional<Address> Address::parse(std::string_view text) {
  Address address;
  std::string copy(text.substr(0, text.find('%')));
  // A name with a NUL inside must not be taken for what stands before it.
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    if (copy.size() != text.size()) return std::nullopt;
    return address;
  }
  address.family = Family::ip6;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) != 1) return std::nullopt;
  if (copy.size() == text.size()) return address;
  const auto scope = parse_scope(std::string(text.substr(copy.size() + 1)));
  if (!scope) return std::nullopt;
  address.scope_id = *scope;
  return address;
}

}  // namespace probes

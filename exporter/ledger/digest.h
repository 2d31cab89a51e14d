// SHA-256 for the ledger's checksums and chains, as raw bytes. Safe from any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace exporter::ledger {

inline constexpr std::size_t kDigestBytes = 32;

// Of the parts, one after the other; 32 bytes.
std::string digest(std::initializer_list<std::string_view> parts);
std::string to_hex(std::string_view bytes);
// What a chain begins with: 32 zero bytes.
std::string no_digest();

}  // namespace exporter::ledger

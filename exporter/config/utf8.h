// The little that configuration needs to know about UTF-8 (RFC 3629): whether bytes are valid.
// Pure.
#pragma once

#include <optional>
#include <string_view>

namespace exporter::config {

// Offset of the first byte that is not part of valid UTF-8: overlong forms, surrogates and values
// past U+10FFFF are invalid too.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

}  // namespace exporter::config

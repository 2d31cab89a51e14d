// gzip bodies for responses (RFC 1952), by zlib. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace exporter {

// Bodies below this are sent as they are: the header of gzip would eat the gain.
inline constexpr std::size_t kMinGzipBytes = 1024;

// Compressed at zlib's fastest level: a page of metrics shrinks to a tenth of its size at a few
// milliseconds a megabyte. Empty when zlib refuses (no memory); the caller then sends it plain.
std::string gzip(std::string_view body);

}  // namespace exporter

// The bytes of a store that are kept on disk. Numbers are varints unless said otherwise,
// signed ones zigzag; texts have their length in front.
//
//   log    = { u32 size, u32 checksum, record }
//   record = u8 version, u8 1 at the beginning of a log, n { id, n { name, value } },
//            n { id - id before (signed), time - time before (signed), value, bytes reversed }
//   block  = "SLAS", u8 version, u8 1 when open ends, keep (signed), n texts,
//            n { n { text, text } labels, n { chunk as a text } }, u32 checksum of all before
//
// A record defines each series it names for the first time in its log, so a log stands alone; so
// does a block, whose texts are those of its labels.
#pragma once

#include <cstdint>
#include <string_view>

namespace rules::series {

inline constexpr std::string_view kBlockMagic = "SLAS";
inline constexpr std::uint8_t kSavedVersion = 1;

}  // namespace rules::series

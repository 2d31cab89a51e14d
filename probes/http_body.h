// Decompresses the body of an answer as the module expects it: gzip (RFC 1952) or deflate (RFC
// 1950, and RFC 1951 which many servers send under that name). A few kilobytes may unfold into
// gigabytes, so the result has a limit. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/outcome.h"

namespace probes {

// `coding` is "gzip" or "deflate"; "" and "identity" leave the body alone, any other is
// Reason::local. A body that is not what it should be is Reason::body, one that unfolds beyond
// `limit` bytes Reason::size.
Result<std::string> decompress(std::string_view coding, std::string body, std::size_t limit);

}  // namespace probes

// From evhttp's request to ours, and the decoding of URLs and forms. Server thread (the decoders
// are pure).
#pragma once

#include <event2/http.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/web/server.h"

namespace exporter {

// "a=1&b=%20x+y". At most kMaxQueryFields fields are read, the rest is ignored.
inline constexpr std::size_t kMaxQueryFields = 256;
std::multimap<std::string, std::string> parse_query(std::string_view text);

// %xx decoded; `plus_is_blank` as in queries and forms. Nothing when an escape is malformed or
// stands for NUL.
std::optional<std::string> decode_url(std::string_view text, bool plus_is_blank);

// Whole request with its body. Nothing when the path cannot be decoded. The Authorization header is
// left out: only handlers that check it themselves have business with it, and the server adds it.
std::optional<WebRequest> read_request(evhttp_request* request);

// The value of a header as received; empty when absent.
std::string_view request_header(evhttp_request* request, const char* name);

}  // namespace exporter

// HTTP status codes in words (RFC 9110, 15).
#pragma once

#include <string_view>

namespace exporter {

// "Not Found"; "Status" for a code we never send.
std::string_view reason_phrase(int status);

}  // namespace exporter

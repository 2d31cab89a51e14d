// SHA-256 as lower-case hex: what terms, statements and their chains are named by. Pure.
#pragma once

#include <string>
#include <string_view>

namespace exporter {

std::string sha256_hex(std::string_view bytes);

}  // namespace exporter

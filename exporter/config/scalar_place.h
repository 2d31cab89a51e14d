// Where a byte of a value stands in the file it was read from, whatever way the value is written:
// plain, in quotes, or as a block. Pure.
#pragma once

#include <string_view>

#include "exporter/config/yaml.h"

namespace exporter::config {

struct TextPlace {
  int line = 1, column = 1;
};

// `file` is the text that `scalar` was read from. The scalar's own place when the way cannot be
// followed, as through an alias.
TextPlace place_in_scalar(std::string_view file, const Yaml& scalar, std::size_t offset);

}  // namespace exporter::config

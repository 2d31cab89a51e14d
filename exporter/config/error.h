// What is wrong with a configuration, and where. Errors are values that are collected while loading
// goes on, so that one look at the output is enough to mend a file. Plain values.
#pragma once

#include <string>
#include <vector>

namespace exporter {

struct ConfigError {
  std::string file;     // as the user named it, or as an include found it
  int line = 0;         // from 1; 0 when the error has no position, such as an unreadable file
  int column = 0;       // from 1, in bytes as compilers count
  std::string message;  // what is wrong, what was expected, and a hint where one is known
  // "sla.yml:3:7: unknown key ...".
  std::string text() const;
  bool operator==(const ConfigError&) const = default;
};

using ConfigErrors = std::vector<ConfigError>;

}  // namespace exporter

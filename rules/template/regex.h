// Regular expressions of templates, with Go's way of naming groups in a replacement. Pure.
#pragma once

#include <expected>
#include <string>

namespace rules::templates {

// Whether the pattern matches anywhere.
std::expected<bool, std::string> regex_match(const std::string& pattern, const std::string& text);
// Every match replaced; $1, ${1} and $name in `with` stand for groups, $$ for a dollar.
std::expected<std::string, std::string> regex_replace(const std::string& pattern,
                                                      const std::string& with,
                                                      const std::string& text);

}  // namespace rules::templates

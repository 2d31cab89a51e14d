// Regular expressions of modules, compiled once. Modules are plain values that may be copied and
// compared, so they hold patterns as text; the compiled form lives here, found by that text and
// shared by all loops. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace probes {

// RE2 as Go's regexp compiles it; never null. A pattern that is not valid matches nothing: the
// configuration refuses it long before a probe could ask.
std::shared_ptr<const re2::RE2> compiled(const std::string& pattern);

// Whether the pattern matches anywhere in the text.
bool matches(const std::string& pattern, std::string_view text);

}  // namespace probes

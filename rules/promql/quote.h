// Names and quoted texts as PromQL writes them: what is a plain name, and how any other text stands
// between quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rules {

bool is_label_name(std::string_view name);   // [a-zA-Z_][a-zA-Z0-9_]*
bool is_metric_name(std::string_view name);  // the same with colons
bool is_utf8(std::string_view text);         // and not empty: what may be a quoted name

// "text" with Go's escapes; bytes that are no UTF-8 become \x...
std::string quote(std::string_view text);
// Reads what stands between double, single or back quotes, the quotes included. Nothing when an
// escape is wrong.
std::optional<std::string> unquote(std::string_view quoted);

}  // namespace rules

// The characters of the two text formats: numbers and escapes. Pure, independent of the locale.
// Values are any UTF-8; what is not UTF-8 is replaced, because a single bad byte would make
// Prometheus refuse the whole page.
#pragma once

#include <string>
#include <string_view>

namespace exporter {

// Shortest text that reads back as the same double; whole numbers without an exponent; +Inf, -Inf,
// NaN.
void append_number(std::string& out, double value);
// A bucket's bound. OpenMetrics wants "1.0" where the older format has "1".
void append_bound(std::string& out, double bound, bool openmetrics);
// Whether a label's value stands on the page as it is; nearly all do.
bool is_plain(std::string_view value);
// Between quotes: backslash, quote and line feed escaped.
void append_label_value(std::string& out, std::string_view value);
// The older format leaves quotes in help texts as they are.
void append_help(std::string& out, std::string_view help, bool openmetrics);

}  // namespace exporter

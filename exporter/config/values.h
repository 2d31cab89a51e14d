// Values as people write them in the configuration: durations, objectives, sizes, moments. Each
// function takes the text and gives the value or a sentence that says what is wrong and how to
// write it. Pure; independent of the locale.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "exporter/sla/terms.h"
#include "exporter/sla/zone.h"
#include "probes/outcome.h"

namespace exporter::config {

template <class T>
using Parsed = std::expected<T, std::string>;

// Prometheus' durations: 500ms, 90s, 5m, 1h30m, 7d, 2w, 1y; each unit once, largest first, down to
// milliseconds, at most 100 years. 0 needs no unit.
Parsed<probes::Duration> parse_duration(std::string_view text);
// "1h30m": the same text gives the same duration again. Finer than a millisecond is cut off.
std::string format_duration(probes::Duration duration);

// A duration, or whole months ("15 months", "15mo"), taken as 30.4375 days each and rounded up to
// days.
Parsed<probes::Duration> parse_retention(std::string_view text);

// "99.95%" or "0.9995", exact to six decimals of the fraction; more than 0 and at most 100 %.
Parsed<Objective> parse_objective(std::string_view text);
std::string format_objective(Objective objective);  // "99.95%"

// Bytes: 1048576, 64MiB, 10MB; both kinds of unit count in steps of 1024, as in the blackbox
// exporter.
Parsed<std::uint64_t> parse_size(std::string_view text);

// "2026-12-06T02:00+01:00", "2026-12-06T02:00:30Z", and in `zone` when there is no offset
// "2026-12-06T02:00" or "2026-12-06" (midnight). A space may stand for the T.
Parsed<Seconds> parse_time(std::string_view text, const Zone& zone);

// Decimal integers without sign tricks, spaces or other bases.
Parsed<std::int64_t> parse_integer(std::string_view text);

}  // namespace exporter::config

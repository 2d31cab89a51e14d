// What templates may ask of a time or a duration: the methods of Go's time package.
#include "rules/template/functions.h"
#include "rules/template/go_text.h"

namespace rules::templates {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t floored(std::int64_t value, std::int64_t unit) {
  return value / unit - (value % unit < 0 ? 1 : 0);
}

std::int64_t second_of_day(Time time) {
  const std::int64_t seconds = floored(time.nanoseconds, kSecond);
  return seconds - floored(seconds, 86'400) * 86'400;
}

Value integer(std::int64_t value) { return value; }

struct TimeMethod {
  std::string_view name;
  Value (*run)(Time);
};
constexpr TimeMethod kTimeMethods[] = {
    {"Day", [](Time time) { return integer(day_of(time).day); }},
    {"Hour", [](Time time) { return integer(second_of_day(time) / 3'600); }},
    {"Minute", [](Time time) { return integer(second_of_day(time) / 60 % 60); }},
    {"Month", [](Time time) { return Value(std::string(month_name(day_of(time).month))); }},
    {"Second", [](Time time) { return integer(second_of_day(time) % 60); }},
    {"String", [](Time time) { return Value(time_text(time)); }},
    {"UTC", [](Time time) { return Value(time); }},
    {"Unix", [](Time time) { return integer(floored(time.nanoseconds, kSecond)); }},
    {"UnixMilli", [](Time time) { return integer(floored(time.nanoseconds, kSecond / 1'000)); }},
    {"Weekday", [](Time time) { return Value(std::string(weekday_name(day_of(time).weekday))); }},
    {"Year", [](Time time) { return integer(day_of(time).year); }},
    {"YearDay", [](Time time) { return integer(day_of(time).year_day); }},
};

double parts(Duration duration, std::int64_t unit) {
  return static_cast<double>(duration.nanoseconds / unit) +
         static_cast<double>(duration.nanoseconds % unit) / static_cast<double>(unit);
}

struct DurationMethod {
  std::string_view name;
  Value (*run)(Duration);
};
constexpr DurationMethod kDurationMethods[] = {
    {"Hours", [](Duration duration) { return Value(parts(duration, 3'600 * kSecond)); }},
    {"Milliseconds", [](Duration duration) { return integer(duration.nanoseconds / 1'000'000); }},
    {"Minutes", [](Duration duration) { return Value(parts(duration, 60 * kSecond)); }},
    {"Nanoseconds", [](Duration duration) { return integer(duration.nanoseconds); }},
    {"Seconds", [](Duration duration) { return Value(parts(duration, kSecond)); }},
    {"String", [](Duration duration) { return Value(duration_text(duration)); }},
};

// To a multiple of the unit: towards zero, or to the nearest and halves away from zero.
Duration rounded(Duration duration, Duration unit, bool nearest) {
  if (unit.nanoseconds <= 0) return duration;
  const std::int64_t rest = duration.nanoseconds % unit.nanoseconds;
  const Duration down{duration.nanoseconds - rest};
  const auto size = static_cast<std::uint64_t>(rest < 0 ? -rest : rest);
  if (!nearest || size * 2 < static_cast<std::uint64_t>(unit.nanoseconds)) return down;
  std::int64_t up = 0;
  const std::int64_t step = rest < 0 ? -unit.nanoseconds : unit.nanoseconds;
  return __builtin_add_overflow(down.nanoseconds, step, &up) ? duration : Duration{up};
}

Answer wants(std::string_view name, std::size_t count, std::size_t got) {
  return std::unexpected("wrong number of args for " + std::string(name) + ": want " +
                         std::to_string(count) + " got " + std::to_string(got));
}

template <class Table, class T>
std::optional<Answer> from_table(const Table& table, T value, std::string_view name,
                                 std::size_t arguments) {
  for (const auto& method : table) {
    if (method.name != name) continue;
    return arguments == 0 ? Answer(method.run(value)) : wants(name, 0, arguments);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Answer> call_method(const Value& value, std::string_view name,
                                  std::span<const Value> values) {
  if (const auto* time = value.get<Time>()) {
    if (name != "Format") return from_table(kTimeMethods, *time, name, values.size());
    if (values.size() != 1) return wants(name, 1, values.size());
    const auto* layout = values[0].get<std::string>();
    if (layout != nullptr) return Answer(time_text(*time, *layout));
    return std::unexpected("wrong type for value; expected string; got " + values[0].type());
  }
  const auto* duration = value.get<Duration>();
  if (duration == nullptr) return std::nullopt;
  if (name != "Round" && name != "Truncate") {
    return from_table(kDurationMethods, *duration, name, values.size());
  }
  if (values.size() != 1) return wants(name, 1, values.size());
  const auto* unit = values[0].get<Duration>();
  const auto* number = values[0].get<std::int64_t>();
  if (unit == nullptr && number == nullptr) {
    return std::unexpected("wrong type for value; expected time.Duration; got " + values[0].type());
  }
  return Answer(rounded(*duration, unit ? *unit : Duration{*number}, name == "Round"));
}

}  // namespace rules::templates

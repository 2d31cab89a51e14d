// slatool calendar: business time of a configuration's calendars, for scripts and for whoever
// doubts a figure. Works on the configuration alone; no exporter need run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>

#include "exporter/config/load.h"
#include "exporter/config/values.h"
#include "exporter/ticket/support_rules.h"
#include "exporter/ticket/window_text.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

struct Options {
  std::string file = "sla.yml";
  std::vector<std::string> calendars;
  std::string from, to, target;
  std::vector<std::string> pauses;
};

// What a question is asked of, read from the options.
struct Asked {
  std::shared_ptr<const SupportRules> rules;
  Zone zone;                 // of times without an offset
  const OpeningHours* only;  // the calendar that was named; null for several
  OpeningHours hours;
  Seconds from;
  std::vector<Span> pauses;
};

template <class T>
using Read = std::expected<T, std::string>;

struct Loaded {
  std::shared_ptr<const SupportRules> rules;
  Zone zone;
};

// Errors of the configuration are printed as the exporter would print them.
std::optional<Loaded> load(const std::string& file) {
  const ConfigResult config = load_config(file);
  if (!config) {
    for (const ConfigError& error : config.error()) fmt::print(stderr, "{}\n", error.text());
    return std::nullopt;
  }
  const auto rules = SupportRules::compile(config->support.terms);
  if (!rules) {
    complain("calendar", rules.error());
    return std::nullopt;
  }
  const auto zone = config->agreements.empty() ? Read<Zone>(Zone())
                                               : Zone::parse(config->agreements.front().timezone);
  return Loaded{.rules = *rules, .zone = zone.value_or(Zone())};
}

Read<Seconds> read_time(std::string_view option, const std::string& text, const Zone& zone) {
  const auto time = config::parse_time(text, zone);
  if (!time) return std::unexpected(fmt::format("{}: {}", option, time.error()));
  return *time;
}

Read<std::vector<Span>> read_pauses(const std::vector<std::string>& texts, const Zone& zone) {
  std::vector<Span> pauses;
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos) {
      return std::unexpected(fmt::format(
          "--pause: \"{}\" is no pause; expected two times with a slash between", text));
    }
    const auto from = read_time("--pause", text.substr(0, slash), zone);
    if (!from) return std::unexpected(from.error());
    const auto to = read_time("--pause", text.substr(slash + 1), zone);
    if (!to) return std::unexpected(to.error());
    if (*to < *from) {
      return std::unexpected(fmt::format("--pause: \"{}\" ends before it begins", text));
    }
    pauses.push_back({*from, *to});
  }
  // The same second is not paused twice.
  std::ranges::sort(pauses, {}, &Span::from);
  std::vector<Span> joined;
  for (const Span& pause : pauses) {
    if (!joined.empty() && pause.from <= joined.back().to) {
      joined.back().to = std::max(joined.back().to, pause.to);
    } else {
      joined.push_back(pause);
    }
  }
  return joined;
}

Read<Asked> read_question(const Loaded& loaded, const Options& options) {
  Asked asked{.rules = loaded.rules,
              .zone = loaded.zone,
              .only = nullptr,
              .hours = {},
              .from = {},
              .pauses = {}};
  std::vector<const OpeningHours*> parts;
  for (const std::string& name : options.calendars) {
    const OpeningHours* hours = asked.rules->hours(name);
    if (!hours) {
      std::vector<std::string> names;
      for (const CalendarTerms& calendar : asked.rules->terms().calendars) {
        names.push_back(calendar.name);
      }
      return std::unexpected(
          fmt::format("--calendar: there is no calendar \"{}\", but {}, and all "
                      "for their union",
                      name, fmt::join(names, ", ")));
    }
    parts.push_back(hours);
  }
  if (parts.size() == 1) asked.only = parts.front();
  asked.hours = parts.size() == 1 ? *parts.front() : OpeningHours::unite(parts);
  const auto from = read_time("--from", options.from, asked.zone);
  if (!from) return std::unexpected(from.error());
  asked.from = *from;
  auto pauses = read_pauses(options.pauses, asked.zone);
  if (!pauses) return std::unexpected(pauses.error());
  asked.pauses = *std::move(pauses);
  return asked;
}

int elapsed(const Options& options) {
  const auto loaded = load(options.file);
  if (!loaded) return kFailed;
  const auto asked = read_question(*loaded, options);
  if (!asked) return complain("calendar elapsed", asked.error(), kUsageError);
  const auto to = read_time("--to", options.to, asked->zone);
  if (!to) return complain("calendar elapsed", to.error(), kUsageError);
  fmt::print("{}\n", asked->hours.elapsed(asked->from, *to, asked->pauses).count());
  return 0;
}

Read<std::chrono::seconds> length_of(const ReactionTarget& target, const Asked& asked) {
  if (target.unit != ReactionTarget::Unit::business_days)
    return std::chrono::seconds(target.amount);
  const auto day = asked.only ? asked.only->business_day() : std::nullopt;
  if (day) return *day * target.amount;
  return std::unexpected(
      "--target: there is no business day of one length on these calendars; write hours, or name "
      "one calendar that is no union");
}

int due(const Options& options) {
  const auto loaded = load(options.file);
  if (!loaded) return kFailed;
  const auto asked = read_question(*loaded, options);
  if (!asked) return complain("calendar due", asked.error(), kUsageError);
  const auto target = parse_target(options.target);
  if (!target) return complain("calendar due", "--target: " + target.error(), kUsageError);
  const auto length = length_of(*target, *asked);
  if (!length) return complain("calendar due", length.error(), kUsageError);
  const bool real = target->unit == ReactionTarget::Unit::real_seconds;
  const OpeningHours hours = real ? OpeningHours::always() : asked->hours;
  const auto due = hours.due(asked->from, *length, asked->pauses);
  if (!due) return complain("calendar due", "never: it does not open for so long before 2100");
  fmt::print("due {}\nbreach_after {}\n", format_utc(due->due), format_utc(due->breach_after));
  return 0;
}

std::string hours_text(std::chrono::seconds open) {
  const auto hours = std::chrono::floor<std::chrono::hours>(open);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(open - hours);
  return fmt::format("{}:{:02}", hours.count(), minutes.count());
}

std::string holidays_text(const CalendarTerms& calendar) {
  if (calendar.holidays_known_until) {
    return format_utc_day(Seconds(calendar.holidays_known_until->time_since_epoch()));
  }
  return calendar.holidays.empty() ? "-" : "every year";
}

int list(const Options& options) {
  const auto loaded = load(options.file);
  if (!loaded) return kFailed;
  const auto from =
      options.from.empty() ? Read<Seconds>(now()) : read_time("--at", options.from, loaded->zone);
  if (!from) return complain("calendar list", from.error(), kUsageError);
  const auto& calendars = loaded->rules->terms().calendars;
  fmt::print("{:<20} {:>10}  {:<6} {:<20} {}\n", "calendar", "week, h:mm", "now", "next change",
             "holidays known until");
  const auto line = [&](const std::string& name, const std::string& holidays) {
    const OpeningHours& hours = *loaded->rules->hours(name);
    const auto change = hours.next_change(*from);
    fmt::print("{:<20} {:>10}  {:<6} {:<20} {}\n", name, hours_text(hours.week_open()),
               hours.open_at(*from) ? "open" : "closed", change ? format_utc(*change) : "never",
               holidays);
  };
  for (const CalendarTerms& calendar : calendars) line(calendar.name, holidays_text(calendar));
  if (calendars.size() > 1) line("all", "-");
  return 0;
}

CLI::App* add_verb(CLI::App& parent, const std::string& name, const std::string& help,
                   const std::shared_ptr<Options>& options, int (*verb)(const Options&),
                   int& exit_code) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->add_option("--config.file", options->file, "The configuration")->capture_default_str();
  app->callback([options, verb, &exit_code] { exit_code = verb(*options); });
  return app;
}

void add_question(CLI::App& verb, const std::shared_ptr<Options>& options) {
  verb.add_option("--calendar", options->calendars,
                  "A calendar of the configuration, or several with commas: their union")
      ->required()
      ->delimiter(',');
  verb.add_option("--from", options->from, "Where counting begins: 2026-12-04T15:00+01:00")
      ->required();
  verb.add_option("--pause", options->pauses, "T/T: not counted; may be given again");
}

}  // namespace

void add_calendar(CLI::App& app, int& exit_code) {
  CLI::App* calendar = app.add_subcommand("calendar", "Count in opening hours");
  calendar->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(*calendar, "elapsed", "Print the open seconds between two instants",
                            options, elapsed, exit_code);
  add_question(*verb, options);
  verb->add_option("--to", options->to, "Where it ends")->required();

  options = std::make_shared<Options>();
  verb = add_verb(*calendar, "due", "Print when a target is due and until when it is in time",
                  options, due, exit_code);
  add_question(*verb, options);
  verb->add_option("--target", options->target,
                   "Such as 4h, \"5 business days\" or \"2 real hours\"")
      ->required();

  options = std::make_shared<Options>();
  verb = add_verb(*calendar, "list", "Print the calendars: open hours a week, open now, holidays",
                  options, list, exit_code);
  verb->add_option("--at", options->from, "Another instant than now");
}

}  // namespace exporter::tool

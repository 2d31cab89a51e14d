// slatool tickets replay: what clocks come out of a file of events, without any help desk or data
// folder. For trying a configuration on tickets one knows, and for showing how a figure came to be:
// the same reading and the same fold as in the exporter.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/load.h"
#include "exporter/ticket/event_csv.h"
#include "exporter/ticket/event_json.h"
#include "exporter/ticket/ticket.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

constexpr std::string_view kVerb = "tickets replay";
// More of them help nobody to mend a file.
constexpr std::size_t kMaxComplaints = 20;

struct Options {
  std::string config = "sla.yml", now, events;
};

// The events of a file, line by line, and what is wrong with it.
class EventFile {
 public:
  EventFile(std::string name, const SupportRules& rules) : name_(std::move(name)), rules_(rules) {}

  bool read() {
    std::ifstream file;
    if (name_ != "-") file.open(name_);
    std::istream& input = name_ == "-" ? std::cin : file;
    const std::string content(std::istreambuf_iterator<char>(input), {});
    if (input.bad() || (name_ != "-" && !file.is_open())) {
      complain(kVerb, fmt::format("{}: cannot be read", name_));
      return false;
    }
    if (name_.ends_with(".csv")) {
      read_csv(content);
    } else {
      read_lines(content);
    }
    if (bad_ > kMaxComplaints) fmt::print(stderr, "{}: {} bad lines in all\n", name_, bad_);
    return bad_ == 0;
  }
  std::vector<TicketEvent>& events() { return events_; }

 private:
  void read_lines(std::string_view text) {
    for (std::size_t line = 1; !text.empty(); ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view event = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (event.ends_with('\r')) event.remove_suffix(1);
      if (event.find_first_not_of(" \t") != std::string_view::npos) {
        take(line, parse_event_json(event));
      }
    }
  }

  void read_csv(std::string_view text) {
    const std::string_view all = text;
    const auto header = take_csv_record(text);
    const auto csv = EventCsv::open(header.value_or(""));
    if (!csv) return bad_line(1, csv.error());
    while (!text.empty()) {
      const std::string_view before = all.substr(0, all.size() - text.size());
      const auto line = static_cast<std::size_t>(1 + std::ranges::count(before, '\n'));
      const auto record = take_csv_record(text);
      if (!record->empty()) take(line, csv->parse(*record));
    }
  }

  void take(std::size_t line, std::expected<TicketEvent, std::string> event) {
    if (!event) return bad_line(line, event.error());
    if (!event->level.empty() && rules_.level(event->level) == nullptr) {
      std::string names;
      for (const LevelTerms& level : rules_.terms().levels) {
        names += (names.empty() ? "" : ", ") + level.name;
      }
      return bad_line(line, fmt::format("no level \"{}\" in the configuration; it has {}",
                                        event->level, names));
    }
    if (!event->calendar.empty() && rules_.hours(event->calendar) == nullptr &&
        unknown_.insert(event->calendar).second) {
      fmt::print(stderr,
                 "{}:{}: no calendar \"{}\" in the configuration: such tickets count on all of "
                 "them together\n",
                 name_, line, event->calendar);
    }
    events_.push_back(*std::move(event));
  }

  void bad_line(std::size_t line, std::string_view what) {
    if (++bad_ <= kMaxComplaints) fmt::print(stderr, "{}:{}: {}\n", name_, line, what);
  }

  std::string name_;
  const SupportRules& rules_;
  std::vector<TicketEvent> events_;
  std::set<std::string> unknown_;  // calendars that were remarked on
  std::size_t bad_ = 0;
};

using Json = nlohmann::ordered_json;

Json instant(const std::optional<Seconds>& at) { return at ? Json(format_utc(*at)) : Json(); }

Json pauses_of(const ReactionClock& clock) {
  Json pauses = Json::array();
  for (const Span& each : clock.pauses) {
    pauses.push_back(format_utc(each.from) + "/" + format_utc(each.to));
  }
  // ISO 8601 writes an end that is not known as two dots.
  if (clock.paused_since) pauses.push_back(format_utc(*clock.paused_since) + "/..");
  return pauses;
}

void print_clock(const std::string& ticket, const ReactionClock& clock, const SupportRules& rules,
                 Seconds now) {
  const ClockReading reading = read_clock(clock, rules, now);
  std::optional<Seconds> due, breach_after;
  if (reading.due) {
    due = reading.due->due;
    breach_after = reading.due->breach_after;
  }
  const Json line = {{"ticket", ticket},
                     {"level", clock.level},
                     {"instance", clock.instance},
                     {"kind", name_of(clock.kind)},
                     {"start", format_utc(clock.start)},
                     {"end", instant(clock.end)},
                     {"business_seconds", reading.business.count()},
                     {"due", instant(due)},
                     {"breach_after", instant(breach_after)},
                     {"state", result_text(clock, reading)},
                     {"pauses", pauses_of(clock)}};
  fmt::print("{}\n", line.dump());
}

// Tickets in the order in which the file names them first, each ticket's events in theirs.
void print_tickets(std::vector<TicketEvent> events, const SupportRules& rules, Seconds now) {
  const auto later = std::erase_if(events, [&](const TicketEvent& each) { return each.at > now; });
  if (later > 0) {
    fmt::print(stderr, "events after --now, left out: {}\n", later);
  }
  using EventsBySeq = std::map<std::int64_t, TicketEvent>;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  std::vector<EventsBySeq> tickets;
  for (TicketEvent& event : events) {
    const auto [place, is_new] = places.try_emplace({event.source, event.ticket}, tickets.size());
    if (is_new) tickets.emplace_back();
    const std::int64_t seq = event.seq;
    tickets[place->second].try_emplace(seq, std::move(event));
  }
  for (const EventsBySeq& of_ticket : tickets) {
    Ticket ticket;
    for (const auto& [seq, event] : of_ticket) ticket.apply(event, rules);
    const std::string& name = of_ticket.begin()->second.ticket;
    for (const ReactionClock& clock : ticket.clocks()) print_clock(name, clock, rules, now);
  }
}

int replay_verb(const Options& options) {
  const auto now = parse_instant(options.now);
  if (!now) return complain(kVerb, "--now: " + now.error(), kUsageError);
  const ConfigResult config = load_config(options.config);
  if (!config) {
    for (const ConfigError& error : config.error()) fmt::print(stderr, "{}\n", error.text());
    return kFailed;
  }
  if (!config->support.configured()) {
    return complain(kVerb, options.config + ": there are no levels; write them under support:");
  }
  const auto rules = SupportRules::compile(config->support.terms);
  if (!rules) return complain(kVerb, options.config + ": support: " + rules.error());
  EventFile file(options.events, **rules);
  if (!file.read()) return kFailed;
  print_tickets(std::move(file.events()), **rules, *now);
  return 0;
}

}  // namespace

void add_tickets_replay(CLI::App& app, int& exit_code) {
  CLI::App* verb = tickets_verb(app).add_subcommand(
      "replay", "Print the reaction clocks that follow from a file of events, as JSON lines");
  auto options = std::make_shared<Options>();
  verb->add_option("--config.file", options->config, "Whose levels and calendars count")
      ->capture_default_str();
  verb->add_option("--now", options->now, "The instant at which clocks are looked at, RFC 3339")
      ->required();
  verb->add_option("EVENTS", options->events,
                   "JSON lines, CSV when the name ends in .csv; - is standard input")
      ->required();
  verb->callback([options, &exit_code] { exit_code = replay_verb(*options); });
}

}  // namespace exporter::tool

// slatool tickets month: how the promise of reaction times was kept in a month, from tickets.db
// alone, also while the exporter runs. As text for people, as CSV for a sheet, as JSON with
// everything.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exporter/sources/signing.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

using nlohmann::json;

struct Options {
  std::string storage = "data", month, format = "text", agreement;
  bool misses = false;
};

// Shares of the target, in percent; the last bucket is open.
constexpr auto kShares = std::to_array<int>({25, 50, 75, 100, 150, 200});
using Shares = std::array<std::uint64_t, kShares.size() + 1>;
constexpr std::array kKinds = {ReactionKind::reply, ReactionKind::note, ReactionKind::handed_over,
                               ReactionKind::closed};

struct LevelMonth {
  LevelKey key;
  ReactionMonth figures;
  Shares shares{};          // of clocks of kind first that somebody reacted to
  std::uint64_t known = 0;  // clocks of kind first whose ticket is still kept
};

struct Miss {
  TicketName ticket;
  LevelKey key;
  ReactionClock clock;
  ClockReading reading;
};

struct MonthOfTickets {
  std::chrono::year_month month{};
  std::vector<LevelMonth> levels;
  std::vector<Miss> misses;
  std::vector<std::string> unproven;  // why, a sentence each
};

std::string_view name_of_state(ReactionMonth::State state) {
  constexpr std::array<std::string_view, 3> kNames = {"open", "ended", "unproven"};
  return kNames[static_cast<std::size_t>(state)];
}

// --- reading -----------------------------------------------------------------------------------

std::size_t bucket_of(const ReactionClock& clock, std::chrono::seconds business) {
  std::size_t bucket = 0;
  while (bucket < kShares.size() &&
         business.count() * 100 > clock.target.count() * kShares[bucket]) {
    ++bucket;
  }
  return bucket;
}

void add_clocks(MonthOfTickets& month, const TicketBook& book, Seconds at) {
  book.visit(month.month,
             [&](const TicketName& name, const ReactionClock& clock, const ClockFact& fact) {
               const auto level = std::ranges::find(month.levels, fact.key, &LevelMonth::key);
               if (level == month.levels.end()) return;
               if (fact.kind == ClockKind::first) {
                 ++level->known;
                 if (fact.business) ++level->shares[bucket_of(clock, *fact.business)];
               }
               if (*fact.met) return;
               const SupportRules& rules = book.timeline().rules_at(clock.start);
               month.misses.push_back({name, fact.key, clock, read_clock(clock, rules, at)});
             });
}

void add_unproven(MonthOfTickets& month, const std::map<std::string, SourceRow>& sources,
                  const SupportTimeline& timeline, Seconds at) {
  const Seconds end = timeline.month_end(kPublishedAgreement, month.month);
  if (at < end) return;
  for (const auto& [source, row] : sources) {
    if (!row.configured || (row.read_until && *row.read_until >= end)) continue;
    month.unproven.push_back(
        fmt::format("source {} was read until {}, and the month ended at {}", source,
                    row.read_until ? format_utc(*row.read_until) : std::string("no known moment"),
                    format_utc(end)));
  }
}

LedgerResult<MonthOfTickets> read_month(EventStore& store, const Options& options,
                                        std::chrono::year_month month, Seconds at) {
  auto sources = store.sources();
  if (!sources) return std::unexpected(sources.error());
  auto book = read_book(store, at);
  if (!book) return std::unexpected(book.error());
  MonthOfTickets result{.month = month, .levels = {}, .misses = {}, .unproven = {}};
  if (book->timeline().empty()) return result;
  add_unproven(result, *sources, book->timeline(), at);
  for (const auto& [key, level] : book->totals().levels) {
    if (!options.agreement.empty() && key.agreement != options.agreement) continue;
    LevelMonth& each = result.levels.emplace_back();
    each.key = key;
    if (const auto found = level.months.find(month); found != level.months.end()) {
      each.figures = found->second;
    }
    each.figures.month = month;
    const bool over = at >= book->timeline().month_end(key.agreement, month);
    using enum ReactionMonth::State;
    each.figures.state = !over ? open : result.unproven.empty() ? ended : unproven;
  }
  add_clocks(result, *book, at);
  return result;
}

// --- writing -----------------------------------------------------------------------------------

// Rounded down, so that 100 is only said of what is whole.
std::string percent(std::optional<double> ratio) {
  if (!ratio) return "-";
  return fmt::format("{:.2f} %", std::floor(*ratio * 10'000 + 1e-9) / 100);
}

json ratio_json(std::optional<double> ratio) { return ratio ? json(*ratio) : json(nullptr); }

json by_kind(const std::array<std::uint64_t, 4>& counts) {
  json value = json::object();
  for (const ReactionKind kind : kKinds) {
    value[std::string(name_of(kind))] = counts[static_cast<std::size_t>(kind)];
  }
  return value;
}

json to_json(const LevelMonth& level) {
  const ReactionMonth& figures = level.figures;
  json shares = json::array();
  for (std::size_t each = 0; each < level.shares.size(); ++each) {
    const json up_to = each < kShares.size() ? json(kShares[each] / 100.0) : json(nullptr);
    shares.push_back({{"up_to", up_to}, {"clocks", level.shares[each]}});
  }
  return json{{"agreement", level.key.agreement},
              {"level", level.key.level},
              {"state", name_of_state(figures.state)},
              {"met", figures.all_met()},
              {"missed", figures.all_missed()},
              {"compliance", ratio_json(figures.compliance())},
              {"strict_compliance", ratio_json(figures.strict())},
              {"met_by_kind", by_kind(figures.met)},
              {"missed_by_kind", by_kind(figures.missed)},
              {"missed_without_reaction", figures.open_missed},
              {"next", {{"met", figures.next_met}, {"missed", figures.next_missed}}},
              {"share_of_target", std::move(shares)},
              {"clocks_of_kept_tickets", level.known}};
}

json to_json(const Miss& miss) {
  const auto instant = [](const std::optional<Seconds>& at) {
    return at ? json(format_utc(*at)) : json(nullptr);
  };
  return json{{"source", miss.ticket.source},
              {"ticket", miss.ticket.ticket},
              {"agreement", miss.key.agreement},
              {"level", miss.key.level},
              {"instance", miss.clock.instance},
              {"kind", name_of(miss.clock.kind)},
              {"calendar", miss.clock.calendar},
              {"start", format_utc(miss.clock.start)},
              {"breached", instant(miss.reading.breached)},
              {"end", instant(miss.clock.end)},
              {"business_seconds", miss.reading.business.count()},
              {"target_seconds", miss.clock.target.count()},
              {"result", result_text(miss.clock, miss.reading)}};
}

void print_json(const MonthOfTickets& month) {
  json levels = json::array(), misses = json::array();
  for (const LevelMonth& each : month.levels) levels.push_back(to_json(each));
  for (const Miss& each : month.misses) misses.push_back(to_json(each));
  const json value{{"month", format_month(month.month)},
                   {"levels", std::move(levels)},
                   {"misses", std::move(misses)},
                   {"unproven", month.unproven}};
  fmt::print("{}\n", value.dump(2, ' ', false, json::error_handler_t::replace));
}

// A field of a sheet; ids come from outside and must not become formulas.
std::string cell(std::string_view text) {
  std::string quoted = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
    quoted += '\'';
  }
  for (const char letter : text) {
    quoted += letter;
    if (letter == '"') quoted += letter;
  }
  return quoted + '"';
}

void print_misses_csv(const MonthOfTickets& month) {
  fmt::print(
      "month,agreement,level,source,ticket,instance,kind,calendar,start,breached,end,"
      "business_seconds,target_seconds,result\n");
  for (const Miss& each : month.misses) {
    const auto instant = [](const std::optional<Seconds>& at) {
      return at ? format_utc(*at) : std::string();
    };
    fmt::print("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", format_month(month.month),
               cell(each.key.agreement), cell(each.key.level), cell(each.ticket.source),
               cell(each.ticket.ticket), each.clock.instance, name_of(each.clock.kind),
               cell(each.clock.calendar), format_utc(each.clock.start),
               instant(each.reading.breached), instant(each.clock.end),
               each.reading.business.count(), each.clock.target.count(),
               result_text(each.clock, each.reading));
  }
}

void print_csv(const MonthOfTickets& month) {
  fmt::print("month,agreement,level,state,met,missed,compliance,strict_compliance");
  for (const std::string_view result : {"met", "missed"}) {
    for (const ReactionKind kind : kKinds) fmt::print(",{}_{}", result, name_of(kind));
  }
  fmt::print(",missed_without_reaction,next_met,next_missed");
  for (const int share : kShares) fmt::print(",up_to_{}_percent", share);
  fmt::print(",over_{}_percent\n", kShares.back());
  for (const LevelMonth& each : month.levels) {
    const ReactionMonth& figures = each.figures;
    const auto ratio = [](std::optional<double> value) {
      return value ? fmt::format("{:.6f}", *value) : std::string();
    };
    fmt::print("{},{},{},{},{},{},{},{}", format_month(month.month), cell(each.key.agreement),
               cell(each.key.level), name_of_state(figures.state), figures.all_met(),
               figures.all_missed(), ratio(figures.compliance()), ratio(figures.strict()));
    for (const std::uint64_t count : figures.met) fmt::print(",{}", count);
    for (const std::uint64_t count : figures.missed) fmt::print(",{}", count);
    fmt::print(",{},{},{}", figures.open_missed, figures.next_met, figures.next_missed);
    fmt::print(",{}\n", fmt::join(each.shares, ","));
  }
}

void print_level(const LevelMonth& level) {
  const ReactionMonth& figures = level.figures;
  fmt::print("\n{}, level {}: {} ({} met, {} missed; strictly {}), {}\n", level.key.agreement,
             level.key.level, percent(figures.compliance()), figures.all_met(),
             figures.all_missed(), percent(figures.strict()), name_of_state(figures.state));
  if (figures.all_met() + figures.all_missed() == 0) return;
  for (const ReactionKind kind : kKinds) {
    const auto at = static_cast<std::size_t>(kind);
    if (figures.met[at] + figures.missed[at] == 0) continue;
    fmt::print("  {:<12} {:>7} met {:>7} missed\n", name_of(kind), figures.met[at],
               figures.missed[at]);
  }
  if (figures.open_missed > 0)
    fmt::print("  {} missed without a reaction yet\n", figures.open_missed);
  fmt::print("  of the target:");
  for (std::size_t each = 0; each < kShares.size(); ++each) {
    fmt::print(" up to {} %: {};", kShares[each], level.shares[each]);
  }
  fmt::print(" more: {}\n", level.shares.back());
  const std::uint64_t counted = figures.all_met() + figures.all_missed();
  if (counted > level.known) {
    fmt::print("  {} of them are of tickets that are no longer kept\n", counted - level.known);
  }
}

void print_text(const MonthOfTickets& month) {
  fmt::print("Reaction times in {}\n", format_month(month.month));
  for (const std::string& reason : month.unproven) fmt::print("unproven: {}\n", reason);
  for (const LevelMonth& each : month.levels) print_level(each);
  if (month.misses.empty()) return;
  fmt::print("\nMissed:\n");
  for (const Miss& each : month.misses) {
    fmt::print("  {} {}: {} {} {}, from {}, {} s of {} s, {}\n", each.ticket.source,
               each.ticket.ticket, each.key.agreement, each.key.level, name_of(each.clock.kind),
               format_utc(each.clock.start), each.reading.business.count(),
               each.clock.target.count(), result_text(each.clock, each.reading));
  }
}

int month_verb(const Options& options) {
  const auto month = parse_month(options.month);
  if (!month) return complain("tickets month", "--month: " + month.error(), kUsageError);
  auto store = EventStore::open(options.storage, EventStore::Mode::read);
  if (!store) return complain("tickets month", store.error().message);
  const auto read = read_month(**store, options, *month, now());
  if (!read) return complain("tickets month", read.error().message);
  if (read->levels.empty()) {
    return complain("tickets month", options.agreement.empty()
                                         ? "no reaction times are promised in this folder yet"
                                         : "there is no agreement of that name");
  }
  if (options.format == "json") {
    print_json(*read);
  } else if (options.format == "csv") {
    (options.misses ? print_misses_csv : print_csv)(*read);
  } else {
    print_text(*read);
  }
  return 0;
}

}  // namespace

void add_tickets_month(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_ledger_verb(
      tickets_verb(app), "month",
      "Print how reaction times were kept in a month: by level, by share of the target, misses",
      options, month_verb, exit_code);
  verb->add_option("--month", options->month, "As in 2026-11")->required();
  verb->add_option("--format", options->format, "text, csv or json")
      ->check(CLI::IsMember({"text", "csv", "json"}))
      ->capture_default_str();
  verb->add_option("--agreement", options->agreement, "Only this one (default: all)");
  verb->add_flag("--misses", options->misses, "With csv: the list of misses instead of the levels");
}

}  // namespace exporter::tool

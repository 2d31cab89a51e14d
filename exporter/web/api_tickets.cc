// Tickets by the API: the open clocks that a script may want to look at, and the months of each
// level. Not Prometheus' endpoints, but its envelope, its errors and its way with limits. Times are
// RFC 3339 in UTC, waits are whole seconds of business time.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/web/api_endpoints.h"
#include "exporter/web/api_json.h"
#include "exporter/web/api_params.h"
#include "exporter/web/ticket_words.h"
#include "rules/promql/quote.h"

namespace exporter::api {
namespace {

// A parameter that is given several times admits any of its values; one that is not given, all.
struct Filter {
  std::vector<std::string> agreements, levels, sources, states;
};

bool admits(const std::vector<std::string>& wanted, std::string_view name) {
  return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

bool matches(const Filter& filter, const OpenClockView& open, const SupportView& view) {
  return admits(filter.agreements, agreement_of(open.clock, view)) &&
         admits(filter.levels, open.clock.level) && admits(filter.sources, open.source) &&
         admits(filter.states, open_state_name(open.reading.state));
}

std::expected<Filter, Error> filter_of(const WebRequest& request) {
  Filter filter{parameters(request, "agreement"), parameters(request, "level"),
                parameters(request, "source"), parameters(request, "state")};
  for (const std::string& state : filter.states) {
    if (!is_open_state_name(state)) {
      return bad_parameter("state", fmt::format("not supported value {}", rules::quote(state)));
    }
  }
  return filter;
}

// A snapshot with a reaction half.
std::expected<std::shared_ptr<const Snapshot>, Error> snapshot_of(const ApiContext& context) {
  auto snapshot = context.snapshot ? context.snapshot() : nullptr;
  if (!snapshot) {
    return std::unexpected(
        Error{ErrorKind::unavailable, "no figures were committed yet; try again shortly"});
  }
  if (!snapshot->support) {
    return std::unexpected(Error{ErrorKind::not_found,
                                 "no tickets are read here: sla.yml has no section \"support\""});
  }
  return snapshot;
}

// An object under way, one member after another.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_.push_back('{'); }
  Members(const Members&) = delete;

  void text(std::string_view name, std::string_view value) {
    begin(name);
    append_escaped(out_, value);
  }
  void flag(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "true" : "false";
  }
  void moment(std::string_view name, std::optional<Seconds> at) {
    begin(name);
    out_ += at ? fmt::format("\"{}\"", format_utc(*at)) : "null";
  }
  void ratio(std::string_view name, std::optional<double> value) {
    begin(name);
    if (!value) {
      out_ += "null";
      return;
    }
    append_number(out_, *value);
  }
  template <class Whole>
  void number(std::string_view name, Whole value) {
    begin(name);
    out_ += fmt::format("{}", value);
  }
  std::string& begin(std::string_view name) {
    if (out_.back() != '{') out_.push_back(',');
    out_ += fmt::format("\"{}\":", name);
    return out_;
  }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
};

void append_clock(std::string& out, const OpenClockView& open, const SupportView& view) {
  const ReactionClock& clock = open.clock;
  const auto due = due_of(open.reading);
  Members members(out);
  members.text("source", open.source);
  members.text("ticket", open.ticket);
  members.text("agreement", agreement_of(clock, view));
  members.text("level", clock.level);
  members.text("kind", name_of(clock.kind));
  members.number("instance", clock.instance);
  members.text("state", open_state_name(open.reading.state));
  members.text("calendar", clock.calendar);
  members.moment("start", clock.start);
  members.number("businessSeconds", open.reading.business.count());
  members.number("targetSeconds", clock.target.count());
  members.number("remainingSeconds", remaining(clock, open.reading).count());
  members.moment("due", due ? std::optional(due->due) : std::nullopt);
  members.moment("inTimeUntil", due ? std::optional(due->breach_after) : std::nullopt);
  members.moment("breached", open.reading.breached);
  members.flag("provisional", open.provisional);
  members.end();
}

using Counts = std::array<std::uint64_t, 4>;

// By kind of reaction, and their sum.
void append_counts(Members& members, const Counts& counts, std::uint64_t total) {
  members.number("total", total);
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    members.number(name_of(static_cast<ReactionKind>(kind)), counts[kind]);
  }
}

void append_month(std::string& out, const ReactionMonth& month) {
  Members members(out);
  members.text("month", format_month(month.month));
  members.text("state", name_of(month.state));
  Members met(members.begin("met"));
  append_counts(met, month.met, month.all_met());
  met.end();
  Members missed(members.begin("missed"));
  append_counts(missed, month.missed, month.all_missed());
  missed.number("open", month.open_missed);
  missed.end();
  members.ratio("compliance", month.compliance());
  members.ratio("strict", month.strict());
  Members next(members.begin("next"));
  next.number("met", month.next_met);
  next.number("missed", month.next_missed);
  next.end();
  members.end();
}

void append_level(std::string& out, const LevelView& level, const Zone& zone) {
  Members members(out);
  members.text("agreement", level.key.agreement);
  members.text("level", level.key.level);
  members.text("timezone", zone.name());
  members.number("targetSeconds", level.target.count());
  append_month(members.begin("current"), level.current);
  append_month(members.begin("previous"), level.previous);
  members.end();
}

// The list is kept to those that are due next; what lies beyond it is said, not left out silently.
void warn_of_the_rest(Data& data, const SupportView& view, bool truncated) {
  if (truncated) data.warnings.emplace_back(kTruncated);
  if (view.open_total <= view.open.size()) return;
  data.warnings.push_back(fmt::format("only the {} clocks that are due next are looked at, of {}",
                                      view.open.size(), view.open_total));
}

}  // namespace

Answer tickets(const ApiContext& context, const WebRequest& request) {
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  const auto filter = filter_of(request);
  if (!filter) return std::unexpected(filter.error());
  const auto snapshot = snapshot_of(context);
  if (!snapshot) return std::unexpected(snapshot.error());

  const SupportView& view = *(*snapshot)->support;
  Data data;
  Members members(data.body);
  members.moment("at", view.at);
  members.number("openTotal", view.open_total);
  members.begin("clocks").push_back('[');
  std::size_t found = 0;
  for (const OpenClockView& open : view.open) {
    if (!matches(*filter, open, view)) continue;
    if (++found > *limit && *limit > 0) break;
    if (data.body.back() != '[') data.body.push_back(',');
    append_clock(data.body, open, view);
  }
  data.body.push_back(']');
  members.end();
  warn_of_the_rest(data, view, *limit > 0 && found > *limit);
  return data;
}

Answer ticket_months(const ApiContext& context, const WebRequest& request) {
  const std::vector<std::string> agreements = parameters(request, "agreement");
  const std::vector<std::string> levels = parameters(request, "level");
  const auto snapshot = snapshot_of(context);
  if (!snapshot) return std::unexpected(snapshot.error());

  const SupportView& view = *(*snapshot)->support;
  const AgreementZones zones(**snapshot);
  Data data;
  Members members(data.body);
  members.moment("at", view.at);
  members.begin("levels").push_back('[');
  for (const LevelView& level : view.levels) {
    if (!admits(agreements, level.key.agreement) || !admits(levels, level.key.level)) continue;
    if (data.body.back() != '[') data.body.push_back(',');
    append_level(data.body, level, zones.of(level.key.agreement));
  }
  data.body.push_back(']');
  members.end();
  return data;
}

}  // namespace exporter::api

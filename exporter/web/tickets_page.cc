// Who waits comes first, because that is what one comes for; then how the promise stands, and last
// what the figures hang on: help desks, calendars, hand-overs. Every value from outside goes
// through escape_html(); times are in the zone of the agreement, which the notes name.
#include "exporter/web/tickets_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "exporter/report/figures_text.h"
#include "exporter/ticket/support_timeline.h"
#include "exporter/web/html.h"
#include "exporter/web/ticket_tables.h"
#include "exporter/web/ticket_words.h"

namespace exporter {
namespace {

struct Page {
  const SupportView& view;
  AgreementZones zones;
  // Of what belongs to no agreement.
  const Zone& zone() const { return zones.of(kPublishedAgreement); }
};

std::string count_text(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string heading(std::string_view id, std::string_view text) {
  return fmt::format("<h2 id=\"{}\">{}</h2>\n", id, text);
}

std::vector<std::string> agreements_of(const SupportView& view) {
  std::vector<std::string> names;
  for (const LevelView& level : view.levels) {
    if (names.empty() || names.back() != level.key.agreement) names.push_back(level.key.agreement);
  }
  return names;
}

// Where several agreements stand in one table, each of its times names its zone.
std::string zone_note(const Page& page, const Zone& zone) {
  const bool one = std::ranges::all_of(page.view.levels, [&](const LevelView& level) {
    return page.zones.of(level.key.agreement) == zone;
  });
  return one ? "" : fmt::format(" <span class=\"quiet\">{}</span>", escape_html(zone.name()));
}

std::string zones_text(const Page& page) {
  std::vector<std::string> names;
  for (const std::string& agreement : agreements_of(page.view)) {
    const std::string name = escape_html(page.zones.of(agreement).name());
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// --- who waits ---------------------------------------------------------------------------------

std::string waiting_row(const Page& page, const LevelView& level) {
  const Zone& zone = page.zones.of(level.key.agreement);
  const bool waits = level.breached + level.paused + level.at_risk + level.running > 0;
  return fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}{}{}{}</tr>\n",
                     escape_html(level.key.level), number_cell(wait_text(level.target)),
                     count_cell(level.breached, "bad"), count_cell(level.at_risk, "unknown"),
                     count_cell(level.paused, "excluded"), count_cell(level.running, "good"),
                     number_cell(waits ? wait_text(level.oldest) : "&ndash;"),
                     whole_cell(moment_text(zone, level.next_due)));
}

// "reaction 1": of kind first, so it counts for the contract; "follow-up 2": of kind next.
std::string clock_text(const ReactionClock& clock) {
  const std::string_view kind = clock.kind == ClockKind::first ? "reaction" : "follow-up";
  return fmt::format("{} {}", kind, clock.instance);
}

// What names a ticket, the same in both lists. Ids are the help desk's.
std::string ticket_head(const Page& page, const std::string& source, const std::string& ticket,
                        const ReactionClock& clock) {
  const std::string_view agreement = agreement_of(clock, page.view);
  std::string level = escape_html(clock.level);
  if (agreement != kPublishedAgreement) level += fmt::format(" ({})", escape_html(agreement));
  return fmt::format(
      "<th scope=\"row\" class=\"ticket\"><code>{}</code> <span class=\"quiet\">{}</span></th>{}{}",
      escape_html(ticket), escape_html(source), whole_cell(level), whole_cell(clock_text(clock)));
}

std::string time_left(const OpenClockView& open) {
  const std::chrono::seconds left = remaining(open.clock, open.reading);
  if (left < left.zero())
    return fmt::format("<span class=\"bad\">{} over</span>", wait_text(-left));
  return wait_text(left);
}

// The first instant at which it is, or will be, too late: a desk that is closed puts it off.
std::string breach_text(const Page& page, const Zone& zone, const OpenClockView& open) {
  if (open.reading.breached) return moment_text(zone, open.reading.breached);
  const auto due = due_of(open.reading);
  if (!due) return moment_text(zone, std::nullopt);
  const std::string moment = moment_text(zone, due->breach_after);
  return fmt::format("<span class=\"quiet\">after</span> {}{}", moment, zone_note(page, zone));
}

std::string open_row(const Page& page, const OpenClockView& open) {
  const Zone& zone = page.zones.of(agreement_of(open.clock, page.view));
  const auto due = due_of(open.reading);
  const std::string due_text =
      due ? moment_text(zone, due->due) + zone_note(page, zone) : moment_text(zone, std::nullopt);
  const std::string_view note = open.provisional ? " <span class=\"quiet\">provisional</span>" : "";
  return fmt::format(
      "<tr>{}{}{}{}{}{}</tr>\n", ticket_head(page, open.source, open.ticket, open.clock),
      ticket_state_cell(open_state_name(open.reading.state), note), number_cell(time_left(open)),
      number_cell(
          fmt::format("{} of {}", wait_text(open.reading.business), wait_text(open.clock.target))),
      whole_cell(due_text), whole_cell(breach_text(page, zone, open)));
}

std::string open_section(const Page& page) {
  const SupportView& view = page.view;
  std::string body = heading("open", "Open clocks");
  if (view.open_total == 0) return body + "<p>Nobody waits.</p>\n";
  std::string rows;
  for (const OpenClockView& open : view.open) rows += open_row(page, open);
  body += ticket_table(
      fmt::format("{}, breached first, then by due date. Waits and what is left are business time; "
                  "other times are in {}.",
                  count_text(view.open_total, "clock"), zones_text(page)),
      {{"Ticket"},
       {"Level"},
       {"Clock"},
       {"State"},
       {"Left", true},
       {"Waited", true},
       {"Due"},
       {"Breach"}},
      rows);
  if (view.open_total > view.open.size()) {
    body += fmt::format("<p>{} more that are due later.</p>\n", view.open_total - view.open.size());
  }
  return body;
}

// --- how the promise stands --------------------------------------------------------------------

std::string percent(std::optional<double> ratio) { return percent_text(ratio).value_or("&ndash;"); }

std::string follow_ups(const ReactionMonth& month) {
  const std::uint64_t all = month.next_met + month.next_missed;
  return all == 0 ? "&ndash;" : fmt::format("{} of {}", month.next_met, all);
}

std::string month_row(const LevelView& level, const ReactionMonth& month) {
  return fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}{}{}{}</tr>\n",
                     escape_html(level.key.level), whole_cell(format_month(month.month)),
                     ticket_state_cell(name_of(month.state)), count_cell(month.all_met()),
                     count_cell(month.all_missed(), "bad"),
                     number_cell(percent(month.compliance())), number_cell(percent(month.strict())),
                     number_cell(follow_ups(month)));
}

std::string agreement_section(const Page& page, const std::string& agreement, std::size_t number) {
  const std::string zone = escape_html(page.zones.of(agreement).name());
  std::string waiting, months;
  for (const LevelView& level : page.view.levels) {
    if (level.key.agreement != agreement) continue;
    waiting += waiting_row(page, level);
    months += month_row(level, level.current) + month_row(level, level.previous);
  }
  return heading(fmt::format("agreement-{}", number), "Agreement " + escape_html(agreement)) +
         ticket_table(fmt::format("Open clocks by state. Due dates are in {}.", zone),
                      {{"Level"},
                       {"Target", true},
                       {"Breached", true},
                       {"At risk", true},
                       {"Paused", true},
                       {"Running", true},
                       {"Waits longest", true},
                       {"Next due"}},
                      waiting) +
         ticket_table(fmt::format("First reactions by the month, in {}, that decided them. Strict "
                                  "counts only messages to the customer. Follow-ups are outside "
                                  "the promise.",
                                  zone),
                      {{"Level"},
                       {"Month"},
                       {"State"},
                       {"Met", true},
                       {"Missed", true},
                       {"Compliance", true},
                       {"Strict", true},
                       {"Follow-ups met", true}},
                      months);
}

std::string miss_row(const Page& page, const MissView& miss) {
  const Zone& zone = page.zones.of(agreement_of(miss.clock, page.view));
  const std::string_view reaction =
      miss.clock.reaction ? name_of(*miss.clock.reaction) : std::string_view("none yet");
  const std::string month =
      miss.reading.breached ? format_month(zone.month_of(*miss.reading.breached)) : "&ndash;";
  return fmt::format("<tr>{}{}{}{}{}</tr>\n",
                     ticket_head(page, miss.source, miss.ticket, miss.clock), whole_cell(month),
                     whole_cell(moment_text(zone, miss.reading.breached) + zone_note(page, zone)),
                     number_cell(fmt::format("{} of {}", wait_text(miss.reading.business),
                                             wait_text(miss.clock.target))),
                     whole_cell(reaction == "handed_over" ? "handed over" : reaction));
}

std::string misses_section(const Page& page) {
  std::string body = heading("misses", "Missed");
  if (page.view.misses.empty()) return body + "<p>Nothing in this month and the last.</p>\n";
  std::string rows;
  for (const MissView& miss : page.view.misses) rows += miss_row(page, miss);
  body += ticket_table(
      fmt::format("Of this month and the last, the latest first; times are in {}.",
                  zones_text(page)),
      {{"Ticket"}, {"Level"}, {"Clock"}, {"Month"}, {"Breach"}, {"Waited", true}, {"Reaction"}},
      rows);
  std::uint64_t counted = 0;
  for (const LevelView& level : page.view.levels) {
    counted += level.current.all_missed() + level.previous.all_missed();
  }
  const std::size_t listed = page.view.misses.size();
  if (listed == SupportView::kMaxListed && counted > listed) {
    body += fmt::format("<p>{} more; <code>slatool tickets month --misses</code> has all.</p>\n",
                        counted - listed);
  }
  return body;
}

// --- what the figures hang on ------------------------------------------------------------------

std::string source_row(const Page& page, const SourceView& source) {
  return fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}</tr>\n", escape_html(source.source),
                     ticket_state_cell(source.up ? "up" : "down"),
                     whole_cell(moment_text(page.zone(), source.last_success)),
                     whole_cell(moment_text(page.zone(), source.read_until)),
                     text_cell(source.last_error));
}

std::string sources_section(const Page& page) {
  std::string body = heading("sources", "Help desks");
  if (page.view.sources.empty()) return body + "<p>None is configured.</p>\n";
  std::string rows;
  for (const SourceView& source : page.view.sources) rows += source_row(page, source);
  return body +
         ticket_table(fmt::format("What happened after a help desk was read is not known. Times "
                                  "are in {}.",
                                  escape_html(page.zone().name())),
                      {{"Source"}, {"State"}, {"Last success"}, {"Read until"}, {"Last error"}},
                      rows);
}

const CalendarTerms* terms_of(const SupportView& view, const std::string& calendar) {
  if (!view.rules) return nullptr;
  const auto& all = view.rules->terms().calendars;
  const auto found = std::ranges::find(all, calendar, &CalendarTerms::name);
  return found == all.end() ? nullptr : &*found;
}

// The instant is the end of the last day that is known.
std::string known_until(const CalendarView& calendar, const CalendarTerms* terms,
                        const Zone& zone) {
  if (calendar.holidays_known_until) {
    return zone.format_short(*calendar.holidays_known_until - std::chrono::seconds(1))
        .substr(0, 10);
  }
  if (terms == nullptr || !terms->union_of.empty()) return "&ndash;";
  return terms->holidays.empty() ? "none listed" : "every year";
}

std::string calendar_row(const Page& page, const CalendarView& calendar) {
  const CalendarTerms* terms = terms_of(page.view, calendar.calendar);
  const auto own = Zone::parse(terms != nullptr ? terms->timezone : "");
  const Zone& zone = own ? *own : page.zone();  // a union has none
  return fmt::format(
      "<tr><th scope=\"row\">{}</th>{}{}{}{}{}</tr>\n", escape_html(calendar.calendar),
      ticket_state_cell(calendar.open ? "calendar open" : "calendar closed"),
      whole_cell(moment_text(zone, calendar.next_change)), whole_cell(escape_html(zone.name())),
      number_cell(wait_text(calendar.week_open)), whole_cell(known_until(calendar, terms, zone)));
}

std::string calendars_section(const Page& page) {
  std::string rows;
  for (const CalendarView& calendar : page.view.calendars) rows += calendar_row(page, calendar);
  return heading("calendars", "Calendars") +
         ticket_table(
             "Hours of an ordinary week; <code>all</code> is open whenever one of them is.",
             {{"Calendar"},
              {"Now"},
              {"Until"},
              {"Zone"},
              {"Hours a week", true},
              {"Holidays known until"}},
             rows);
}

std::string hand_overs_section(const Page& page) {
  const SupportView& view = page.view;
  std::uint64_t all = 0;
  std::string teams, gaps;
  for (const auto& [destination, count] : view.hand_overs) {
    all += count;
    teams += fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n",
                         destination.empty() ? "not known" : escape_html(destination),
                         count_cell(count));
  }
  for (const auto& [item, count] : view.checklist_gaps) {
    gaps += fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n", escape_html(item),
                        count_cell(count, "unknown"));
  }
  std::string body = heading("hand-overs", "Hand-overs");
  if (all == 0) return body + "<p>None since the first event.</p>\n";
  body += ticket_table(fmt::format("{} since the first event, {} with a complete checklist.",
                                   count_text(all, "hand-over"), view.hand_overs_complete),
                       {{"To"}, {"Hand-overs", true}}, teams);
  if (gaps.empty()) return body;
  return body +
         ticket_table("What was missing of the checklist.", {{"Item"}, {"Missing", true}}, gaps);
}

// --- the whole ---------------------------------------------------------------------------------

std::string alarm(std::uint64_t count, std::string_view what) {
  if (count == 0) return fmt::format("none {}", what);
  return fmt::format("<strong class=\"bad\">{}</strong> {}", count, what);
}

// What is wrong stands here with a number, and leads to its section.
std::string summary(const Page& page) {
  const SupportView& view = page.view;
  std::uint64_t breached = 0, missed = 0;
  for (const LevelView& level : view.levels) {
    breached += level.breached;
    missed += level.current.all_missed();
  }
  const auto unread = std::ranges::count(view.sources, false, &SourceView::up);
  const std::string text = fmt::format(
      "<p><a href=\"#open\">{}</a>, {}. <a href=\"#misses\">{} missed</a> this month. <a "
      "href=\"#sources\">{}</a>, {}. <a href=\"#calendars\">Calendars</a>. <a "
      "href=\"#hand-overs\">Hand-overs</a>.</p>\n",
      count_text(view.open_total, "open clock"), alarm(breached, "breached"), missed,
      count_text(view.sources.size(), "help desk"),
      unread == 0 ? "all read" : alarm(static_cast<std::uint64_t>(unread), "not read"));
  if (!view.rules || !view.rules->terms().number_mail_within) return text;
  return text +
         fmt::format(
             "<p>Mails with the ticket number: {}; {} late since the first event, of {}.</p>\n",
             alarm(view.number_mails_missing, "overdue and not sent"), view.number_mails_late_total,
             view.number_mail.count);
}

constexpr std::string_view kHowToAdd =
    "<p>No reaction times are counted here: <code>sla.yml</code> has no section "
    "<code>support</code>. It says when the desk is open, what each level promises and where "
    "tickets are read from:</p>\n"
    "<pre><code>support:\n"
    "  calendars:\n"
    "    office: {timezone: Europe/Zurich, open: [\"mon-fri 08:00-17:00\"]}\n"
    "  levels:\n"
    "    first: {react_within: 4 business hours}\n"
    "  sources:\n"
    "    sample: {type: file, file: tickets.jsonl}\n"
    "</code></pre>\n"
    "<p>Then <code>slatool check config sla.yml</code>, and reload. All keys are in "
    "<code>docs/configuration.md</code>, the rules in <code>docs/reactions.md</code>.</p>\n";

std::string body_of(const Snapshot* snapshot) {
  if (snapshot == nullptr) return "<p>No figures were committed yet.</p>\n";
  if (!snapshot->support) return std::string(kHowToAdd);
  const Page page{*snapshot->support, AgreementZones(*snapshot)};
  std::string body =
      fmt::format("<p class=\"quiet\">{} kept. Figures as of {}.</p>\n",
                  count_text(page.view.tickets, "ticket"), page.zone().format(page.view.at));
  body += summary(page);
  std::size_t number = 0;
  for (const std::string& agreement : agreements_of(page.view)) {
    body += agreement_section(page, agreement, ++number);
  }
  return body + open_section(page) + misses_section(page) + sources_section(page) +
         calendars_section(page) + hand_overs_section(page);
}

}  // namespace

std::string tickets_page(const Snapshot* snapshot) {
  return html_page("Tickets", "",
                   {{"./", "Overview"},
                    {"rules", "Rules"},
                    {"graph", "Query"},
                    {"metrics", "Metrics"},
                    {"api/v1/tickets", "Open clocks as JSON"},
                    {"api/v1/tickets/month", "Months as JSON"}},
                   body_of(snapshot));
}

Route tickets_page_route(std::function<std::shared_ptr<const Snapshot>()> snapshot) {
  const auto handler = [snapshot = std::move(snapshot)](const WebRequest&) {
    WebResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = tickets_page(snapshot().get());
    return response;
  };
  return {{"GET"}, "/tickets", handler, true};
}

}  // namespace exporter

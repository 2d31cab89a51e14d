// The page of tickets: who waits and until when, in the words of the agreement; and nothing that a
// help desk says gets onto it unescaped.
#include "exporter/web/tickets_page.h"

#include <gmock/gmock.h>

#include "exporter/web/pages.h"
#include "tests/exporter/web/sample_tickets.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string page_of(std::shared_ptr<const SupportView> view) {
  return tickets_page(snapshot_with(std::move(view)).get());
}

// The row of a table that names the ticket; all of them begin on a line of their own.
std::string row_of(const std::string& page, const std::string& ticket) {
  const auto at = page.find("<code>" + ticket + "</code>");
  if (at == std::string::npos) return "no row";
  const auto begin = page.rfind("<tr>", at);
  return page.substr(begin, page.find("</tr>", at) - begin);
}

TEST(TicketsPageTest, ShowsOpenClocksByStateForEachLevel) {
  const std::string page = page_of(sample_tickets());
  EXPECT_THAT(page, HasSubstr("Agreement published"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">first</th><td class=\"number\">4 h</td>"
                              "<td class=\"number\"><span class=\"bad\">1</span></td>"
                              "<td class=\"number\"><span class=\"unknown\">1</span></td>"
                              "<td class=\"number\">0</td>"
                              "<td class=\"number\"><span class=\"good\">3</span></td>"
                              "<td class=\"number\">5 h</td>"
                              "<td class=\"whole\">2026-11-18 12:56</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">legal</th><td class=\"number\">45 h</td>"
                              "<td class=\"number\">0</td>"))
      << "nobody waits there";
}

TEST(TicketsPageTest, ShowsTheMonthBesideTheOneBefore) {
  const std::string page = page_of(sample_tickets());
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">first</th><td class=\"whole\">2026-11</td>"
                              "<td class=\"whole\"><span class=\"quiet\">&#9675; open</span></td>"
                              "<td class=\"number\">18</td>"
                              "<td class=\"number\"><span class=\"bad\">2</span></td>"
                              "<td class=\"number\">90.000 %</td>"
                              "<td class=\"number\">50.000 %</td>"
                              "<td class=\"number\">5 of 5</td>"));
  EXPECT_THAT(page, HasSubstr("2026-10</td><td class=\"whole\"><span class=\"unknown\">&#9671; "
                              "unproven</span>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">&ndash;</td>")) << "no tickets are not 100 %";
}

TEST(TicketsPageTest, ListsABreachedTicketWithWhatItIsOverAndSince) {
  const std::string row = row_of(page_of(sample_tickets()), "4711");
  EXPECT_THAT(row, HasSubstr("<span class=\"quiet\">helpdesk</span>"));
  EXPECT_THAT(row, HasSubstr("<td class=\"whole\">first</td><td class=\"whole\">reaction 1</td>"));
  EXPECT_THAT(row, HasSubstr("&#9650; breached"));
  EXPECT_THAT(row, HasSubstr("<span class=\"bad\">1 h over</span>"));
  EXPECT_THAT(row, HasSubstr("5 h of 4 h"));
  EXPECT_THAT(row, HasSubstr("<td class=\"whole\">2026-11-18 11:06</td>"
                             "<td class=\"whole\">2026-11-18 11:06</td>"));
}

TEST(TicketsPageTest, SaysUntilWhenAReactionIsInTimeWhileTheDeskIsClosed) {
  const std::string row = row_of(page_of(sample_tickets()), "4712");
  EXPECT_THAT(row, HasSubstr("&#9671; at risk"));
  EXPECT_THAT(row,
              HasSubstr("<td class=\"number\">50 min</td><td class=\"number\">3 h 10 min of 4 h"
                        "</td>"));
  EXPECT_THAT(row, HasSubstr("<td class=\"whole\">2026-11-18 12:56</td><td class=\"whole\"><span "
                             "class=\"quiet\">after</span> 2026-11-19 03:56</td>"));
}

TEST(TicketsPageTest, PutsNoDueDateToATicketThatWaitsForItsCustomer) {
  const std::string row = row_of(page_of(sample_tickets()), "4713");
  EXPECT_THAT(row, HasSubstr("&#9632; paused</span> <span class=\"quiet\">provisional"));
  EXPECT_THAT(row,
              HasSubstr("<td class=\"whole\">second</td><td class=\"whole\">follow-up 2</td>"));
  EXPECT_THAT(row, HasSubstr("<td class=\"whole\">&ndash;</td><td class=\"whole\">&ndash;</td>"));
}

TEST(TicketsPageTest, ListsTheNextDueAndCountsTheRest) {
  const std::string page = page_of(sample_tickets());
  EXPECT_LT(page.find("4711</code>"), page.find("4712</code>"));
  EXPECT_LT(page.find("4712</code>"), page.find("4713</code>"));
  EXPECT_THAT(page, HasSubstr("5 open clocks</a>, <strong class=\"bad\">1</strong> breached. <a "
                              "href=\"#misses\">2 missed</a> this month."));
  EXPECT_THAT(page, HasSubstr("5 clocks, breached first"));
  EXPECT_THAT(page, HasSubstr("<p>2 more that are due later.</p>"));
  auto all = sample_tickets();
  all->open_total = all->open.size();
  EXPECT_THAT(page_of(all), Not(HasSubstr("more that are due later")));
  all->open.clear();
  all->open_total = 0;
  EXPECT_THAT(page_of(all), HasSubstr("Nobody waits."));
}

TEST(TicketsPageTest, ListsWhatWasMissed) {
  const std::string page = page_of(sample_tickets());
  const std::string row = row_of(page, "4700");
  EXPECT_THAT(row,
              HasSubstr("<td class=\"whole\">2026-11</td><td class=\"whole\">2026-11-01 00:06"))
      << "the month is cut in the agreement's zone: it is still October in UTC";
  EXPECT_THAT(row, HasSubstr("<td class=\"whole\">handed over</td>"));
  EXPECT_THAT(row_of(page, "4701"), HasSubstr("<td class=\"whole\">none yet</td>"));
  auto none = sample_tickets();
  none->misses.clear();
  EXPECT_THAT(page_of(none), HasSubstr("Nothing in this month and the last."));
}

TEST(TicketsPageTest, SaysWhereMoreMissesAreThanItLists) {
  auto view = sample_tickets();
  view->misses.resize(SupportView::kMaxListed, view->misses.front());
  view->levels[0].current.missed[0] = 1100;
  EXPECT_THAT(page_of(view), HasSubstr("<p>101 more; <code>slatool tickets month --misses"));
}

TEST(TicketsPageTest, ShowsHowFarTheHelpDesksWereRead) {
  const std::string page = page_of(sample_tickets());
  EXPECT_THAT(page, HasSubstr("2 help desks</a>, <strong class=\"bad\">1</strong> not read."));
  EXPECT_THAT(page,
              HasSubstr("<th scope=\"row\">helpdesk</th><td class=\"whole\"><span "
                        "class=\"good\">&#9679; read</span></td><td class=\"whole\">2026-11-18 "
                        "12:06</td><td class=\"whole\">2026-11-18 12:06</td>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"bad\">&#9650; not read</span></td>"
                              "<td class=\"whole\">&ndash;</td><td class=\"whole\">&ndash;</td>"
                              "<td>the token was refused</td>"));
}

TEST(TicketsPageTest, ShowsCalendarsInTheirOwnZones) {
  const std::string page = page_of(sample_tickets());
  EXPECT_THAT(page,
              HasSubstr("<th scope=\"row\">america</th><td class=\"whole\"><span "
                        "class=\"quiet\">&#9675; closed</span></td><td "
                        "class=\"whole\">2026-11-18 15:06</td><td class=\"whole\">UTC-06:00"
                        "</td><td class=\"number\">100 h</td><td class=\"whole\">none listed"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">45 h</td><td class=\"whole\">2026-12-18</td>"));
}

TEST(TicketsPageTest, CountsHandOversGapsAndMailsThatAreMissing) {
  const std::string page = page_of(sample_tickets());
  EXPECT_THAT(page, HasSubstr("6 hand-overs since the first event, 5 with a complete checklist."));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">developers</th><td class=\"number\">4</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">faq</th><td class=\"number\"><span "
                              "class=\"unknown\">1</span></td>"));
  EXPECT_THAT(page, HasSubstr("<strong class=\"bad\">1</strong> overdue and not sent; 2 late"));
  auto view = sample_tickets();
  auto terms = fakes::sample_support_terms();
  terms.number_mail_within.reset();
  view->rules = SupportRules::compile(terms).value();
  EXPECT_THAT(page_of(view), Not(HasSubstr("Mails with the ticket number")));
}

TEST(TicketsPageTest, NamesTheZoneOfEachTimeWhereAgreementsDiffer) {
  auto view = sample_tickets();
  LevelView acme = view->levels[0];
  acme.key.agreement = "acme";
  view->levels.insert(view->levels.begin(), acme);
  view->open[1].clock.agreement = "acme";
  const auto snapshot = snapshot_with(view);
  auto config = std::make_shared<Config>(*snapshot->config);
  AgreementTerms terms;
  terms.name = "acme";
  terms.timezone = "Asia/Tokyo";
  config->agreements.push_back(terms);
  snapshot->config = config;
  const std::string page = tickets_page(snapshot.get());
  EXPECT_THAT(page, HasSubstr("id=\"agreement-2\""));
  EXPECT_THAT(row_of(page, "4712"), HasSubstr("<td class=\"whole\">first (acme)</td>"));
  EXPECT_THAT(row_of(page, "4712"),
              HasSubstr("2026-11-18 20:56 <span class=\"quiet\">Asia/Tokyo</span>"));
  EXPECT_THAT(row_of(page, "4711"),
              HasSubstr("2026-11-18 11:06 <span class=\"quiet\">UTC+01:00</span>"));
}

TEST(TicketsPageTest, EscapesWhatHelpDesksAndConfigurationsSay) {
  const std::string hostile = "<script>alert('x')</script>&\"";
  auto view = sample_tickets();
  view->open[0].ticket = view->open[0].source = view->open[0].clock.level = hostile;
  view->misses[0].ticket = view->misses[0].source = view->misses[0].clock.level = hostile;
  view->levels[0].key = {hostile, hostile};
  view->open[1].clock.agreement = hostile;
  view->sources[0].source = view->sources[0].last_error = hostile;
  view->calendars[0].calendar = hostile;
  view->hand_overs[hostile] = view->checklist_gaps[hostile] = 1;
  const std::string page = page_of(view);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  const std::string harmless = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;";
  EXPECT_THAT(row_of(page, harmless), HasSubstr("<span class=\"quiet\">" + harmless + "</span>"));
  EXPECT_THAT(page, HasSubstr("Agreement " + harmless));
  EXPECT_THAT(page, HasSubstr("<td>" + harmless + "</td>")) << "the last error of the source";
}

TEST(TicketsPageTest, SaysHowToAddASectionWhereThereIsNone) {
  const std::string page = page_of(nullptr);
  EXPECT_THAT(page, HasSubstr("<code>sla.yml</code> has no section <code>support</code>"));
  EXPECT_THAT(page, HasSubstr("react_within: 4 business hours"));
  EXPECT_THAT(tickets_page(nullptr), HasSubstr("No figures were committed yet."));
}

// Ticket numbers are for people who may log in: the server asks for a user wherever a route does
// not say that it guards itself.
TEST(TicketsPageTest, IsGuardedAsTheOtherPagesAre) {
  const Route route = tickets_page_route([] { return snapshot_with(sample_tickets()); });
  EXPECT_EQ(route.path, "/tickets");
  EXPECT_EQ(route.methods, std::vector<std::string>{"GET"});
  EXPECT_FALSE(route.guards_itself);
  const WebResponse response = route.handler({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Cache-Control", "no-store")));
  EXPECT_THAT(response.body, HasSubstr("4711"));
  EXPECT_THAT(landing_page(nullptr, true), HasSubstr("<a href=\"tickets\">Tickets</a>"));
}

}  // namespace
}  // namespace exporter

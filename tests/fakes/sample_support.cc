#include "tests/fakes/sample_support.h"

namespace fakes {
namespace {

using namespace exporter;
using namespace std::chrono_literals;
using std::chrono::seconds;

// An ordinary moment; whether calendars are open is what the view says.
constexpr Seconds kNow{seconds(1'795'000'000)};
constexpr auto kNovember = std::chrono::year(2026) / std::chrono::November;

CalendarTerms calendar(std::string name, std::string timezone, unsigned first_day,
                       OpenWindow window) {
  CalendarTerms terms;
  terms.name = std::move(name);
  terms.timezone = std::move(timezone);
  for (unsigned day = first_day; day < first_day + 5; ++day) terms.week[day] = {window};
  return terms;
}

LevelView level(std::string name, seconds target) {
  LevelView view;
  view.key = {"published", std::move(name)};
  view.target = target;
  view.business.bounds = {target.count() / 2, target.count(), 2 * target.count()};
  view.current.month = kNovember;
  view.previous.month = kNovember - std::chrono::months(1);
  view.previous.state = ReactionMonth::State::ended;
  return view;
}

LevelView first_level() {
  LevelView view = level("first", 4h);
  view.breached = 1;
  view.at_risk = 1;
  view.running = 3;
  view.oldest = 5h;
  view.next_due = kNow + 50min;
  view.reactions = {{{"europe", ClockKind::first, true}, 30},
                    {{"europe", ClockKind::first, false}, 2},
                    {{"all", ClockKind::next, true}, 7}};
  for (const seconds waited : {seconds(1h), seconds(4h), seconds(4h) + 1s, seconds(9h)}) {
    view.business.observe(waited);
  }
  view.voided = {{VoidReason::spam, 4}};
  view.voided_after_breach = 1;
  view.current.met = {10, 0, 6, 2};  // replies, notes, hand-overs, closes
  view.current.missed = {1, 0, 0, 0};
  view.current.open_missed = 1;
  view.current.next_met = 5;
  view.previous.met = {12, 0, 0, 0};
  view.previous.state = ReactionMonth::State::unproven;
  return view;
}

SourceView helpdesk() {
  SourceView view;
  view.source = "helpdesk";
  view.up = true;
  view.last_success = kNow - 20s;
  view.read_until = kNow - 30s;
  view.events = {{"opened", 40}, {"reaction", 33}};
  view.errors = {{"timeout", 2}};
  view.unmapped = {{"queue", 3}};
  view.clock_skew = 1;
  return view;
}

SourceView phones() {
  SourceView view;
  view.source = "phones";
  view.last_error = "the token was refused";
  return view;
}

}  // namespace

SupportTerms sample_support_terms() {
  SupportTerms terms;
  terms.calendars = {calendar("europe", "UTC+01:00", 1, {8h, 17h}),
                     calendar("america", "UTC-06:00", 0, {21h, 17h})};
  LevelTerms first;
  first.name = "first";
  first.react_within = {ReactionTarget::Unit::business_seconds, 4 * 3600};
  first.note_reacts = first.pauses = false;
  LevelTerms second;
  second.name = "second";
  second.react_within = {ReactionTarget::Unit::business_seconds, 8 * 3600};
  LevelTerms legal;
  legal.name = "legal";
  legal.react_within = {ReactionTarget::Unit::business_days, 5};
  legal.calendar = "europe";
  legal.note_reacts = false;
  terms.levels = {first, second, legal};
  terms.number_mail_within = 15min;
  terms.checklist = {"customer data", "faq"};
  return terms;
}

std::shared_ptr<SupportView> sample_support() {
  auto view = std::make_shared<SupportView>();
  view->at = kNow;
  view->rules = SupportRules::compile(sample_support_terms()).value();
  view->levels = {first_level(), level("second", 8h), level("legal", 45h)};
  view->sources = {helpdesk(), phones()};
  view->calendars = {{"europe", true, kNow + 6h, 45h, kNow + 24h * 30},
                     {"america", false, kNow + 10h, 100h, std::nullopt},
                     {"all", true, std::nullopt, 112h, std::nullopt}};
  view->level_changes = {{{"first", "second"}, 6}};
  view->hand_overs = {{"developers", 4}, {"legal", 2}};
  view->hand_overs_complete = 5;
  view->checklist_gaps = {{"faq", 1}};
  view->opened = {{{"email", "de"}, 30}, {{"", ""}, 10}};
  view->number_mail.bounds = {60, 900};
  view->number_mail.observe(20s);
  view->number_mail.observe(1h);
  view->number_mails_missing = 1;
  view->number_mails_late_total = 2;
  view->first_human_reply.bounds = {3600};
  view->tickets = 40;
  view->notices = {{{"first", "breached", true}, 4}, {{"first", "breached", false}, 1}};
  return view;
}

std::shared_ptr<Snapshot> with_support(const Snapshot& snapshot,
                                       std::shared_ptr<const SupportView> support) {
  auto config = std::make_shared<Config>(*snapshot.config);
  config->support.terms = sample_support_terms();
  TicketSource source;
  source.name = "helpdesk";
  source.type = TicketSource::Type::rt;
  source.map.channel = {"channel", "", {{"Mail", "email"}, {"Telephone", "phone"}}};
  source.map.destination = {"queue", "", {{"dev", "developers"}, {"net", "network"}}};
  TicketSource phones;
  phones.name = "phones";
  config->support.sources = {source, phones};
  config->support.notices.teams["first"].mail_to = {"first@example.com"};
  config->support.notices.morning_list = "08:00";
  auto with = std::make_shared<Snapshot>(snapshot);
  with->config = config;
  with->support = std::move(support);
  return with;
}

}  // namespace fakes

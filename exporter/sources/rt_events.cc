#include "exporter/sources/rt_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "exporter/sources/waiting.h"

namespace exporter {
namespace {

using probes::Task;
using Type = TicketEventType;

constexpr int kMaxDepth = 5;  // of merges into merged tickets
constexpr std::size_t kMaxUnmailed = 1000;

// On the phone and in a chat the customer has his answer while the ticket is written.
bool is_live(std::string_view channel) { return channel == "phone" || channel == "chat"; }

bool ends_life(const RtTransaction& row) {
  return row.type == "Status" || row.field == "MergedInto";
}

struct StateEvent {
  RtState state;
  Type type;
};
constexpr auto kStateEvents = std::to_array<StateEvent>({{RtState::waiting, Type::waiting},
                                                         {RtState::closed, Type::closed},
                                                         {RtState::spam, Type::spam},
                                                         {RtState::deleted, Type::deleted}});

bool is_over(RtState state) { return state != RtState::active && state != RtState::waiting; }

}  // namespace

struct RtTranslator::Row {
  std::string_view type, field;  // an empty field: any
  Handler handler;
};

RtTranslator::Handler RtTranslator::handler_of(const RtTransaction& row) {
  static constexpr auto kRows =
      std::to_array<Row>({{"Create", "", &RtTranslator::opened},
                          {"Correspond", "", &RtTranslator::spoken},
                          {"Comment", "", &RtTranslator::noted},
                          {"EmailRecord", "", &RtTranslator::mailed},
                          {"Status", "", &RtTranslator::state_changed},
                          {"Set", "Queue", &RtTranslator::queue_changed},
                          {"Set", "Priority", &RtTranslator::priority_changed},
                          {"Set", "Owner", &RtTranslator::assigned},
                          {"Take", "", &RtTranslator::assigned},
                          {"Give", "", &RtTranslator::assigned},
                          {"Steal", "", &RtTranslator::assigned},
                          {"Untake", "", &RtTranslator::assigned},
                          {"Force", "", &RtTranslator::assigned},
                          {"CustomField", "", &RtTranslator::field_changed},
                          {"AddLink", "MergedInto", &RtTranslator::linked}});
  const auto found = std::ranges::find_if(kRows, [&row](const Row& one) {
    return one.type == row.type && (one.field.empty() || one.field == row.field);
  });
  return found == kRows.end() ? nullptr : found->handler;
}

constinit const std::array<RtTranslator::Attribute, 4> RtTranslator::kAttributes = {
    {{&RtMapping::calendar, &TicketEvent::calendar},
     {&RtMapping::agreement, &TicketEvent::agreement},
     {&RtMapping::channel, &TicketEvent::channel},
     {&RtMapping::language, &TicketEvent::language}}};

// The next event of the row, to be filled in.
TicketEvent& RtTranslator::add(Work& work, TicketEventType type) const {
  const auto place = static_cast<std::int64_t>(work.events.size());
  TicketEvent event;
  event.source = desk_.source();
  event.ticket = std::to_string(work.row.ticket);
  event.seq = work.row.id * kEventsPerRow + std::min(place, kEventsPerRow - 1);
  event.at = work.row.created;
  event.type = type;
  event.actor = work.actor;
  return work.events.emplace_back(std::move(event));
}

Task<RtEvents> RtTranslator::translate(RtTransaction row, std::set<std::int64_t>& unmailed,
                                       Unmapped& unmapped) {
  const Handler handler = handler_of(row);
  const bool idle_mail = row.type == "EmailRecord" && !unmailed.contains(row.ticket);
  if (handler == nullptr || idle_mail) co_return std::vector<TicketEvent>();

  RtAnswer<std::optional<RtFacts>> known = co_await desk_.facts(row.ticket);
  if (!known) co_return std::unexpected(known.error());
  // A ticket that is gone by now may have been seen while it was there.
  if (!*known && !ends_life(row)) co_return std::vector<TicketEvent>();
  RtTicket gone;
  gone.type = "ticket";
  gone.created = row.created;
  Work work{std::move(row),      known->value_or(RtFacts(0, gone, {})),
            TicketActor::system, &unmailed,
            &unmapped,           {}};
  const std::optional<Seconds>& since = mapping_.source().since;
  if (!work.facts.is_ticket() || (since && work.facts.opened() < *since))
    co_return std::vector<TicketEvent>();

  const RtAnswer<TicketActor> actor = co_await actor_of(work.facts, work.row.creator);
  if (!actor) co_return std::unexpected(actor.error());
  work.actor = *actor;
  const Done done = co_await run(handler, work);
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(work.events);
}

Task<RtTranslator::Done> RtTranslator::run(Handler handler, Work& work) {
  return (this->*handler)(work);
}

// Who has an account to work with is an agent, also where he is the requestor; whoever else writes
// stands on the customer's side, be it in copy. Where accounts are not shown, the requestor counts.
Task<RtAnswer<TicketActor>> RtTranslator::actor_of(RtFacts facts, std::string account) {
  if (mapping_.is_machine(account)) co_return TicketActor::system;
  const RtAnswer<RtPerson> person = co_await desk_.person(account);
  if (!person) co_return std::unexpected(person.error());
  const bool customer = person->privileged ? !*person->privileged : facts.is_requestor(account);
  co_return customer ? TicketActor::customer : TicketActor::agent;
}

// What the ticket had after transaction `at`, in RT's words.
Task<RtTranslator::Words> RtTranslator::theirs(RtMapped mapped, Work& work, std::int64_t at) {
  std::vector<std::string> words;
  const std::string& attribute = mapped.field->attribute;
  if (attribute == "queue") {
    RtFacts::Queue queue = work.facts.queue(at);
    if (!queue.is_id) {
      words.push_back(std::move(queue.text));
      co_return words;
    }
    RtAnswer<std::string> name = co_await desk_.queue_name(queue.text);
    if (!name) co_return std::unexpected(name.error());
    words.push_back(*std::move(name));
  } else if (attribute == "priority") {
    words.push_back(work.facts.priority(at));
  } else if (attribute == "custom_field") {
    words = work.facts.field(mapped.field->name, at);
  } else if (attribute == "channel" && work.row.type == "Create") {
    const RtAnswer<RtHeaders> headers = co_await desk_.headers(at);
    if (!headers) co_return std::unexpected(headers.error());
    words.push_back(interface_of(*headers));
  } else if (!work.facts.requestors().empty()) {
    const std::string& requestor = work.facts.requestors().front();
    RtAnswer<RtPerson> person = co_await desk_.person(requestor);
    if (!person) co_return std::unexpected(person.error());
    if (attribute == "organization") words.push_back(person->organization);
    if (attribute == "language") words.push_back(person->language);
  }
  co_return words;
}

// A value of ours after the row.
Task<RtAnswer<std::string>> RtTranslator::ours(RtMapped mapped, Work& work) {
  if (mapped.field->attribute.empty()) co_return std::string();
  const Words words = co_await theirs(mapped, work, work.row.id);
  if (!words) co_return std::unexpected(words.error());
  co_return mapping_.ours(mapped, *words, *work.unmapped);
}

Task<RtTranslator::Done> RtTranslator::opened(Work& work) {
  const RtMapped by = mapping_.level();
  const RtAnswer<std::string> level = co_await ours(by, work);
  if (!level) co_return std::unexpected(level.error());
  TicketEvent event = add(work, Type::opened);
  event.level = *level;
  for (const Attribute& attribute : kAttributes) {
    const RtMapped mapped = (mapping_.*attribute.mapped)();
    RtAnswer<std::string> value = co_await ours(mapped, work);
    if (!value) co_return std::unexpected(value.error());
    event.*attribute.member = *std::move(value);
  }
  const RtAnswer<TicketActor> from = co_await opener(work, event.channel);
  if (!from) co_return std::unexpected(from.error());
  event.actor = *from;
  work.events.back() = std::move(event);
  work.unmailed->insert(work.row.ticket);
  if (work.unmailed->size() > kMaxUnmailed) work.unmailed->erase(work.unmailed->begin());

  for (const auto& [id, name] : work.facts.fields()) {
    for (const std::string& value : work.facts.field(name, work.row.id)) prove(work, name, value);
  }
  // Some tickets are born closed: a call that needed no more than its answer.
  change_state(work, RtState::active, work.facts.status(work.row.id));
  co_return Done();
}

// An account that opens a ticket for somebody else only took down what the customer wants, unless
// they are talking at that very moment.
Task<RtAnswer<TicketActor>> RtTranslator::opener(Work& work, std::string channel) {
  if (work.actor == TicketActor::customer) co_return work.actor;
  if (work.actor == TicketActor::agent && is_live(channel)) co_return work.actor;
  if (work.facts.requestors().empty()) co_return work.actor;
  const std::string& requestor = work.facts.requestors().front();
  if (requestor == work.row.creator) co_return work.actor;
  co_return co_await actor_of(work.facts, requestor);
}

// A message that everybody sees. What no human wrote is no word of his.
Task<RtTranslator::Done> RtTranslator::spoken(Work& work) {
  if (work.actor == TicketActor::system) {
    add(work, Type::auto_reply);
    work.unmailed->erase(work.row.ticket);
    co_return Done();
  }
  const RtAnswer<RtHeaders> headers = co_await desk_.headers(work.row.id);
  if (!headers) co_return std::unexpected(headers.error());
  const bool automatic = is_automatic(*headers);
  if (work.actor == TicketActor::customer) {
    add(work, automatic ? Type::customer_auto : Type::customer_replied);
  } else if (!automatic) {
    add(work, Type::reaction);
  }
  co_return Done();
}

// The text is looked at and forgotten. Also a machine's note proves what it says.
Task<RtTranslator::Done> RtTranslator::noted(Work& work) {
  if (work.actor != TicketActor::system) add(work, Type::note);
  if (!mapping_.looks_at_notes()) co_return Done();
  const RtAnswer<std::string> text = co_await desk_.text(work.row.id);
  if (!text) co_return std::unexpected(text.error());
  for (std::string& item : mapping_.proven_by_note(*text))
    add(work, Type::checked_item).item = std::move(item);
  co_return Done();
}

Task<RtTranslator::Done> RtTranslator::mailed(Work& work) {
  const RtAnswer<RtHeaders> headers = co_await desk_.headers(work.row.id);
  if (!headers) co_return std::unexpected(headers.error());
  if (!is_number_mail(*headers)) co_return Done();
  add(work, Type::auto_reply).actor = TicketActor::system;
  work.unmailed->erase(work.row.ticket);
  co_return Done();
}

Task<RtTranslator::Done> RtTranslator::state_changed(Work& work) {
  change_state(work, mapping_.state(work.row.old_value), work.row.new_value);
  co_return Done();
}

void RtTranslator::change_state(Work& work, RtState from, const std::string& to_name) const {
  const RtState to = mapping_.state(to_name);
  if (from == to) return;
  if (is_over(from) && !is_over(to)) add(work, Type::reopened);
  if (from == RtState::waiting && to == RtState::active) add(work, Type::resumed);
  const auto event = std::ranges::find(kStateEvents, to, &StateEvent::state);
  if (event != kStateEvents.end()) add(work, event->type).reason = to_name;
}

Task<RtTranslator::Done> RtTranslator::queue_changed(Work& work) {
  co_return co_await changed(work, "queue", "");
}

Task<RtTranslator::Done> RtTranslator::priority_changed(Work& work) {
  co_return co_await changed(work, "priority", "");
}

Task<RtTranslator::Done> RtTranslator::field_changed(Work& work) {
  std::string name = work.facts.field_name(work.row.field);
  if (name.empty()) co_return Done();
  prove(work, name, work.row.new_value);
  co_return co_await changed(work, "custom_field", std::move(name));
}

void RtTranslator::prove(Work& work, const std::string& field, const std::string& value) const {
  for (std::string& item : mapping_.proven_by_field(field, value))
    add(work, Type::checked_item).item = std::move(item);
}

// The level first: what else changes counts for the clock that the move began.
Task<RtTranslator::Done> RtTranslator::changed(Work& work, std::string attribute,
                                               std::string name) {
  const auto is_mapped_to = [&](const TicketField& field) {
    return field.attribute == attribute && field.name == name;
  };
  if (is_mapped_to(mapping_.source().map.level)) {
    const Done done = co_await moved(work);
    if (!done) co_return done;
  }
  TicketEvent event;
  bool any = false;
  for (const Attribute& one : kAttributes) {
    const RtMapped mapped = (mapping_.*one.mapped)();
    if (!is_mapped_to(*mapped.field)) continue;
    RtAnswer<std::string> value = co_await ours(mapped, work);
    if (!value) co_return std::unexpected(value.error());
    any = any || !value->empty();
    event.*one.member = *std::move(value);
  }
  if (!any) co_return Done();
  TicketEvent& added = add(work, Type::attributes);
  for (const Attribute& one : kAttributes) added.*one.member = std::move(event.*one.member);
  co_return Done();
}

// A queue that no level is mapped to is served by the lowest, before and after.
Task<RtTranslator::Done> RtTranslator::moved(Work& work) {
  const RtMapped mapped = mapping_.level();
  const Words before = co_await theirs(mapped, work, work.row.id - 1);
  if (!before) co_return std::unexpected(before.error());
  const RtAnswer<std::string> level = co_await ours(mapped, work);
  if (!level) co_return std::unexpected(level.error());
  const RtMapped whither = mapping_.destination();
  const RtAnswer<std::string> destination = co_await ours(whither, work);
  if (!destination) co_return std::unexpected(destination.error());

  Unmapped counted_before;
  const std::size_t from = mapping_.rank(mapping_.ours(mapped, *before, counted_before));
  const std::size_t to = mapping_.rank(*level);
  if (from == to || mapping_.levels().empty()) co_return Done();
  const bool by_machine = work.actor == TicketActor::system;
  TicketEvent& event = add(work, by_machine  ? Type::routed
                                 : to > from ? Type::escalated
                                             : Type::returned);
  event.level = mapping_.levels()[to].name;
  event.destination = *destination;
  co_return Done();
}

Task<RtTranslator::Done> RtTranslator::assigned(Work& work) {
  add(work, Type::assigned);
  co_return Done();
}

// RT writes the link twice: at the ticket that was merged, and at the survivor, where the link
// leads to itself.
Task<RtTranslator::Done> RtTranslator::linked(Work& work) {
  const std::optional<std::int64_t> into = ticket_of_link(work.row.new_value);
  if (!into) co_return Done();
  if (*into == work.row.ticket) co_return co_await was_given(work);
  add(work, Type::merged).into = std::to_string(*into);
  co_return co_await hand_over(work, work.row, *into);
}

// What a survivor was given matters where its own life is told, because it was merged in turn; else
// the row of the merged ticket has said it.
Task<RtTranslator::Done> RtTranslator::was_given(Work& work) {
  if (depth_ == 0 || work.row.new_value.find('\'') != std::string::npos) co_return Done();
  std::string query = fmt::format(
      "ObjectType='RT::Ticket' AND Type='AddLink' AND Field='MergedInto' AND NewValue='{}' AND "
      "id < {}",
      work.row.new_value, work.row.id);
  const RtAnswer<std::vector<RtTransaction>> links = co_await desk_.history(std::move(query));
  if (!links) co_return std::unexpected(links.error());
  const RtTransaction* last = nullptr;
  for (const RtTransaction& link : *links)
    if (link.ticket != work.row.ticket) last = &link;
  if (last == nullptr) co_return Done();
  co_return co_await hand_over(work, *last, work.row.ticket);
}

// The survivor goes on with the waiting of the ticket that `link` merged into it.
Task<RtTranslator::Done> RtTranslator::hand_over(Work& work, RtTransaction link,
                                                 std::int64_t survivor) {
  if (depth_ >= kMaxDepth) co_return Done();
  ++depth_;
  const RtEvents life = co_await life_of(link.ticket, link.id);
  --depth_;
  if (!life) co_return std::unexpected(life.error());
  const std::optional<Waiting> waiting = waiting_after(*life, mapping_.levels());
  if (!waiting) co_return Done();
  TicketEvent& event = add(work, Type::carry);
  event.ticket = std::to_string(survivor);
  event.since = waiting->since;
  if (!waiting->first) event.reason = "next";
  co_return Done();
}

// Everything that happened to a ticket before transaction `until`.
Task<RtEvents> RtTranslator::life_of(std::int64_t ticket, std::int64_t until) {
  std::string query =
      fmt::format("ObjectType='RT::Ticket' AND ObjectId={} AND id < {}", ticket, until);
  RtAnswer<std::vector<RtTransaction>> rows = co_await desk_.history(std::move(query));
  if (!rows) co_return std::unexpected(rows.error());
  std::vector<TicketEvent> life;
  std::set<std::int64_t> unmailed;
  Unmapped unmapped;
  for (RtTransaction& row : *rows) {
    // Mails and notes' proofs begin and end no waiting.
    if (row.type == "EmailRecord") continue;
    RtEvents events = co_await translate(std::move(row), unmailed, unmapped);
    if (!events) co_return std::unexpected(events.error());
    life.insert(life.end(), events->begin(), events->end());
  }
  co_return life;
}

}  // namespace exporter

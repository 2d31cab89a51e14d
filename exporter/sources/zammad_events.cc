#include "exporter/sources/zammad_events.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "exporter/sources/zammad_fields.h"

namespace exporter {
namespace {

using Type = TicketEventType;

constexpr std::int64_t kSystemUser = 1;  // whom triggers, jobs and mail work as
constexpr std::int64_t kPlaces = 1 << 12;
constexpr std::uint32_t kFirstItem = 16, kLate = 0x8000;  // among the kinds of a seq
constexpr std::int64_t kDeletedSeq = std::int64_t{1} << 62;
constexpr std::string_view kSpamTag = "spam";      // of the macro that comes with Zammad
constexpr std::string_view kMergeMark = "merged";  // what a merge leaves as a note
// Who is on the other end of these was spoken to.
constexpr std::array<std::string_view, 2> kSpoken = {"phone", "chat"};
constexpr std::array<std::string_view, 5> kChannels = {"email", "phone", "web", "chat", "sms"};

// The parts of an act, in the order in which they count.
enum class Part { message, learnt, level, state };

// Where an entry stands in the sequence.
struct Place {
  std::int64_t act = 0;  // id of the act's first entry; 0: the making of the ticket
  std::int64_t within = 0;
  bool late = false;  // an article without an entry of its own: after everything of the act
};

std::int64_t seq_of(Place place, Part part, std::uint32_t kind) {
  const auto slot = static_cast<std::int64_t>(place.late ? Part::state : part);
  const auto mark = static_cast<std::int64_t>(place.late ? kind | kLate : kind);
  return place.act << 30 | slot << 28 | place.within << 16 | mark;
}

// The kind of an item of the checklist: by its name, so that other items do not move it.
std::uint32_t kind_of_item(std::string_view item) {
  std::uint32_t hash = 2'166'136'261u;
  for (const char c : item) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  return kFirstItem + hash % (kLate - kFirstItem);
}

bool is_article(const ZammadEntry& entry) {
  return entry.type == "created" && entry.object == "Ticket::Article";
}

bool has_entry(const ZammadRecord& record, std::string_view type) {
  return std::ranges::any_of(record.history.entries,
                             [&](const ZammadEntry& entry) { return entry.type == type; });
}

// "Nicole <nicole@example.com>" and "nicole@example.com" give the address in lower case.
std::string address_in(const std::string& text) {
  const auto open = text.rfind('<');
  const auto close = text.find('>', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return lower_word(text);
  return lower_word(text.substr(open + 1, close - open - 1));
}

// Tells the life of one ticket.
class Story {
 public:
  Story(const ZammadRecord& record, const ZammadReading& reading,
        std::map<std::string, std::uint64_t>& unmapped)
      : record_(record),
        source_(reading.source),
        levels_(reading.levels),
        level_(source_.map.level, record, unmapped),
        calendar_(source_.map.calendar, record, unmapped),
        agreement_(source_.map.agreement, record, unmapped),
        language_(source_.map.language, record, unmapped),
        destination_(source_.map.destination, record, not_counted_),
        channel_(source_.map.channel, record, unmapped) {
    for (const ZammadArticle& article : record.articles) articles_[article.id] = &article;
    note_addresses();
  }

  std::vector<TicketEvent> tell();

 private:
  // Who did it.
  bool is_machine(std::int64_t user) const;
  TicketActor actor(std::int64_t user) const;
  TicketActor opener() const;
  void note_addresses();
  bool is_for_customer(const ZammadArticle& article) const;

  TicketEvent& add(Place place, Part part, std::uint32_t kind, Type type, Seconds at,
                   TicketActor by);
  void check(Place place, const std::string& item, Seconds at, TicketActor by);

  void open();
  void take(Place place, const ZammadEntry& entry);
  void take_article(Place place, const ZammadArticle& article);
  void take_agents_article(Place place, const ZammadArticle& article);
  void take_late_articles();
  void take_carried(Place place, const ZammadEntry& entry);
  void take_change(Place place, const ZammadEntry& entry);
  void take_tag(Place place, const ZammadEntry& entry);
  void take_fields(Place place, const ZammadEntry& entry);
  void take_level(Place place, const ZammadEntry& entry, const std::string& before);
  void take_state(Place place, ZammadState from, ZammadState to, Seconds at, TicketActor by);
  void check_field(Place place, const std::string& attribute, const std::string& value, Seconds at,
                   TicketActor by);
  std::ptrdiff_t rank(const std::string& level) const;
  std::string channel() const;

  const ZammadRecord& record_;
  const TicketSource& source_;
  const std::vector<LevelTerms>& levels_;
  ZammadField::Unmapped not_counted_;  // most groups are nobody's destination
  ZammadField level_, calendar_, agreement_, language_, destination_, channel_;
  std::map<std::int64_t, const ZammadArticle*> articles_;
  std::set<std::string> addresses_;  // of the customer
  std::set<std::string> checked_;
  std::int64_t first_article_ = 0;
  std::vector<TicketEvent> events_;
};

bool Story::is_machine(std::int64_t user) const {
  if (user == kSystemUser || user == 0) return true;
  const auto found = record_.history.people.find(user);
  if (found == record_.history.people.end()) return false;
  return std::ranges::any_of(source_.not_human, [&](const std::string& name) {
    return same_word(name, found->second.login) || same_word(name, found->second.email);
  });
}

TicketActor Story::actor(std::int64_t user) const {
  if (is_machine(user)) return TicketActor::system;
  if (user == record_.ticket.customer) return TicketActor::customer;
  const auto found = record_.history.people.find(user);
  const bool customer = found != record_.history.people.end() && found->second.is_customer;
  return customer ? TicketActor::customer : TicketActor::agent;
}

// The first article's sender says for whom the ticket is; who typed it in may be somebody else. A
// customer on the phone has been answered by whoever wrote it down.
TicketActor Story::opener() const {
  const std::string& sender = record_.ticket.article_sender;
  const TicketActor by = actor(record_.ticket.created_by);
  const bool spoken = std::ranges::find(kSpoken, record_.ticket.article_type) != kSpoken.end();
  if (sender == "Customer") {
    return spoken && by == TicketActor::agent ? TicketActor::agent : TicketActor::customer;
  }
  if (sender == "System") return TicketActor::system;
  if (sender == "Agent" && by != TicketActor::system) return TicketActor::agent;
  return by;
}

void Story::note_addresses() {
  const auto customer = record_.history.people.find(record_.ticket.customer);
  if (customer != record_.history.people.end())
    addresses_.insert(lower_word(customer->second.email));
  for (const ZammadArticle& article : record_.articles) {
    if (article.sender == "Customer") addresses_.insert(address_in(article.sent_from));
  }
  addresses_.erase("");
}

// Triggers also write to agents. Whose address is not known gets the benefit of the doubt.
bool Story::is_for_customer(const ZammadArticle& article) const {
  if (addresses_.empty() || article.sent_to.empty()) return true;
  const std::string to = lower_word(article.sent_to);
  return std::ranges::any_of(addresses_, [&](const std::string& address) {
    return to.find(address) != std::string::npos;
  });
}

TicketEvent& Story::add(Place place, Part part, std::uint32_t kind, Type type, Seconds at,
                        TicketActor by) {
  TicketEvent event;
  event.source = source_.name;
  event.ticket = std::to_string(record_.ticket.id);
  event.seq = seq_of(place, part, kind);
  event.at = at;
  event.type = type;
  event.actor = by;
  return events_.emplace_back(std::move(event));
}

void Story::check(Place place, const std::string& item, Seconds at, TicketActor by) {
  if (!checked_.insert(item).second) return;
  add(place, Part::learnt, kind_of_item(item), Type::checked_item, at, by).item = item;
}

std::string Story::channel() const {
  if (!source_.map.channel.attribute.empty()) return channel_.value();
  const std::string& type = record_.ticket.article_type;
  if (type.empty()) return {};
  return std::ranges::find(kChannels, type) == kChannels.end() ? "other" : type;
}

void Story::open() {
  const Place making;
  const Seconds at = record_.ticket.created;
  TicketEvent& opened = add(making, Part::message, 0, Type::opened, at, opener());
  opened.level = level_.value();
  opened.calendar = calendar_.value();
  opened.agreement = agreement_.value();
  opened.language = language_.value();
  opened.channel = channel();
  const TicketActor by = actor(record_.ticket.created_by);
  for (const ChecklistProof& proof : source_.map.checklist) {
    const std::string attribute = lower_word(proof.custom_field);
    if (!attribute.empty())
      check_field(making, attribute, zammad_first_value(record_, attribute), at, by);
  }
  const std::string state = zammad_first_value(record_, "state");
  take_state(making, ZammadState::live, zammad_state(source_, state), at, by);
}

void Story::check_field(Place place, const std::string& attribute, const std::string& value,
                        Seconds at, TicketActor by) {
  for (const ChecklistProof& proof : source_.map.checklist) {
    if (proof.custom_field.empty() || lower_word(proof.custom_field) != attribute) continue;
    const bool done = proof.values.empty()
                          ? !value.empty()
                          : std::ranges::find(proof.values, value) != proof.values.end();
    if (done) check(place, proof.item, at, by);
  }
}

void Story::take(Place place, const ZammadEntry& entry) {
  if (is_article(entry)) {
    const auto article = articles_.find(entry.object_id);
    if (article != articles_.end()) take_article(place, *article->second);
    return;
  }
  if (entry.object == "Ticket" && entry.type == "updated") take_change(place, entry);
  if (!zammad_tag(entry).empty()) take_tag(place, entry);
  if (entry.type == "received_merge") take_carried(place, entry);
  if (entry.type == "merged_into") {
    const auto by = actor(entry.by);
    add(place, Part::state, 4, Type::merged, entry.at, by).into = std::to_string(entry.id_to);
  }
}

// The waiting of a ticket that was merged into this one goes on here.
void Story::take_carried(Place place, const ZammadEntry& entry) {
  const auto waiting = record_.carried.find(entry.id);
  if (waiting == record_.carried.end()) return;
  TicketEvent& carry = add(place, Part::state, 5, Type::carry, entry.at, TicketActor::system);
  carry.since = waiting->second.since;
  if (!waiting->second.first) carry.reason = "next";
}

void Story::take_article(Place place, const ZammadArticle& article) {
  if (article.sender == "Agent" && !is_machine(article.by))
    return take_agents_article(place, article);
  if (article.sender != "Customer") {
    const bool sent = article.type != "note" && is_for_customer(article);
    if (sent) add(place, Part::message, 0, Type::auto_reply, article.at, TicketActor::system);
    return;
  }
  if (article.id == first_article_) return;  // the opening
  const Type type = article.automatic ? Type::customer_auto : Type::customer_replied;
  add(place, Part::message, 0, type, article.at, TicketActor::customer);
  const bool spoken = std::ranges::find(kSpoken, article.type) != kSpoken.end();
  if (spoken && actor(article.by) == TicketActor::agent)
    add(place, Part::message, 1, Type::reaction, article.at, TicketActor::agent);
}

// A note that customers may see is still no message to them: no mail leaves for it.
void Story::take_agents_article(Place place, const ZammadArticle& article) {
  if (!article.internal && article.type != "note") {
    add(place, Part::message, 0, Type::reaction, article.at, TicketActor::agent);
    return;
  }
  if (article.subject == kNoteSubject) return;
  if (article.body == kMergeMark && has_entry(record_, "merged_into")) return;
  add(place, Part::message, 0, Type::note, article.at, TicketActor::agent);
  for (const ChecklistProof& proof : source_.map.checklist) {
    const bool done = !proof.comment.empty() && article.internal &&
                      article.body.find(proof.comment) != std::string::npos;
    if (done) check(place, proof.item, article.at, TicketActor::agent);
  }
}

void Story::take_change(Place place, const ZammadEntry& entry) {
  const TicketActor by = actor(entry.by);
  take_fields(place, entry);
  check_field(place, entry.attribute, entry.to, entry.at, by);
  if (entry.attribute == "owner") add(place, Part::learnt, 5, Type::assigned, entry.at, by);
  if (entry.attribute != "state") return;
  take_state(place, zammad_state(source_, entry.from), zammad_state(source_, entry.to), entry.at,
             by);
}

void Story::take_tag(Place place, const ZammadEntry& entry) {
  take_fields(place, entry);
  if (entry.type != "added") return;
  const std::string tag = zammad_tag(entry);
  const TicketActor by = actor(entry.by);
  for (const ChecklistProof& proof : source_.map.checklist) {
    if (!proof.tag.empty() && same_word(proof.tag, tag)) check(place, proof.item, entry.at, by);
  }
  if (same_word(tag, kSpamTag)) add(place, Part::state, 3, Type::spam, entry.at, by);
}

void Story::take_fields(Place place, const ZammadEntry& entry) {
  const TicketActor by = actor(entry.by);
  destination_.follow(entry);
  const auto learnt = [&](std::uint32_t kind) -> TicketEvent& {
    return add(place, Part::learnt, kind, Type::attributes, entry.at, by);
  };
  if (calendar_.follow(entry)) learnt(1).calendar = calendar_.value();
  if (agreement_.follow(entry)) learnt(2).agreement = agreement_.value();
  if (language_.follow(entry)) learnt(3).language = language_.value();
  const std::string before = level_.value();
  if (level_.follow(entry)) take_level(place, entry, before);
}

// Where an unknown level stands: at the bottom, where tickets begin.
std::ptrdiff_t Story::rank(const std::string& level) const {
  const auto found = std::ranges::find(levels_, level, &LevelTerms::name);
  return found == levels_.end() ? 0 : found - levels_.begin();
}

void Story::take_level(Place place, const ZammadEntry& entry, const std::string& before) {
  const TicketActor by = actor(entry.by);
  const auto move = rank(level_.value()) - rank(before);
  if (move == 0) return;
  Type type = move > 0 ? Type::escalated : Type::returned;
  if (by != TicketActor::agent) type = Type::routed;
  TicketEvent& event = add(place, Part::level, 0, type, entry.at, by);
  event.level = level_.value();
  event.destination = destination_.value();
}

void Story::take_state(Place place, ZammadState from, ZammadState to, Seconds at, TicketActor by) {
  if (from == to) return;
  const auto say = [&](std::uint32_t kind, Type type) {
    add(place, Part::state, kind, type, at, by);
  };
  const bool was_alive = from == ZammadState::live || from == ZammadState::waiting;
  const bool is_alive = to == ZammadState::live || to == ZammadState::waiting;
  if (!was_alive && is_alive) say(0, Type::reopened);
  if (from == ZammadState::waiting && to == ZammadState::live) say(1, Type::resumed);
  if (to == ZammadState::waiting) say(2, Type::waiting);
  if (to == ZammadState::closed) say(2, Type::closed);
  if (to == ZammadState::spam) say(3, Type::spam);
  if (to == ZammadState::removed) say(3, Type::deleted);
  // Older versions say no more than this.
  if (to == ZammadState::merged && !has_entry(record_, "merged_into")) say(4, Type::merged);
}

// Articles that no entry tells of, as after an import: each stands after the last entry that is not
// newer. After a merge they are those of the other ticket, which told of them itself.
void Story::take_late_articles() {
  if (has_entry(record_, "received_merge")) return;
  std::set<std::int64_t> told;
  for (const ZammadEntry& entry : record_.history.entries) {
    if (is_article(entry)) told.insert(entry.object_id);
  }
  for (const ZammadArticle& article : record_.articles) {
    if (told.contains(article.id)) continue;
    Place place{0, article.id % kPlaces, true};
    for (const ZammadEntry& entry : record_.history.entries) {
      if (entry.at <= article.at) place.act = entry.id;
    }
    take_article(place, article);
  }
}

std::vector<TicketEvent> Story::tell() {
  const auto& entries = record_.history.entries;
  const auto first = std::ranges::find_if(entries, is_article);
  if (first != entries.end()) first_article_ = first->object_id;
  if (first == entries.end() && !articles_.empty()) first_article_ = articles_.begin()->first;
  open();
  const ZammadEntry* act = nullptr;
  for (const ZammadEntry& entry : entries) {
    if (entry.type == "notification" || entry.type == "email") continue;
    const bool goes_on = act != nullptr && act->by == entry.by &&
                         actor(entry.by) == TicketActor::agent && entry.at >= act->at &&
                         entry.at - act->at <= kOneAct && entry.id - act->id < kPlaces;
    if (!goes_on) act = &entry;
    take({act->id, entry.id - act->id, false}, entry);
  }
  take_late_articles();
  std::ranges::sort(events_, {}, &TicketEvent::seq);
  const auto repeated = std::ranges::unique(events_, {}, &TicketEvent::seq);
  events_.erase(repeated.begin(), repeated.end());
  return std::move(events_);
}

}  // namespace

std::vector<TicketEvent> zammad_events(const ZammadRecord& record, const ZammadReading& reading,
                                       std::map<std::string, std::uint64_t>& unmapped) {
  return Story(record, reading, unmapped).tell();
}

std::vector<std::int64_t> zammad_articles_moved(const ZammadRecord& record) {
  std::vector<std::int64_t> moved;
  if (!has_entry(record, "merged_into")) return moved;
  for (const ZammadEntry& entry : record.history.entries) {
    const bool listed = std::ranges::find(record.articles, entry.object_id, &ZammadArticle::id) !=
                        record.articles.end();
    if (is_article(entry) && !listed) moved.push_back(entry.object_id);
  }
  return moved;
}

std::optional<Waiting> zammad_waiting(const ZammadRecord& merged, const ZammadReading& reading,
                                      std::int64_t into) {
  std::map<std::string, std::uint64_t> counted_elsewhere;
  std::vector<TicketEvent> events = zammad_events(merged, reading, counted_elsewhere);
  const std::string survivor = std::to_string(into);
  const auto merge = std::ranges::find_if(events, [&](const TicketEvent& event) {
    return event.type == TicketEventType::merged && event.into == survivor;
  });
  events.erase(merge, events.end());
  return waiting_after(events, reading.levels);
}

TicketEvent zammad_deleted(const ZammadTicket& ticket, const std::string& source) {
  TicketEvent event;
  event.source = source;
  event.ticket = std::to_string(ticket.id);
  event.seq = kDeletedSeq;
  event.at = ticket.updated;
  event.type = TicketEventType::deleted;
  event.actor = TicketActor::agent;
  return event;
}

}  // namespace exporter

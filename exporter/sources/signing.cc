#include "exporter/sources/signing.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/sources/correction_text.h"

namespace exporter {
namespace {

using Action = TicketCorrection::Action;

std::unexpected<LedgerError> refused(std::string sentence) {
  return std::unexpected(LedgerError{LedgerError::Kind::refused, std::move(sentence)});
}

// Why what is to be corrected is not there; empty when it is.
std::string missing(const TicketCorrection& correction, const Ticket& ticket,
                    const SupportRules& rules, Seconds now) {
  if (correction.action == Action::calendar) {
    if (rules.hours(correction.calendar)) return "";
    return fmt::format("there is no calendar '{}'", correction.calendar);
  }
  if (correction.action == Action::level) {
    return rules.level(correction.level) ? ""
                                         : fmt::format("there is no level '{}'", correction.level);
  }
  const auto clock = std::ranges::find_if(ticket.clocks(), [&](const ReactionClock& each) {
    return each.level == correction.level && each.instance == correction.instance;
  });
  if (clock == ticket.clocks().end()) {
    return fmt::format("ticket {} has no clock {} at level '{}'", correction.ticket,
                       correction.instance, correction.level);
  }
  if (correction.action != Action::reacted_at) return "";
  if (*correction.at < clock->start || *correction.at > now) {
    return "a reaction lies between the start of its clock and now (--at)";
  }
  return "";
}

}  // namespace

LedgerResult<SupportTimeline> timeline_of(const StoredEntries& entries) {
  SupportTimeline timeline;
  for (const SupportRecord& record : entries.terms) {
    if (auto added = timeline.add(record); !added) {
      return refused(fmt::format(
          "terms of support that are recorded cannot be used on this machine: {}", added.error()));
    }
  }
  return timeline;
}

LedgerResult<SupportTotals> read_totals(EventStore& store) {
  const auto text = store.totals();
  if (!text) return std::unexpected(text.error());
  if (text->empty()) return SupportTotals{};
  auto totals = parse_totals(*text);
  if (!totals) return std::unexpected(ledger::damaged(store.file(), totals.error()));
  return *std::move(totals);
}

LedgerResult<TicketBook> read_book(EventStore& store, Seconds now) {
  auto entries = store.entries();
  if (!entries) return std::unexpected(entries.error());
  auto timeline = timeline_of(*entries);
  if (!timeline) return std::unexpected(timeline.error());
  auto kept = read_totals(store);
  if (!kept) return std::unexpected(kept.error());
  auto rows = store.sources();
  if (!rows) return std::unexpected(rows.error());
  TicketBook book(*std::move(timeline), *std::move(kept));
  // Without terms there are no events either.
  if (book.timeline().empty()) return book;
  book.expect(std::move(entries->corrections));
  const auto read = store.for_each([&book](const TicketEvent& event) { book.apply(event); });
  if (!read) return std::unexpected(read.error());
  for (const auto& [source, row] : *rows) {
    if (row.read_until) book.read_until(source, *row.read_until);
  }
  book.advance(now);
  return book;
}

LedgerResult<TicketCorrection> sign_correction(EventStore& store, TicketCorrection correction,
                                               Seconds now) {
  if (correction.source.empty()) {
    const auto sources = store.sources();
    if (!sources) return std::unexpected(sources.error());
    if (sources->size() == 1) correction.source = sources->begin()->first;
  }
  if (auto said = check_correction(correction); !said) return refused(said.error());
  const auto entries = store.entries();
  if (!entries) return std::unexpected(entries.error());
  const auto timeline = timeline_of(*entries);
  if (!timeline) return std::unexpected(timeline.error());
  const auto events = store.events_of({correction.source, correction.ticket});
  if (!events) return std::unexpected(events.error());
  if (events->empty() || timeline->empty()) {
    return refused(fmt::format("no event of ticket {} of {} is known, or none is kept any more",
                               correction.ticket, correction.source));
  }
  std::vector<TicketCorrection> before;
  for (const TicketCorrection& each : entries->corrections) {
    if (each.source == correction.source && each.ticket == correction.ticket) {
      before.push_back(each);
    }
  }
  const Ticket ticket = replay(*events, before, *timeline);
  const std::string wrong = missing(correction, ticket, timeline->rules_at(now), now);
  if (!wrong.empty()) return refused(wrong);
  correction.after_seq = ticket.last_seq();
  correction.signed_at = now;
  return store.correct(std::move(correction));
}

LedgerResult<std::string> sign_terms_now(EventStore& store, const std::string& by,
                                         const std::string& why, Seconds now) {
  const auto entries = store.entries();
  if (!entries) return std::unexpected(entries.error());
  const auto timeline = timeline_of(*entries);
  if (!timeline) return std::unexpected(timeline.error());
  const auto record = support_now(*timeline, by, why, now);
  if (!record) return refused(record.error());
  if (auto done = store.record_terms({*record}); !done) return std::unexpected(done.error());
  return sentence_of(*record);
}

std::string sentence_of(const SupportRecord& record) {
  return fmt::format(
      "the terms of reaction times that waited hold for clocks that begin from {} on, signed by {}",
      Zone().format(record.from), record.signed_by);
}

std::string sentence_of(const TicketCorrection& correction) {
  return fmt::format("correction {} of ticket {} ({}) is recorded; the events stay as they are",
                     correction.id, correction.ticket, name_of(correction.action));
}

}  // namespace exporter

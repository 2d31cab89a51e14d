// Reads in an order in which each thing can be checked against what was read before it: names,
// then blocks, then the journal on top of the blocks.
#include "exporter/ledger/contents.h"

#include <fmt/format.h>

#include <algorithm>

namespace exporter::ledger {
namespace {

void read_entries(Database& database, Contents& contents) {
  Query rows = database.query("SELECT id, kind, committed, body, hash FROM entries ORDER BY id");
  while (rows.next()) {
    const std::int64_t id = rows.integer(0);
    const std::string_view kind = rows.bytes(1), body = rows.bytes(3);
    const bool sound = id == contents.entries.number + 1 &&
                       rows.bytes(4) == entry_hash(contents.entries, kind, rows.integer(2), body);
    if (!sound) return database.report_damage(fmt::format("entry {} fails its checksum", id));
    if (auto added = add_entry(contents.registry, kind, body); !added) {
      return database.report_damage(added.error());
    }
    contents.entries = {id, std::string(rows.bytes(4))};
  }
  for (const NameEntry& name : contents.registry.names) {
    if (contents.holdings.restore(name)) continue;
    return database.report_damage(fmt::format("the name {} has no right number", name.name));
  }
}

void read_head(Database& database, ServiceState& service) {
  Query rows = database.query(
      "SELECT header, hash, payload FROM verdict_blocks WHERE id ="
      " (SELECT max(id) FROM verdict_blocks WHERE service = ?)",
      {service.id});
  if (!rows.next()) return;
  const auto header = decode_verdict_header(rows.bytes(0));
  const bool sound = header && header->owner == service.id &&
                     digest({rows.bytes(0)}) == rows.bytes(1) &&
                     digest({rows.bytes(2)}) == header->checksum;
  if (!sound) {
    return database.report_damage(
        fmt::format("the last verdict block of {} fails its checksum", service.name));
  }
  service.packed_day = header->day;
  service.head = rows.bytes(1);
  service.totals = service.packed_totals = header->totals;
  service.started = header->first_slot < header->next_slot;
  service.first_slot = header->first_slot;
  service.next_slot = service.packed_next_slot = header->next_slot;
  service.every = service.packed_every = header->every;
}

// A late part may have been packed for a day before the last one.
void read_packed_day(Database& database, ServiceState& service) {
  if (service.packed_day == kNoDay) return;
  service.packed_day =
      database.number("SELECT max(day) FROM verdict_blocks WHERE service = ?", {service.id});
}

void read_head(Database& database, CheckState& check) {
  Query rows = database.query(
      "SELECT header, hash FROM outcome_blocks WHERE check_id = ?1"
      " AND day = (SELECT max(day) FROM outcome_blocks WHERE check_id = ?1)"
      " UNION ALL SELECT header, hash FROM outcome_anchors WHERE check_id = ?1",
      {check.id});
  if (!rows.next()) return;
  const auto header = decode_attempt_header(rows.bytes(0));
  const bool sound =
      header && header->owner == check.id && digest({rows.bytes(0)}) == rows.bytes(1);
  if (!sound) {
    return database.report_damage(
        fmt::format("the last outcome block of check {} fails its checksum", check.name));
  }
  check.head = rows.bytes(1);
  check.totals = check.packed_totals = header->totals;
}

void read_journal(Database& database, Contents& contents) {
  contents.journal = read_journal_anchor(database);
  Query rows = database.query("SELECT seq, committed, payload, hash FROM journal ORDER BY seq");
  while (rows.next()) {
    const std::int64_t sequence = rows.integer(0);
    const bool sound =
        sequence == contents.journal.number + 1 &&
        rows.bytes(3) == journal_hash(contents.journal, rows.integer(1), rows.bytes(2));
    const auto row = sound ? decode_journal_row(rows.bytes(2)) : std::nullopt;
    if (!row) {
      return database.report_damage(fmt::format("journal row {} fails its checksum", sequence));
    }
    if (auto applied = replay(contents.holdings, *row); !applied) {
      return database.report_damage(fmt::format("journal row {} {}", sequence, applied.error()));
    }
    contents.journal = {sequence, std::string(rows.bytes(3))};
    contents.last_commit = rows.integer(1);
    contents.marks.push_back({sequence, last_day_of(*row)});
  }
}

void read_evidence_totals(Database& database, Contents& contents) {
  contents.evidence_written =
      database.number("SELECT total FROM evidence ORDER BY id DESC LIMIT 1");
  contents.evidence_dropped = database.number(
      "SELECT total - length(CAST(message AS BLOB)) FROM evidence ORDER BY id LIMIT 1");
}

std::string read_text(Database& database, const char* sql) {
  Query rows = database.query(sql);
  return rows.next() ? std::string(rows.bytes(0)) : std::string();
}

}  // namespace

LedgerResult<Contents> read_contents(Database& database) {
  Contents contents;
  contents.identity = read_text(database, "SELECT value FROM state WHERE key = 'identity'");
  read_entries(database, contents);
  for (ServiceState& service : contents.holdings.services()) {
    read_head(database, service);
    read_packed_day(database, service);
  }
  for (CheckState& check : contents.holdings.checks()) read_head(database, check);
  read_journal(database, contents);
  read_evidence_totals(database, contents);
  if (auto error = database.take_error()) return std::unexpected(*error);
  return contents;
}

std::expected<void, std::string> replay(Holdings& holdings, const JournalRow& row) {
  for (const auto& [id, run] : row.runs) {
    ServiceState* service = holdings.service(id);
    if (!service) return std::unexpected("names a service that no entry knows");
    const auto open = service->started ? clip_front(run, service->next_slot) : run;
    if (open) holdings.add(*service, *open);
  }
  for (const auto& [id, attempt] : row.attempts) {
    CheckState* check = holdings.check(id);
    if (!check) return std::unexpected("names a check that no entry knows");
    const ServiceState* service = holdings.service(check->service);
    if (day_of(attempt.slot) <= service->packed_day) continue;
    holdings.add(*check, attempt, row.addresses[attempt.address]);
  }
  return {};
}

std::int64_t last_day_of(const JournalRow& row) {
  std::int64_t last = kNoDay;
  for (const auto& [service, run] : row.runs) {
    last = std::max(last, day_of(run.end() - run.every));
  }
  for (const auto& [check, attempt] : row.attempts) last = std::max(last, day_of(attempt.slot));
  return last;
}

std::string entry_hash(const ChainEnd& previous, std::string_view kind, std::int64_t committed,
                       std::string_view body) {
  ByteWriter head;
  head.zigzag(previous.number + 1);
  head.zigzag(committed);
  head.text(kind);
  return digest({previous.hash, head.take(), body});
}

std::string journal_hash(const ChainEnd& previous, std::int64_t committed,
                         std::string_view payload) {
  ByteWriter head;
  head.zigzag(previous.number + 1);
  head.zigzag(committed);
  return digest({previous.hash, head.take(), payload});
}

std::string evidence_checksum(const EvidenceKey& key, std::string_view message,
                              std::int64_t total) {
  ByteWriter head;
  head.varint(key.check);
  head.zigzag(key.slot);
  head.zigzag(key.at);
  head.zigzag(key.attempt);
  head.zigzag(total);
  return digest({head.take(), message}).substr(0, 8);
}

ChainEnd read_journal_anchor(Database& database) {
  ChainEnd anchor;
  Query rows = database.query("SELECT value FROM state WHERE key = 'journal_anchor'");
  if (!rows.next()) return anchor;
  ByteReader reader(rows.bytes(0));
  anchor.number = reader.zigzag();
  anchor.hash = reader.raw(kDigestBytes);
  if (!reader.done()) database.report_damage("the anchor of the journal cannot be read");
  return anchor;
}

void write_journal_anchor(Database& database, const ChainEnd& anchor) {
  ByteWriter writer;
  writer.zigzag(anchor.number);
  writer.raw(anchor.hash);
  const std::string value = writer.take();
  database.run("REPLACE INTO state(key, value) VALUES('journal_anchor', ?)", {Blob{value}});
}

}  // namespace exporter::ledger

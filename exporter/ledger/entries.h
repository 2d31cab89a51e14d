// The rare records (names, plans, terms, windows, corrections, statements, gaps) as entries: a kind
// and a JSON text, kept for ever in one chained table that a person can read with any SQLite shell.
// Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ledger/ledger.h"

namespace exporter::ledger {

struct Entry {
  std::string kind, body;
};

// The number by which blocks and journal rows call a service or a check.
struct NameEntry {
  bool is_check = false;
  std::uint32_t id = 0;
  std::uint32_t service = 0;  // of a check
  std::string name;
};

Entry to_entry(const NameEntry& name);
Entry to_entry(const PlanRecord& plan);
Entry to_entry(const TermsRecord& terms);
Entry to_entry(const RecordedWindow& window);
Entry to_entry(const Correction& correction);
Entry to_entry(const Statement& statement);
Entry to_entry(const GapAcceptance& gap);

// Everything the entries say, in their order.
struct Register {
  std::vector<NameEntry> names;
  std::vector<PlanRecord> plans;
  std::vector<TermsRecord> terms;
  std::vector<RecordedWindow> windows;
  std::vector<Correction> corrections;
  std::vector<Statement> statements;
  std::vector<GapAcceptance> gaps;
};

// Adds what an entry says. A window that is known already is withdrawn, not added. The error is a
// sentence.
std::expected<void, std::string> add_entry(Register& registry, std::string_view kind,
                                           std::string_view body);

bool same_gap(const GapAcceptance& a, const GapAcceptance& b);

}  // namespace exporter::ledger

// The canonical texts that hashes are taken of: terms and statements. Canonical means: keys in
// order of their bytes, no white space, whole numbers only, so that anyone can compute the hash
// again from the printed values. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "exporter/ledger/records.h"

namespace exporter {

std::string_view name_of(UnknownPolicy policy);  // "unproven", "bad", "good", "excluded"

// The terms as canonical JSON: agreement, from, services, tzdata_version. Times are Unix seconds,
// durations seconds, objectives parts per million. `committed`, `hash` and `signed_by` are not in
// it.
std::string canonical_json(const TermsRecord& record);
// SHA-256 of the canonical JSON.
std::string terms_hash(const TermsRecord& record);
// Reads canonical JSON back (also with keys in another order). `committed`, `hash` and `signed_by`
// are left empty. The error names the key.
std::expected<TermsRecord, std::string> parse_terms(std::string_view json);

// SHA-256 of "agreement\nYYYY-MM\nrevision\nclosed|provisional\nprevious hash\njson": what chains
// the statements of one agreement. The first one's previous hash is empty.
std::string statement_hash(const Statement& statement);

}  // namespace exporter

// The payload of one journal row: the outcomes and verdict runs of one commit, complete in itself
// except for the names, which are numbers from the ledger's entries. FORMAT.md has the grammar.
// Pure; decoding never trusts a byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ledger/attempt.h"

namespace exporter::ledger {

struct Run {
  std::int64_t start = 0, count = 0;
  std::int32_t every = 60;
  Verdict verdict = Verdict::unknown;
  Cause cause = Cause::none;
  bool rescued = false;
  std::int64_t end() const { return start + count * every; }
  bool same_kind(const Run& other) const {
    return every == other.every && verdict == other.verdict && cause == other.cause &&
           rescued == other.rescued;
  }
  bool operator==(const Run&) const = default;
};

// Times beyond the year 10000 either way, and cadences beyond a year, are damage, not data; the
// limits also keep all arithmetic far from overflow.
inline constexpr std::int64_t kMaxSecond = 253'402'300'800;
inline constexpr std::int32_t kMaxEvery = 366 * 86'400;
bool is_sound_time(std::int64_t second);
bool is_sound_offset(std::int64_t milliseconds);
bool is_sound(const Run& run);

// Verdict, rescued and cause in one byte; set_kind returns false for a byte that means nothing.
std::uint8_t kind_byte(const Run& run);
bool set_kind(Run& run, std::uint8_t byte);

struct JournalRow {
  struct ServiceRun {
    std::uint32_t service = 0;
    Run run;
  };
  struct CheckAttempt {
    std::uint32_t check = 0;
    Attempt attempt;  // its address is an index into `addresses`
  };
  std::vector<std::string> addresses;
  std::vector<ServiceRun> runs;
  std::vector<CheckAttempt> attempts;
  bool empty() const { return runs.empty() && attempts.empty(); }
};

std::string encode(const JournalRow& row);
std::optional<JournalRow> decode_journal_row(std::string_view bytes);

// An address in its shortest form: four or sixteen bytes where it reads back as it was written.
void write_address(class ByteWriter& writer, const std::string& address);
std::string read_address(class ByteReader& reader);

}  // namespace exporter::ledger

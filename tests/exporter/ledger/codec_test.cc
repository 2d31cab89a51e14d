// The bytes of the ledger: what is written reads back, and no damaged byte is ever believed or
// followed out of bounds. Random tests print their seed.
#include <gmock/gmock.h>

#include <random>

#include "exporter/ledger/attempt.h"
#include "exporter/ledger/attempt_columns.h"
#include "exporter/ledger/bytes.h"
#include "exporter/ledger/day_block.h"
#include "exporter/ledger/digest.h"
#include "exporter/ledger/journal_row.h"

namespace exporter::ledger {
namespace {

constexpr std::int64_t kToday = 20'500;

std::int64_t between(std::mt19937& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution(low, high)(random);
}

Attempt random_attempt(std::mt19937& random, std::int64_t slot) {
  Attempt attempt;
  attempt.slot = slot;
  attempt.offset = between(random, -2000, 90'000);
  attempt.latency = latency_code(std::chrono::microseconds(between(random, 0, 1 << 25)));
  attempt.status = static_cast<probes::Status>(between(random, 0, 3));
  if (between(random, 0, 9) == 0) {
    attempt.reason = static_cast<probes::Reason>(between(random, 0, 18));
    attempt.attempt = static_cast<std::uint8_t>(between(random, 0, 3));
    attempt.final = between(random, 0, 1) == 0;
    attempt.extra = between(random, 0, 1) == 0;
    attempt.evidence = between(random, 0, 1) == 0;
  }
  return attempt;
}

std::vector<Attempt> random_day(std::mt19937& random, std::int64_t addresses) {
  std::vector<Attempt> attempts;
  const std::int64_t every = between(random, 1, 10) * 60;
  std::int64_t slot = kToday * kDaySeconds;
  while (day_of(slot) == kToday && attempts.size() < 500) {
    attempts.push_back(random_attempt(random, slot));
    attempts.back().address = static_cast<std::uint32_t>(between(random, 0, addresses - 1));
    const std::int64_t chance = between(random, 0, 19);
    if (chance > 0) slot += chance == 1 ? 7 * every : every;
  }
  return attempts;
}

TEST(Bytes, NumbersReadBack) {
  ByteWriter writer;
  const std::vector<std::int64_t> values = {0,   1,   -1,      63,        -64,      64,
                                            127, 128, 1 << 20, INT64_MAX, INT64_MIN};
  for (const std::int64_t value : values) {
    writer.zigzag(value);
    writer.varint(static_cast<std::uint64_t>(value));
  }
  const std::string bytes = writer.take();
  ByteReader reader(bytes);
  for (const std::int64_t value : values) {
    EXPECT_EQ(reader.zigzag(), value);
    EXPECT_EQ(reader.varint(), static_cast<std::uint64_t>(value));
  }
  EXPECT_TRUE(reader.done());
}

TEST(Bytes, AReaderNeverGoesPastTheEnd) {
  ByteReader reader(std::string_view("\xff\xff", 2));
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.byte(), 0);
  ByteReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11));
  EXPECT_EQ(endless.varint(), 0u);
  EXPECT_FALSE(endless.ok());
  ByteReader counting(std::string_view("\x7f", 1));
  EXPECT_EQ(counting.count(), 0u);
  EXPECT_FALSE(counting.ok());
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(to_hex(digest({"a", "bc"})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(LatencyCode, IsExactWhenSmallAndWithinOnePercentElsewhere) {
  for (std::int64_t value = 0; value < 128; ++value) {
    EXPECT_EQ(latency_of(latency_code(std::chrono::microseconds(value))).count(), value);
  }
  for (double value = 128; value < 1e12; value *= 1.0007) {
    const auto latency = std::chrono::microseconds(static_cast<std::int64_t>(value));
    const std::uint32_t code = latency_code(latency);
    const auto back = latency_of(code);
    EXPECT_NEAR(static_cast<double>(back.count()), value, value * 0.0079);
    EXPECT_EQ(latency_code(back), code);  // a value that was kept once stays as it is
  }
  EXPECT_EQ(latency_code(std::chrono::microseconds(-5)), 0u);
  EXPECT_EQ(latency_code(std::chrono::microseconds(INT64_MAX)), kMaxLatencyCode);
}

TEST(AttemptLog, ReadsBackWhatWasAppended) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> names = {"192.0.2.1", "2001:db8::1", "", "x"};
    const std::vector<Attempt> attempts = random_day(random, 4);
    AttemptLog log;
    for (const Attempt& attempt : attempts) log.append(attempt, names[attempt.address]);
    const std::vector<Attempt> back = log.attempts();
    ASSERT_EQ(back.size(), attempts.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
      EXPECT_EQ(log.addresses()[back[i].address], names[attempts[i].address]);
      Attempt same = back[i];
      same.address = attempts[i].address;
      EXPECT_EQ(same, attempts[i]);
    }
  }
}

JournalRow random_row(std::mt19937& random) {
  JournalRow row;
  row.addresses = {"192.0.2.1", "::1", "::ffff:192.0.2.9", "fe80::1%eth0", "", "010.1.1.1"};
  for (std::int64_t i = between(random, 0, 5); i > 0; --i) {
    const Run run{between(random, 0, 1 << 30) * 60,
                  between(random, 1, 2000),
                  60,
                  static_cast<Verdict>(between(random, 0, 2)),
                  static_cast<Cause>(between(random, 0, 7)),
                  between(random, 0, 1) == 1};
    row.runs.push_back({static_cast<std::uint32_t>(between(random, 1, 100'000)), run});
  }
  for (std::int64_t i = between(random, 0, 20); i > 0; --i) {
    Attempt attempt = random_attempt(random, between(random, 0, 1ll << 33));
    attempt.address = static_cast<std::uint32_t>(between(random, 0, 5));
    row.attempts.push_back({static_cast<std::uint32_t>(between(random, 1, 100'000)), attempt});
  }
  return row;
}

TEST(JournalRow, ReadsBackAndRefusesEveryCut) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const JournalRow row = random_row(random);
    const std::string bytes = encode(row);
    const auto back = decode_journal_row(bytes);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->addresses, row.addresses);
    ASSERT_EQ(back->runs.size(), row.runs.size());
    for (std::size_t i = 0; i < row.runs.size(); ++i) {
      EXPECT_EQ(back->runs[i].service, row.runs[i].service);
      EXPECT_EQ(back->runs[i].run, row.runs[i].run);
    }
    ASSERT_EQ(back->attempts.size(), row.attempts.size());
    for (std::size_t i = 0; i < row.attempts.size(); ++i) {
      EXPECT_EQ(back->attempts[i].check, row.attempts[i].check);
      EXPECT_EQ(back->attempts[i].attempt, row.attempts[i].attempt);
    }
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(decode_journal_row(std::string_view(bytes).substr(0, cut)).has_value()) << cut;
    }
  }
}

std::vector<Run> random_runs(std::mt19937& random) {
  std::vector<Run> runs;
  std::int64_t start = kToday * kDaySeconds + between(random, 0, 10) * 60;
  std::int32_t every = 60;
  while (day_of(start) == kToday && runs.size() < 50) {
    if (between(random, 0, 9) == 0) every = static_cast<std::int32_t>(between(random, 1, 600));
    runs.push_back({start, between(random, 1, 20), every,
                    static_cast<Verdict>(between(random, 0, 2)),
                    static_cast<Cause>(between(random, 0, 7)), between(random, 0, 1) == 1});
    start = runs.back().end();
    if (between(random, 0, 9) == 0) start += between(random, 1, 5) * 60;
  }
  return runs;
}

VerdictHeader header_of(const std::vector<Run>& runs) {
  VerdictHeader header;
  header.owner = 7;
  header.day = kToday;
  header.previous = digest({"before"});
  header.first_slot = -60;
  header.next_slot = runs.back().end();
  for (const Run& run : runs) header.totals.add(run);
  return header;
}

TEST(DayBlock, VerdictsReadBack) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto runs = random_runs(random);
    const VerdictHeader header = header_of(runs);
    const Block block = make_verdict_block(header, runs);
    const auto back = decode_verdict_header(block.header);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->owner, 7u);
    EXPECT_EQ(back->day, kToday);
    EXPECT_EQ(back->previous, header.previous);
    EXPECT_EQ(back->totals, header.totals);
    EXPECT_EQ(back->next_slot, header.next_slot);
    EXPECT_EQ(decode_runs(block.payload, *back), runs);
  }
}

TEST(DayBlock, AttemptsReadBack) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> addresses = {"192.0.2.1", "2001:db8::1", ""};
    const std::vector<Attempt> attempts = random_day(random, 3);
    AttemptHeader header;
    header.owner = 3;
    header.day = kToday;
    header.previous = no_digest();
    const Block block = make_attempt_block(header, attempts, addresses);
    const auto back = decode_attempt_header(block.header);
    ASSERT_TRUE(back.has_value());
    const auto day = decode_attempts(block.payload, *back);
    ASSERT_TRUE(day.has_value());
    EXPECT_EQ(day->attempts, attempts);
    EXPECT_EQ(day->addresses, addresses);
  }
}

TEST(DayBlock, DamagedBytesAreNeverFollowed) {
  // The checksum would refuse them before; the decoders must stand on their own all the same.
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> addresses = {"192.0.2.1"};
    AttemptHeader header;
    header.day = kToday;
    header.previous = no_digest();
    Block block = make_attempt_block(header, random_day(random, 1), addresses);
    header.items = decode_attempt_header(block.header)->items;
    for (std::string* bytes : {&block.payload, &block.header}) {
      const auto place = static_cast<std::size_t>(
          between(random, 0, static_cast<std::int64_t>(bytes->size()) - 1));
      (*bytes)[place] = static_cast<char>(between(random, 0, 255));
    }
    const auto day = decode_attempts(block.payload, header);
    if (day) EXPECT_EQ(day->attempts.size(), header.items);
    const auto back = decode_attempt_header(block.header);
    if (back) EXPECT_EQ(back->checksum.size(), kDigestBytes);
  }
}

}  // namespace
}  // namespace exporter::ledger

// Hashes name terms and statements for years: their texts are golden.
#include "exporter/sla/canonical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/sla/digest.h"

namespace exporter {
namespace {

using namespace std::chrono;

TermsRecord example() {
  TermsRecord record;
  record.from = Seconds(seconds(1'793'487'600));
  record.terms.provider = "Maxony";
  record.terms.timezone = "UTC+01:00";
  record.terms.objectives = {{"website", {990'000}}, {"api", {999'000}}};
  record.services = {{"website", {.every = 300s}}, {"api", {.every = 60s, .require = 1}}};
  return record;
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Canonical, TermsAreWrittenInOneWayOnly) {
  EXPECT_EQ(
      canonical_json(example()),
      R"({"agreement":{"close_after":432000,"exclude_maintenance":true,"name":"published",)"
      R"("notice":0,"objectives":{"api":999000,"website":990000},"period":"month",)"
      R"("provider":"Maxony","timezone":"UTC+01:00","unknown_slots":"unproven"},)"
      R"("from":1793487600,"services":{"api":{"degraded_is_good":true,"every":60,"require":1},)"
      R"("website":{"degraded_is_good":true,"every":300,"require":0}},"tzdata_version":""})");
}

TEST(Canonical, TermsReadBackAreTheSame) {
  TermsRecord record = example();
  record.terms.unknown_slots = UnknownPolicy::excluded;
  record.terms.notice = 24h;
  record.tzdata_version = "2025b";
  const auto parsed = parse_terms(canonical_json(record));
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(*parsed, record);
  EXPECT_EQ(terms_hash(*parsed), terms_hash(record));
}

TEST(Canonical, TheHashCoversWhatChangesAFigureAndNothingElse) {
  const std::string hash = terms_hash(example());
  TermsRecord changed = example();
  changed.committed = changed.from;
  changed.signed_by = "anna";
  changed.hash = "x";
  EXPECT_EQ(terms_hash(changed), hash);
  changed.terms.objectives["api"] = Objective{999'001};
  EXPECT_NE(terms_hash(changed), hash);
}

TEST(Canonical, DamagedTermsAreRefusedByKey) {
  for (const char* text : {"", "{", "{}", "[]", R"({"agreement":{}})"}) {
    EXPECT_FALSE(parse_terms(text)) << text;
  }
  const auto parsed = parse_terms(R"({"agreement":{}})");
  EXPECT_THAT(parsed.error(), testing::HasSubstr("close_after"));
}

TEST(Canonical, StatementsAreChained) {
  Statement statement{.agreement = "published", .year = 2026, .month = 3, .json = "{}"};
  EXPECT_EQ(statement_hash(statement), sha256_hex("published\n2026-03\n1\nprovisional\n\n{}"));
  const std::string first = statement_hash(statement);
  statement.previous_hash = first;
  statement.closed = true;
  EXPECT_EQ(statement_hash(statement),
            sha256_hex("published\n2026-03\n1\nclosed\n" + first + "\n{}"));
}

}  // namespace
}  // namespace exporter

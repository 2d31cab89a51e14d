// Input made to hurt: each must be refused (or read) in bounded time and memory. ctest's timeout is
// the bound on time; the limits of yaml.h are what keeps memory down.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "exporter/config/load.h"
#include "exporter/config/yaml.h"
#include "tests/exporter/config/memory_files.h"

namespace exporter {
namespace {

using testing::HasSubstr;

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(HostileConfig, AnAliasBombIsRefusedBeforeItGoesOff) {
  std::string text = "x-0: &l0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 30; ++i) {
    text += fmt::format("x-{}: &l{} [", i, i) + repeat(fmt::format("*l{}, ", i - 1), 10) + "]\n";
  }
  EXPECT_THAT(errors_of(load_text(text + "services: {}\n")),
              HasSubstr("more than 1000000 values once every alias is followed"));
}

TEST(HostileConfig, AMergeBombIsRefusedAsWell) {
  std::string text = "x-0: &m0 {a: 1}\n";
  for (int i = 1; i < 40; ++i) {
    text += fmt::format("x-{}: &m{} {{k{}a: *m{}, k{}b: *m{}, <<: *m{}}}\n", i, i, i, i - 1, i,
                        i - 1, i - 1);
  }
  EXPECT_THAT(errors_of(load_text(text + "services: {}\n")),
              HasSubstr("once every alias is followed"));
}

TEST(HostileConfig, DeepNestingIsRefused) {
  for (const char* open : {"[", "[\n", "{a: ", "{\n", "a: [", "[{a: ", "- [", "['a', {b: "}) {
    EXPECT_THAT(errors_of(load_text("x:\n " + repeat(open, 100'000))),
                HasSubstr("nested more than 64 levels deep"))
        << open;
  }
  for (const char* open : {"- ", "? "}) {
    EXPECT_THAT(errors_of(load_text(repeat(open, 100'000))),
                HasSubstr("nested more than 64 levels deep"))
        << open;
  }
  std::string indented;
  for (int i = 0; i < 500; ++i) indented += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(errors_of(load_text(indented)), HasSubstr("nested more than 64 levels deep"));
}

TEST(HostileConfig, BracketsInTextsAreNotTakenForNesting) {
  std::string text = "services: {}\nx-a:\n";
  for (int i = 0; i < 3000; ++i) text += "  - \"[[[\"\n  - '{ it''s [ '\n  - a [ b\n  # [ {\n";
  EXPECT_EQ(errors_of(load_text(text)), "");
}

TEST(HostileConfig, DeepNestingThroughAliasesIsRefused) {
  std::string text = "x-0: &a0 [1]\n";
  for (int i = 1; i < 200; ++i) text += fmt::format("x-{}: &a{} [*a{}]\n", i, i, i - 1);
  EXPECT_THAT(errors_of(load_text(text)), HasSubstr("nested more than 64 levels deep"));
}

TEST(HostileConfig, AHugeFileIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(
      errors_of(load_text(std::string(50u << 20, 'a'))),
      "/etc/sla/sla.yml: the file has 52428800 bytes; at most 8388608 are read. Split it with "
      "include:\n");
}

TEST(HostileConfig, LongScalarsManyKeysAndManyErrorsStayBounded) {
  EXPECT_THAT(errors_of(load_text("contact: " + std::string(2u << 20, 'a') + "\nservices: {}\n")),
              HasSubstr("this value is longer than 1048576 bytes"));
  std::string keys = "services: {}\n";
  for (int i = 0; i < 20'000; ++i) keys += fmt::format("k{}: v\n", i);
  EXPECT_EQ(load_text(keys).error().size(), config::Errors::kMaxErrors + 1);
  std::string links = "services:\n";
  for (int i = 0; i < 3'000; ++i) links += fmt::format("  s{}: {{depends_on: [t{}]}}\n", i, i);
  EXPECT_FALSE(load_text(links).has_value());
}

TEST(HostileConfig, ManyChecksOutOfFewLinesAreRefused) {
  std::string text = "x-t: &t [" + repeat("\"a.example:1\", ", 900) + "]\nservices:\n";
  for (int i = 0; i < 150; ++i) {
    text += fmt::format("  s{}: {{checks: [{{module: tcp_connect, targets: *t}}]}}\n", i);
  }
  EXPECT_THAT(errors_of(load_text(text)), HasSubstr("more than 100000 checks"));
}

TEST(HostileConfig, ManyPrivateAgreementsOverManyServicesAreRefused) {
  std::string text = "services:\n";
  for (int i = 0; i < 1000; ++i) {
    text += fmt::format(
        "  s{}: {{objective: 99%, checks: [{{module: tcp_connect, target: \"a:1\"}}]}}\n", i);
  }
  text += "private_agreements:\n";
  for (int i = 0; i < 900; ++i) text += fmt::format("  p{}: {{}}\n", i);
  EXPECT_THAT(errors_of(load_text(text)), HasSubstr("are more than 500000 pairs"));
}

TEST(HostileConfig, EveryTruncationOfAGoodFileIsReadOrRefusedCleanly) {
  const std::string text = R"(# A file with a bit of everything.
x-a: &a {timeout: 8s, labels: {team: "web"}}
place: {name: 'Geneva outside'}
services:
  web:
    <<: *a
    objective: 99%
    title: >
      Website
    checks:
      - {module: http_2xx, targets: ["https://a.example/", "https://b.example/"]}
)";
  ASSERT_TRUE(load_text(text).has_value()) << errors_of(load_text(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const ConfigResult config = load_text(text.substr(0, size));
    if (!config) EXPECT_FALSE(config.error().empty());
  }
}

TEST(HostileConfig, RandomBytesInAGoodFileNeverHurt) {
  const std::string text =
      "agreement: {timezone: UTC+01:00}\nservices:\n  web:\n    objective: 99%\n    every: 1m\n"
      "    checks: &c [{module: dns, target: \"a.example\", with: {query_name: b}}]\n"
      "maintenance: {windows: [{from: 2026-12-06T02:00, to: 2026-12-06T04:00}]}\n";
  using namespace std::string_view_literals;
  const std::string_view alphabet = "\0\t\n \"#%&'*,-0:<>?@[]`{|}~\x7f\xc3\xa9\xff ax"sv;
  const unsigned seed = 20261206;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 3000; ++i) {
    std::string bent = text;
    for (int n = 0; n < 3; ++n) {
      bent[random() % bent.size()] = alphabet[random() % alphabet.size()];
    }
    const ConfigResult config = load_text(bent);
    if (!config) EXPECT_FALSE(config.error().empty()) << bent;
  }
}

}  // namespace
}  // namespace exporter

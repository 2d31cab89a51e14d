// The DNS codec: what it writes, what it reads, and everything it must refuse.
#include "probes/dns_codec.h"

#include <gtest/gtest.h>

#include <random>

namespace probes::dns {
namespace {

using namespace std::string_literals;

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::string u32(unsigned value) { return u16(value >> 16) + u16(value & 0xffff); }

// "www.example.com" in wire form, without compression.
std::string wire_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    out += static_cast<char>(label.size());
    out += label;
    name = dot == std::string_view::npos ? "" : name.substr(dot + 1);
  }
  return out + '\0';
}

std::string header(unsigned flags, unsigned questions, unsigned answers, unsigned authorities = 0,
                   unsigned additionals = 0) {
  return u16(0x1234) + u16(flags) + u16(questions) + u16(answers) + u16(authorities) +
         u16(additionals);
}

std::string record(std::string owner, unsigned type, std::string data, unsigned dns_class = 1,
                   unsigned ttl = 300) {
  return owner + u16(type) + u16(dns_class) + u32(ttl) + u16(static_cast<unsigned>(data.size())) +
         data;
}

const std::string kQuestion = wire_name("example.com") + u16(1) + u16(1);
const std::string kPointer = "\xc0\x0c";  // to the name of the question

std::string response_with(const std::string& rr) { return header(0x8180, 1, 1) + kQuestion + rr; }

struct TextCase {
  const char* what;
  unsigned type;
  std::string data;
  std::string text;
};

TEST(DnsCodec, WritesEachTypeAsTheBlackboxExporterSeesIt) {
  const std::string v6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
  const std::vector<TextCase> cases = {
      {"A", 1, "\xc0\x00\x02\x01"s, "A\t192.0.2.1"},
      {"AAAA", 28, v6, "AAAA\t2001:db8::1"},
      {"NS, compressed", 2, "\x03ns1" + kPointer, "NS\tns1.example.com."},
      {"CNAME to the root", 5, "\0"s, "CNAME\t."},
      {"MX", 15, u16(10) + "\x02mx" + kPointer, "MX\t10 mx.example.com."},
      {"null MX", 15, u16(0) + "\0"s, "MX\t0 ."},
      {"SOA", 6,
       "\x02ns" + kPointer +
           "\x05"
           "a.b-c" +
           kPointer + u32(2026010101) + u32(7200) + u32(3600) + u32(1209600) + u32(300),
       "SOA\tns.example.com. a\\.b-c.example.com. 2026010101 7200 3600 1209600 300"},
      {"TXT", 16,
       "\x03"
       "a\"b"
       "\x02"
       "\\\x01"s,
       "TXT\t\"a\\\"b\" \"\\\\\\001\""},
      {"TXT, one empty string", 16, "\0"s, "TXT\t\"\""},
      {"PTR", 12, wire_name("host.example.net"), "PTR\thost.example.net."},
      {"SRV", 33, u16(1) + u16(2) + u16(5060) + wire_name("sip.example.com"),
       "SRV\t1 2 5060 sip.example.com."},
      {"CAA", 257, "\0\x05issueca.example; x=1"s, "CAA\t0 issue \"ca.example; x=1\""},
      {"DS", 43, u16(60485) + "\x05\x01\xab\xcd"s, "DS\t60485 5 1 ABCD"},
      {"DNSKEY", 48, u16(257) + "\x03\x08\x01\x02\x03\x04"s, "DNSKEY\t257 3 8 AQIDBA=="},
      {"RRSIG", 46,
       u16(1) + "\x08\x02" + u32(300) + u32(1893456000) + u32(1577836800) + u16(12345) +
           wire_name("example.com") + "\x01\x02\x03",
       "RRSIG\tA 8 2 300 20300101000000 20200101000000 12345 example.com. AQID"},
      {"TLSA", 52, "\x03\x01\x01\xab\xcd"s, "TLSA\t3 1 1 abcd"},
      {"SSHFP", 44, "\x04\x02\xab"s, "SSHFP\t4 2 AB"},
      {"NAPTR", 35, u16(1) + u16(2) + "\x01S\x03SIP\x00"s + wire_name("x.example"),
       "NAPTR\t1 2 \"S\" \"SIP\" \"\" x.example."},
      {"NSEC", 47, wire_name("b.example") + "\x00\x06\x40\x01\x00\x00\x00\x03"s,
       "NSEC\tb.example. A MX RRSIG NSEC"},
      {"HINFO", 13,
       "\x03"
       "cpu\x02os",
       "HINFO\t\"cpu\" \"os\""},
  };
  for (const TextCase& c : cases) {
    const auto message = decode(response_with(record(kPointer, c.type, c.data)));
    ASSERT_TRUE(message) << c.what << ": " << message.error();
    ASSERT_EQ(message->answers.size(), 1u) << c.what;
    EXPECT_EQ(message->answers[0].text(), "example.com.\t300\tIN\t" + c.text) << c.what;
  }
}

TEST(DnsCodec, WritesUnknownTypesAsRfc3597Says) {
  const auto message = decode(response_with(record(kPointer, 65280, "\x0a\xff"s)));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->answers[0].text(), "example.com.\t300\tCLASS1\tTYPE65280\t\\# 2 0AFF");
}

TEST(DnsCodec, EscapesOctetsOfNames) {
  const std::string owner =
      "\x04"
      "a.b "
      "\x02"
      "\x07\xff" +
      "\0"s;
  const auto message = decode(response_with(record(owner, 1, "\x01\x02\x03\x04")));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->answers[0].name, "a\\.b\\ .\\007\\255.");
}

TEST(DnsCodec, SpellsOutCompressedNamesInTheData) {
  const auto message = decode(response_with(record(kPointer, 15, u16(10) + "\x02mx" + kPointer)));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->answers[0].rdata, u16(10) + wire_name("mx.example.com"));
}

TEST(DnsCodec, ReadsHeaderQuestionAndSections) {
  const std::string a = record(kPointer, 1, "\x01\x02\x03\x04");
  const std::string opt = record("\0"s, 41, "", 1232, 0x01008000);
  const auto message = decode(header(0x87b3, 1, 1, 1, 2) + kQuestion + a + a + a + opt);
  ASSERT_TRUE(message) << message.error();
  EXPECT_EQ(message->id, 0x1234);
  EXPECT_TRUE(message->response && message->authoritative && message->truncated &&
              message->recursion_desired && message->recursion_available &&
              message->authentic_data && message->checking_disabled);
  EXPECT_EQ(message->rcode, 0x13) << "EDNS carries the upper bits";
  ASSERT_EQ(message->questions.size(), 1u);
  EXPECT_EQ(message->questions[0].name, "example.com.");
  EXPECT_EQ(message->answers.size(), 1u);
  EXPECT_EQ(message->authorities.size(), 1u);
  EXPECT_EQ(message->additionals.size(), 2u);
}

TEST(DnsCodec, ReadsTheSerialOfAnSoa) {
  const std::string numbers = u32(4026531841) + u32(1) + u32(2) + u32(3) + u32(4);
  const auto message = decode(response_with(record(kPointer, 6, "\0\0"s + numbers)));
  ASSERT_TRUE(message);
  EXPECT_EQ(soa_serial(message->answers[0]), 4026531841u);
  EXPECT_FALSE(soa_serial(Record{}));
}

TEST(DnsCodec, EncodesAQuestion) {
  const auto query = encode({.id = 0x1234, .name = "example.com", .type = 1});
  ASSERT_TRUE(query);
  EXPECT_EQ(*query, header(0x0100, 1, 0) + kQuestion);
  EXPECT_EQ(encode({.id = 0x1234, .name = "example.com.", .type = 1}), query);
  EXPECT_EQ(encode({.name = ".", .type = 2, .recursion_desired = false}),
            u16(0) + u16(0) + u16(1) + u16(0) + u16(0) + u16(0) + "\0"s + u16(2) + u16(1));
  EXPECT_EQ(encode({.name = "a\\.b\\007", .type = 1})->substr(12, 6),
            "\x04"
            "a.b\x07"s +
                "\0"s);
}

TEST(DnsCodec, EncodesEdns) {
  const auto query =
      encode({.id = 1, .name = "a", .type = 1, .edns_udp_bytes = 1232, .dnssec_ok = true});
  ASSERT_TRUE(query);
  EXPECT_EQ(query->substr(query->size() - 11), "\0"s + u16(41) + u16(1232) + u32(0x8000) + u16(0));
  EXPECT_EQ(query->substr(10, 2), u16(1));
}

TEST(DnsCodec, RefusesNamesThatCannotBeAsked) {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  EXPECT_TRUE(encode({.name = longest, .type = 1}));
  EXPECT_EQ(encode({.name = longest + 'a', .type = 1}).error(),
            '"' + longest + "a\" is longer than 255 octets");
  EXPECT_EQ(encode({.name = label + "a.x", .type = 1}).error(),
            '"' + label + "a.x\" has a label of more than 63 octets");
  EXPECT_EQ(encode({.name = "a..b", .type = 1}).error(), "\"a..b\" has an empty label");
  for (const char* broken : {"a\\", "a\\1", "a\\12", "a\\1x2", "a\\256"})
    EXPECT_EQ(encode({.name = broken, .type = 1}).error(),
              '"' + std::string(broken) + "\" has a broken escape");
}

struct BadCase {
  const char* what;
  std::string bytes;
  std::string error;
};

TEST(DnsCodec, RefusesWhatIsBroken) {
  const std::string a = record(kPointer, 1, "\x01\x02\x03\x04");
  const std::string many(128, '\1');
  std::string long_name;
  for (int i = 0; i < 128; ++i)
    long_name +=
        "\x01"
        "a";
  const std::vector<BadCase> cases = {
      {"no header", "\x12\x34", "a message of 2 octets has no header"},
      {"too long", std::string(65536, '\0'), "a message of 65536 octets is too long"},
      {"a record is missing", header(0x8180, 1, 2) + kQuestion + a,
       "a name runs over its end at octet 45"},
      {"a pointer to itself", header(0x8180, 0, 1) + "\xc0\x0c" + std::string(10, '\0'),
       "a compression pointer does not lead backwards at octet 12"},
      {"a pointer ahead", header(0x8180, 0, 1) + "\xc0\x20" + std::string(40, '\0'),
       "a compression pointer does not lead backwards at octet 12"},
      {"two pointers in a ring",
       header(0x8180, 1, 1) +
           "\x01"
           "a\xc0\x10\xc0\x0c" +
           u32(0),
       "a compression pointer does not lead backwards at octet 12"},
      {"a name of 257 octets", header(0x8180, 1, 0) + long_name + '\0' + u32(0),
       "a name is longer than 255 octets at octet 12"},
      {"a label of the type 01",
       header(0x8180, 1, 0) +
           "\x41"
           "a" +
           u32(0),
       "a label has an unknown type at octet 12"},
      {"data over the end", header(0x8180, 1, 1) + kQuestion + a.substr(0, a.size() - 1),
       "the message ends inside a field at octet 41"},
      {"an address of three octets", response_with(record(kPointer, 1, "\x01\x02\x03")),
       "the message ends inside a field at octet 41"},
      {"an address of five octets", response_with(record(kPointer, 1, "\x01\x02\x03\x04\x05")),
       "a record is longer than its fields at octet 45"},
      {"a string over its record",
       response_with(record(kPointer, 16,
                            "\x05"
                            "abc")),
       "the message ends inside a field at octet 42"},
      {"a bitmap over 32 octets",
       response_with(record(kPointer, 47, "\0\0\x21"s + std::string(33, '\1'))),
       "a type bitmap is too long at octet 77"},
  };
  for (const BadCase& c : cases) {
    const auto message = decode(c.bytes);
    ASSERT_FALSE(message) << c.what;
    EXPECT_EQ(message.error(), c.error) << c.what;
  }
}

TEST(DnsCodec, KeepsWhatIsCompleteOfATruncatedAnswer) {
  const std::string a = record(kPointer, 1, "\x01\x02\x03\x04");
  const auto message = decode(header(0x8380, 1, 2) + kQuestion + a + a.substr(0, 7));
  ASSERT_TRUE(message) << message.error();
  EXPECT_TRUE(message->truncated);
  EXPECT_EQ(message->answers.size(), 1u);
}

TEST(DnsCodec, TellsAnAnswerFromAForgery) {
  const std::string query = header(0x0100, 1, 0) + kQuestion;
  const std::string answer = header(0x8180, 1, 0) + kQuestion;
  EXPECT_TRUE(answers(query, answer));
  EXPECT_TRUE(answers(query, header(0x8180, 1, 0) + wire_name("EXAMPLE.Com") + u16(1) + u16(1)))
      << "names compare without case";
  EXPECT_TRUE(answers(query, header(0x8181, 0, 0))) << "FORMERR without question";

  EXPECT_FALSE(answers(query, query)) << "a query is no answer";
  EXPECT_FALSE(answers(query, "\x12\x35" + answer.substr(2))) << "another id";
  EXPECT_FALSE(answers(query, header(0x9180, 1, 0) + kQuestion)) << "another opcode";
  EXPECT_FALSE(answers(query, header(0x8180, 0, 0))) << "NOERROR without question";
  EXPECT_FALSE(answers(query, header(0x8180, 1, 0) + wire_name("example.org") + u16(1) + u16(1)));
  EXPECT_FALSE(answers(query, header(0x8180, 1, 0) + wire_name("example.com") + u16(28) + u16(1)));
  EXPECT_FALSE(answers(query, header(0x8180, 1, 0) + wire_name("example.com") + u16(1) + u16(3)));
  EXPECT_FALSE(answers(query, answer.substr(0, answer.size() - 1)));
  EXPECT_FALSE(answers(query, ""));
}

TEST(DnsCodec, KnowsTheNamesOfNumbers) {
  EXPECT_EQ(type_number("ANY"), 255);
  EXPECT_EQ(type_number("TYPE65280"), 65280);
  EXPECT_FALSE(type_number("TYPE65536"));
  EXPECT_FALSE(type_number("TYPE"));
  EXPECT_FALSE(type_number("mx"));
  EXPECT_EQ(class_number("CH"), 3);
  EXPECT_EQ(rcode_number("NXDOMAIN"), 3);
  EXPECT_FALSE(rcode_number("NOTHING"));
  EXPECT_EQ(rcode_name(5), "REFUSED");
  EXPECT_EQ(rcode_name(42), "RCODE42");
  for (unsigned type = 0; type < 65536; ++type)
    ASSERT_EQ(type_number(type_name(static_cast<std::uint16_t>(type))), type);
}

// Whatever is cut, flipped or invented: no crash, no hang, no read past the end (the sanitizer
// builds watch), and memory bounded by the message.
TEST(DnsCodec, SurvivesDamage) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::string good =
      header(0x8180, 1, 3) + kQuestion + record(kPointer, 15, u16(10) + "\x02mx" + kPointer) +
      record(kPointer, 16,
             "\x03"
             "abc\x02"
             "de") +
      record(kPointer, 47, wire_name("b.example") + "\x00\x06\x40\x01\x00\x00\x00\x03"s);
  ASSERT_TRUE(decode(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(decode(good.substr(0, cut)));
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    for (int flips = 0; flips < 3; ++flips)
      bad[random() % bad.size()] = static_cast<char>(random());
    const auto message = decode(bad);
    if (!message) continue;
    for (const Record& rr : message->answers) EXPECT_LT(rr.text().size(), 4096u);
  }
}

}  // namespace
}  // namespace probes::dns

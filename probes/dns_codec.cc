// Decoding walks the message once with a cursor that knows its end and remembers the first thing
// that went wrong; every field of a record passes through it, so no length is trusted anywhere
// else.
#include "probes/dns_codec.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "probes/dns_names.h"
#include "probes/net/base64.h"
#include "probes/net/net.h"

namespace probes::dns {
namespace {

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16));
  put16(out, static_cast<std::uint16_t>(value & 0xffff));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads one octet of a name in presentation form: a plain one, \X or \DDD. Advances `at`.
std::optional<char> unescape(std::string_view name, std::size_t& at) {
  if (name[at] != '\\') return name[at++];
  if (at + 1 >= name.size()) return std::nullopt;
  if (!is_digit(name[at + 1])) {
    at += 2;
    return name[at - 1];
  }
  if (at + 3 >= name.size() || !is_digit(name[at + 2]) || !is_digit(name[at + 3]))
    return std::nullopt;
  const int value = (name[at + 1] - '0') * 100 + (name[at + 2] - '0') * 10 + (name[at + 3] - '0');
  if (value > 255) return std::nullopt;
  at += 4;
  return static_cast<char>(value);
}

std::expected<std::string, std::string> encode_name(std::string_view name) {
  if (name.empty() || name == ".") return std::string(1, '\0');
  std::string wire;
  std::string label;
  auto finish_label = [&] {
    wire += static_cast<char>(label.size());
    wire += label;
    label.clear();
  };
  for (std::size_t at = 0; at < name.size();) {
    if (name[at] == '.') {
      if (label.empty()) return std::unexpected(fmt::format("\"{}\" has an empty label", name));
      finish_label();
      ++at;
      continue;
    }
    const std::optional<char> octet = unescape(name, at);
    if (!octet) return std::unexpected(fmt::format("\"{}\" has a broken escape", name));
    label += *octet;
    if (label.size() > kMaxLabelBytes)
      return std::unexpected(fmt::format("\"{}\" has a label of more than 63 octets", name));
  }
  if (!label.empty()) finish_label();
  wire += '\0';
  if (wire.size() > kMaxNameBytes)
    return std::unexpected(fmt::format("\"{}\" is longer than 255 octets", name));
  return wire;
}

// A place in a message. After the first trouble every read gives zeroes and `error` stays set.
class Cursor {
 public:
  Cursor(std::string_view message, std::size_t at, std::size_t end)
      : message_(message), at_(at), end_(end) {}

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  std::size_t at() const { return at_; }
  std::size_t left() const { return end_ - at_; }
  bool at_end() const { return at_ == end_; }

  void fail(std::string_view what) {
    if (error_.empty()) error_ = fmt::format("{} at octet {}", what, at_);
    at_ = end_;
  }
  // Takes over what went wrong in a part of this message.
  void fail_as(const Cursor& part) {
    if (error_.empty()) error_ = part.error();
    at_ = end_;
  }

  std::string_view take(std::size_t bytes) {
    if (bytes > left()) {
      fail("the message ends inside a field");
      return {};
    }
    const std::string_view taken = message_.substr(at_, bytes);
    at_ += bytes;
    return taken;
  }

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint16_t number16() { return static_cast<std::uint16_t>(number(2)); }

  // Reads a possibly compressed name: appends its presentation form to `text`, its plain wire form
  // to `wire`. Pointers must lead backwards, so that no chain of them can loop.
  void name(std::string& text, std::string& wire) {
    std::size_t read_at = at_;
    std::size_t limit = end_;
    std::size_t lowest = at_;
    std::size_t length = 0;
    bool jumped = false;
    const std::size_t text_start = text.size();
    while (true) {
      if (read_at >= limit) return fail("a name runs over its end");
      const auto octet = static_cast<unsigned char>(message_[read_at]);
      if ((octet & 0xc0) == 0xc0) {
        if (read_at + 1 >= limit) return fail("a name runs over its end");
        const std::size_t target = static_cast<std::size_t>(octet & 0x3f) << 8 |
                                   static_cast<unsigned char>(message_[read_at + 1]);
        if (target >= lowest) return fail("a compression pointer does not lead backwards");
        if (!jumped) at_ = read_at + 2;
        jumped = true;
        lowest = read_at = target;
        limit = message_.size();
        continue;
      }
      if ((octet & 0xc0) != 0) return fail("a label has an unknown type");
      length += octet + 1U;
      if (length > kMaxNameBytes) return fail("a name is longer than 255 octets");
      if (read_at + 1U + octet > limit) return fail("a label runs over its end");
      wire += message_.substr(read_at, octet + 1U);
      append_label(text, message_.substr(read_at + 1, octet));
      read_at += octet + 1U;
      if (octet == 0) break;
    }
    if (!jumped) at_ = read_at;
    if (text.size() == text_start) text += '.';
  }

 private:
  static void append_label(std::string& text, std::string_view label) {
    if (label.empty()) return;
    for (const char c : label) append_label_octet(text, static_cast<unsigned char>(c));
    text += '.';
  }

  std::string_view message_;
  std::size_t at_, end_;
  std::string error_;
};

std::string hexadecimal(std::string_view bytes, bool upper) {
  std::string out;
  for (const char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    out += upper ? fmt::format("{:02X}", octet) : fmt::format("{:02x}", octet);
  }
  return out;
}

std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) append_string_octet(out, static_cast<unsigned char>(c));
  return out + '"';
}

std::string address_text(std::string_view octets) {
  Address address;
  address.family = octets.size() == 4 ? Family::ip4 : Family::ip6;
  std::ranges::copy(octets, address.bytes.begin());
  return address.text();
}

// RRSIG times are 32-bit seconds that wrap in 2106; until then they are plain Unix time.
std::string time_text(std::uint32_t seconds) {
  const std::chrono::sys_seconds at{std::chrono::seconds(seconds)};
  return fmt::format("{:%Y%m%d%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

// Reads one record's data by its layout, into wire form and text at once.
class RdataReader {
 public:
  RdataReader(Cursor& cursor, Record& record) : cursor_(cursor), record_(record) {}

  void read(std::string_view layout) {
    for (const char kind : layout) {
      const std::size_t before = record_.rdata_text.size();
      if (before != 0) record_.rdata_text += ' ';
      read_field(kind);
      if (!cursor_.ok()) return;
      // A list to the end may hold nothing; then there is nothing to part from.
      if (before != 0 && record_.rdata_text.size() == before + 1) record_.rdata_text.pop_back();
    }
    if (!cursor_.at_end()) cursor_.fail("a record is longer than its fields");
  }

  void read_unknown() {
    const std::string_view bytes = rest();
    record_.rdata_text = fmt::format("\\# {} {}", bytes.size(), hexadecimal(bytes, true));
  }

 private:
  std::string_view octets(std::size_t count) {
    const std::string_view taken = cursor_.take(count);
    record_.rdata += taken;
    return taken;
  }
  std::string_view rest() { return octets(cursor_.left()); }

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : octets(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view string() { return octets(number(1)); }

  void read_field(char kind) {
    std::string& text = record_.rdata_text;
    switch (kind) {
      case '1':
        text += fmt::to_string(number(1));
        break;
      case '2':
        text += fmt::to_string(number(2));
        break;
      case '4':
        text += fmt::to_string(number(4));
        break;
      case 'a':
        append_address(4);
        break;
      case '6':
        append_address(16);
        break;
      case 'n':
        cursor_.name(text, record_.rdata);
        break;
      case 's':
        text += quoted(string());
        break;
      case 't':
        text += string();
        break;
      case 'S':
        append_strings();
        break;
      case 'V':
        text += quoted(rest());
        break;
      case 'b':
        text += base64(rest());
        break;
      case 'x':
        text += hexadecimal(rest(), false);
        break;
      case 'X':
        text += hexadecimal(rest(), true);
        break;
      case 'T':
        text += type_name(static_cast<std::uint16_t>(number(2)));
        break;
      case 'e':
        text += time_text(number(4));
        break;
      case 'M':
        append_types();
        break;
      default:
        cursor_.fail("a field of unknown kind");
        break;
    }
  }

  void append_address(std::size_t bytes) {
    const std::string_view taken = octets(bytes);
    if (cursor_.ok()) record_.rdata_text += address_text(taken);
  }

  void append_strings() {
    bool first = true;
    while (!cursor_.at_end() && cursor_.ok()) {
      if (!first) record_.rdata_text += ' ';
      record_.rdata_text += quoted(string());
      first = false;
    }
  }

  // Windows of up to 32 octets, one bit a type.
  void append_types() {
    bool first = true;
    while (!cursor_.at_end() && cursor_.ok()) {
      const std::uint32_t window = number(1);
      const std::string_view bits = octets(number(1));
      if (bits.size() > 32) return cursor_.fail("a type bitmap is too long");
      for (std::size_t bit = 0; bit < bits.size() * 8; ++bit) {
        if ((static_cast<unsigned char>(bits[bit / 8]) >> (7 - bit % 8) & 1) == 0) continue;
        if (!first) record_.rdata_text += ' ';
        record_.rdata_text += type_name(static_cast<std::uint16_t>(window * 256 + bit));
        first = false;
      }
    }
  }

  Cursor& cursor_;
  Record& record_;
};

Question read_question(Cursor& cursor) {
  Question question;
  std::string wire;
  cursor.name(question.name, wire);
  question.type = cursor.number16();
  question.dns_class = cursor.number16();
  return question;
}

Record read_record(std::string_view message, Cursor& cursor) {
  Record record;
  std::string wire;
  cursor.name(record.name, wire);
  record.type = cursor.number16();
  record.dns_class = cursor.number16();
  record.ttl = cursor.number(4);
  const std::size_t length = cursor.number16();
  const std::size_t start = cursor.at();
  cursor.take(length);
  if (!cursor.ok()) return record;

  Cursor inner(message, start, start + length);
  RdataReader reader(inner, record);
  const TypeInfo* type = find_type(record.type);
  // A record without data occurs in updates; there is nothing to lay out.
  if (type != nullptr && !type->layout.empty() && length != 0) {
    reader.read(type->layout);
  } else {
    reader.read_unknown();
  }
  if (!inner.ok()) cursor.fail_as(inner);
  return record;
}

void read_section(std::string_view message, Cursor& cursor, std::size_t count,
                  std::vector<Record>& section) {
  for (std::size_t i = 0; i < count && cursor.ok(); ++i) {
    Record record = read_record(message, cursor);
    if (cursor.ok()) section.push_back(std::move(record));
  }
}

Message read_flags(std::uint16_t id, std::uint16_t flags) {
  Message message;
  message.id = id;
  message.response = (flags & 0x8000) != 0;
  message.opcode = static_cast<std::uint8_t>(flags >> 11 & 0xf);
  message.authoritative = (flags & 0x0400) != 0;
  message.truncated = (flags & 0x0200) != 0;
  message.recursion_desired = (flags & 0x0100) != 0;
  message.recursion_available = (flags & 0x0080) != 0;
  message.authentic_data = (flags & 0x0020) != 0;
  message.checking_disabled = (flags & 0x0010) != 0;
  message.rcode = flags & 0xf;
  return message;
}

std::uint16_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

}  // namespace

std::string Record::text() const {
  const TypeInfo* info = find_type(type);
  const bool known = info != nullptr && !info->layout.empty();
  // RFC 3597 section 5: what is written by number is written by number throughout.
  return fmt::format("{}\t{}\t{}\t{}\t{}", name, ttl,
                     known ? class_name(dns_class) : fmt::format("CLASS{}", dns_class),
                     known ? type_name(type) : fmt::format("TYPE{}", type), rdata_text);
}

std::expected<std::string, std::string> encode(const Query& query) {
  auto name = encode_name(query.name);
  if (!name) return std::unexpected(name.error());
  std::string out;
  put16(out, query.id);
  put16(out, static_cast<std::uint16_t>((query.recursion_desired ? 0x0100 : 0) |
                                        (query.checking_disabled ? 0x0010 : 0)));
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, query.edns_udp_bytes != 0 ? 1 : 0);
  out += *name;
  put16(out, query.type);
  put16(out, query.dns_class);
  if (query.edns_udp_bytes == 0) return out;
  out += '\0';  // the OPT record belongs to the root
  put16(out, kTypeOpt);
  put16(out, query.edns_udp_bytes);
  put32(out, query.dnssec_ok ? 0x8000 : 0);
  put16(out, 0);
  return out;
}

std::expected<Message, std::string> decode(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes)
    return std::unexpected(fmt::format("a message of {} octets has no header", bytes.size()));
  if (bytes.size() > kMaxMessageBytes)
    return std::unexpected(fmt::format("a message of {} octets is too long", bytes.size()));

  Message message = read_flags(word_at(bytes, 0), word_at(bytes, 2));
  Cursor cursor(bytes, kHeaderBytes, bytes.size());
  for (std::size_t i = 0; i < word_at(bytes, 4) && cursor.ok(); ++i) {
    Question question = read_question(cursor);
    if (cursor.ok()) message.questions.push_back(std::move(question));
  }
  read_section(bytes, cursor, word_at(bytes, 6), message.answers);
  read_section(bytes, cursor, word_at(bytes, 8), message.authorities);
  read_section(bytes, cursor, word_at(bytes, 10), message.additionals);
  if (!cursor.ok() && !message.truncated) return std::unexpected(cursor.error());

  for (const Record& record : message.additionals) {
    if (record.type != kTypeOpt) continue;
    message.rcode = static_cast<std::uint16_t>(message.rcode | record.ttl >> 24 << 4);
  }
  return message;
}

bool answers(std::string_view query, std::string_view answer) {
  if (query.size() < kHeaderBytes || answer.size() < kHeaderBytes) return false;
  if (word_at(query, 0) != word_at(answer, 0)) return false;
  const std::uint16_t flags = word_at(answer, 2);
  if ((flags & 0x8000) == 0 || (flags & 0x7800) != (word_at(query, 2) & 0x7800)) return false;
  if (word_at(answer, 4) == 0) return (flags & 0xf) != 0;

  Cursor asked(query, kHeaderBytes, query.size());
  Cursor answered(answer, kHeaderBytes, answer.size());
  const Question ours = read_question(asked);
  const Question theirs = read_question(answered);
  return asked.ok() && answered.ok() && ours.type == theirs.type &&
         ours.dns_class == theirs.dns_class && same_name(ours.name, theirs.name);
}

std::optional<std::uint32_t> soa_serial(const Record& record) {
  // Behind the two names come five numbers of four octets; the serial is the first.
  if (record.type != kTypeSoa || record.rdata.size() < 20) return std::nullopt;
  const std::size_t at = record.rdata.size() - 20;
  return static_cast<std::uint32_t>(word_at(record.rdata, at)) << 16 |
         word_at(record.rdata, at + 2);
}

}  // namespace probes::dns

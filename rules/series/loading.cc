// Takes back what saving.cc handed out. Damage is refused as a whole: a block or record that does
// not add up changes nothing.
#include <algorithm>

#include "rules/series/bytes.h"
#include "rules/series/saved_form.h"
#include "rules/series/writer.h"

namespace rules::series {
namespace {

constexpr std::size_t kRecordHead = 8, kChecksum = 4;

Labels take_labels(ByteReader& in) {
  std::vector<Labels::Pair> pairs(in.count());
  for (auto& [name, value] : pairs) {
    name = in.text();
    value = in.text();
  }
  return Labels(std::move(pairs));
}

struct Stretch {
  Labels labels;
  std::vector<Chunk> chunks;
};

Labels take_block_labels(ByteReader& in, const std::vector<std::string_view>& texts) {
  std::vector<Labels::Pair> pairs(in.count());
  for (auto& [name, value] : pairs) {
    for (std::string* part : {&name, &value}) {
      const std::uint64_t index = in.varint();
      if (index >= texts.size()) {
        in.fail();
        return {};
      }
      *part = texts[index];
    }
  }
  return Labels(std::move(pairs));
}

// Everything in a block, or a sentence that says what is wrong with it.
std::string take_block(std::string_view bytes, bool& open, std::vector<Stretch>& out) {
  if (!bytes.starts_with(kBlockMagic)) return "this is no block of samples";
  if (bytes.size() < kBlockMagic.size() + 2 + kChecksum) return "the block is cut off";
  ByteReader sum(bytes.substr(bytes.size() - kChecksum));
  bytes.remove_suffix(kChecksum);
  if (checksum(bytes) != sum.fixed<std::uint32_t>()) return "the block's checksum is wrong";
  ByteReader in(bytes.substr(kBlockMagic.size()));
  const std::uint8_t version = in.byte();
  if (version != kSavedVersion) return "the block is of a version that this program does not know";
  open = in.byte() == 1;
  in.zigzag();
  std::vector<std::string_view> texts(in.count());
  for (std::string_view& text : texts) text = in.text();
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    Stretch stretch{take_block_labels(in, texts), {}};
    for (std::size_t chunks = in.count(); chunks > 0 && in.ok(); --chunks) {
      const auto chunk = Chunk::parse(in.text());
      if (!chunk) in.fail();
      if (chunk) stretch.chunks.push_back(*chunk);
    }
    out.push_back(std::move(stretch));
  }
  return in.done() ? "" : "the block contradicts itself";
}

struct LoggedSample {
  std::uint32_t id;
  Sample sample;
};

struct Record {
  bool begins = false;
  std::vector<std::pair<std::uint32_t, Labels>> definitions;
  std::vector<LoggedSample> samples;
};

bool take_record(std::string_view bytes, Record& record) {
  ByteReader in(bytes);
  if (in.byte() != kSavedVersion) return false;
  record.begins = in.byte() == 1;
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    const auto id = static_cast<std::uint32_t>(in.varint());
    record.definitions.emplace_back(id, take_labels(in));
  }
  std::uint64_t id = 0, at = 0;
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    id += static_cast<std::uint64_t>(in.zigzag());
    at += static_cast<std::uint64_t>(in.zigzag());
    const auto value = std::bit_cast<double>(__builtin_bswap64(in.varint()));
    record.samples.push_back(
        {static_cast<std::uint32_t>(id), {static_cast<std::int64_t>(at), value}});
  }
  return in.done();
}

// The next record's bytes; empty when what follows is not whole.
std::string_view next_record(std::string_view log) {
  ByteReader in(log);
  const auto size = in.fixed<std::uint32_t>();
  const auto sum = in.fixed<std::uint32_t>();
  const std::string_view bytes = in.raw(size);
  return in.ok() && checksum(bytes) == sum ? bytes : std::string_view();
}

}  // namespace

Loaded Store::load(std::string_view bytes) {
  Writer& writer = *writer_;
  bool open = false;
  std::vector<Stretch> stretches;
  Loaded loaded;
  loaded.why = take_block(bytes, open, stretches);
  if (!loaded.why.empty()) return loaded;
  loaded.ok = true;
  const std::uint64_t before = writer.counts.stored;
  std::int64_t newest = writer.state.tick;
  writer.loading = true;
  for (const Stretch& stretch : stretches) {
    std::uint32_t id = 0;
    if (writer.find(stretch.labels, id) == nullptr) continue;
    for (const Chunk& chunk : stretch.chunks) {
      newest = std::max(newest, chunk.last().at);
      if (open || !writer.adopt(id, chunk)) writer.append_all(id, chunk);
    }
  }
  writer.loading = false;
  writer.commit(newest);
  loaded.samples = writer.counts.stored - before;
  return loaded;
}

// What the series has of it already is passed over, and not counted as refused.
void Store::Writer::append_all(std::uint32_t id, const Chunk& chunk) {
  ChunkReader reader(chunk);
  Sample sample;
  while (reader.next(sample)) {
    if (sample.at > core->series[id]->last_at()) append(id, sample);
  }
}

Replayed Store::replay(std::string_view log) {
  Writer& writer = *writer_;
  Replayed replayed;
  std::unordered_map<std::uint32_t, std::uint32_t> known;
  std::int64_t newest = writer.state.tick;
  writer.loading = true;
  while (replayed.used < log.size()) {
    const std::string_view bytes = next_record(log.substr(replayed.used));
    Record record;
    if (bytes.empty() || !take_record(bytes, record)) break;
    if (record.begins) known.clear();
    for (const auto& [id, labels] : record.definitions) {
      std::uint32_t own = 0;
      known.erase(id);
      if (writer.find(labels, own) != nullptr) known.emplace(id, own);
    }
    for (const LoggedSample& logged : record.samples) {
      const auto own = known.find(logged.id);
      if (own == known.end()) continue;
      const Series& series = *writer.core->series[own->second];
      if (logged.sample.at <= series.last_at()) continue;
      writer.append(own->second, logged.sample);
      ++replayed.samples;
      newest = std::max(newest, logged.sample.at);
    }
    replayed.used += kRecordHead + bytes.size();
  }
  replayed.torn = replayed.used < log.size();
  writer.loading = false;
  writer.commit(newest);
  return replayed;
}

}  // namespace rules::series

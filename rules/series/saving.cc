// What a store hands out to be kept; saved_form.h defines the bytes.
#include <algorithm>
#include <bit>
#include <tuple>

#include "rules/series/bytes.h"
#include "rules/series/saved_form.h"
#include "rules/series/writer.h"

namespace rules::series {
namespace {

std::uint64_t reversed_bits(double value) {
  return __builtin_bswap64(std::bit_cast<std::uint64_t>(value));
}

void put_labels(ByteWriter& out, const Labels& labels) {
  out.varint(labels.size());
  for (const auto& [name, value] : labels.pairs()) {
    out.text(name);
    out.text(value);
  }
}

class BlockWriter {
 public:
  BlockWriter(bool open, std::int64_t keep) : open_(open), keep_(keep) {}

  void add(const Labels& labels, std::span<const Chunk> chunks) {
    ++count_;
    series_.varint(labels.size());
    for (const auto& [name, value] : labels.pairs()) {
      series_.varint(text(name));
      series_.varint(text(value));
    }
    series_.varint(chunks.size());
    for (const Chunk& chunk : chunks) {
      series_.text(chunk.bytes());
      first_ = std::min(first_, chunk.first().at);
      last_ = std::max(last_, chunk.last().at);
    }
  }

  Block finish() {
    ByteWriter out;
    out.raw(kBlockMagic);
    out.byte(kSavedVersion);
    out.byte(open_ ? 1 : 0);
    out.zigzag(keep_);
    out.varint(texts_.size());
    out.raw(table_.bytes());
    out.varint(count_);
    out.raw(series_.bytes());
    out.fixed(checksum(out.bytes()));
    return {out.take(), first_, last_, keep_};
  }

 private:
  std::uint64_t text(const std::string& text) {
    const auto [at, fresh] = texts_.try_emplace(text, texts_.size());
    if (fresh) table_.text(text);
    return at->second;
  }

  bool open_;
  std::int64_t keep_;
  std::map<std::string, std::uint64_t> texts_;
  ByteWriter table_, series_;
  std::uint64_t count_ = 0;
  std::int64_t first_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace

std::string Store::take_log() {
  Writer& writer = *writer_;
  if (writer.pending.empty()) return {};
  ByteWriter definitions, samples;
  std::uint64_t defined = 0, sampled = 0;
  std::int64_t last_id = 0, last_at = 0;
  for (const auto& [id, sample] : std::exchange(writer.pending, {})) {
    Series& series = *writer.core->series[id];
    if (series.logged != writer.log_number) {
      series.logged = writer.log_number;
      definitions.varint(id);
      put_labels(definitions, series.labels);
      ++defined;
    }
    samples.zigzag(id - last_id);
    samples.zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(sample.at) -
                                             static_cast<std::uint64_t>(last_at)));
    samples.varint(reversed_bits(sample.value));
    last_id = id;
    last_at = sample.at;
    ++sampled;
  }
  ByteWriter record;
  record.byte(kSavedVersion);
  record.byte(std::exchange(writer.log_begins, false) ? 1 : 0);
  record.varint(defined);
  record.raw(definitions.bytes());
  record.varint(sampled);
  record.raw(samples.bytes());
  ByteWriter out;
  out.fixed(static_cast<std::uint32_t>(record.size()));
  out.fixed(checksum(record.bytes()));
  out.raw(record.bytes());
  return out.take();
}

void Store::start_log() {
  ++writer_->log_number;
  writer_->log_begins = true;
}

std::vector<Block> Store::take_sealed() {
  auto sealed = std::exchange(writer_->sealed, {});
  std::sort(sealed.begin(), sealed.end(), [](const auto& a, const auto& b) {
    const std::int64_t first = a.chunk.first().at, other = b.chunk.first().at;
    return std::tie(a.keep, a.labels, first) < std::tie(b.keep, b.labels, other);
  });
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < sealed.size();) {
    BlockWriter writer(false, sealed[i].keep);
    const std::int64_t keep = sealed[i].keep;
    while (i < sealed.size() && sealed[i].keep == keep) {
      std::size_t end = i + 1;
      while (end < sealed.size() && sealed[end].keep == keep &&
             sealed[end].labels == sealed[i].labels) {
        ++end;
      }
      std::vector<Chunk> chunks;
      chunks.reserve(end - i);
      for (std::size_t of = i; of < end; ++of) chunks.push_back(sealed[of].chunk);
      writer.add(sealed[i].labels, chunks);
      i = end;
    }
    blocks.push_back(writer.finish());
  }
  return blocks;
}

std::vector<Block> Store::checkpoint() const {
  std::map<std::int64_t, BlockWriter> writers;
  for (const auto& series : writer_->core->series) {
    if (!series || series->head.empty()) continue;
    const Chunk head = series->head.chunk();
    const auto writer = writers.try_emplace(series->keep, true, series->keep).first;
    writer->second.add(series->labels, {&head, 1});
  }
  std::vector<Block> blocks;
  blocks.reserve(writers.size());
  for (auto& [keep, writer] : writers) blocks.push_back(writer.finish());
  return blocks;
}

}  // namespace rules::series

// A stretch of one series: sealed, as one block of bytes with its summary in front, or still open.
// A sealed chunk is immutable, its copies share it, and its bytes are what goes to disk. Any thread
// may read one; a Head belongs to whoever holds its series.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "rules/series/chunk_code.h"

namespace rules::series {

// Twice what Prometheus takes: our series change slowly, so the summary in front of each chunk, and
// not the samples, is what costs. A chunk whose samples cost less than that still, because they
// come as foreseen, goes on up to a day of minutes.
inline constexpr std::uint32_t kChunkSamples = 240;
inline constexpr std::size_t kChunkBytes = 60;
inline constexpr std::uint32_t kMostChunkSamples = 1440;
inline constexpr std::int64_t kChunkSpan = 24 * 60 * 60 * std::int64_t{1000};

class Chunk {
 public:
  Chunk() = default;  // none; only to be assigned to
  // Refuses bytes that no writer made, as far as that shows without decoding the samples. `verify`
  // decodes them.
  static std::optional<Chunk> parse(std::string_view bytes);
  bool verify() const;

  Sample first() const;
  Sample last() const;
  std::uint32_t count() const;  // stale markers included
  WindowSummary summary() const;
  std::string_view bytes() const { return {bytes_.get(), size_}; }
  explicit operator bool() const { return bytes_ != nullptr; }

 private:
  friend class ChunkReader;
  friend Chunk make_chunk(Form form, std::span<const Sample> ends, std::uint32_t count,
                          const WindowSummary& summary, std::string_view stream);
  Form form() const;
  std::string_view stream() const;

  std::shared_ptr<const char[]> bytes_;
  std::uint32_t size_ = 0, stream_ = 0;
};

// Walks the samples of a chunk in order.
class ChunkReader {
 public:
  explicit ChunkReader(Chunk chunk);
  // False at the end, and where damaged bytes would go backwards.
  bool next(Sample& out);
  // Passes over samples up to `until` that need no decoding. There may be more of them behind.
  void skip(std::int64_t until);
  // Adds such samples to `all` instead, whose last one must be the sample read last.
  void add_run(std::int64_t until, WindowSummary& all);

 private:
  Chunk chunk_;
  Decoder decoder_;
  std::uint32_t taken_ = 0, count_;
  std::int64_t last_ = 0, end_;
};

// The open end of a series.
class Head {
 public:
  // Later than all before; the caller has looked.
  void add(Sample sample);
  bool empty() const { return count_ == 0; }
  // Whether `sample` belongs into a new chunk.
  bool full_for(Sample sample) const;
  std::uint32_t count() const { return count_; }
  Sample first() const { return first_; }
  Sample last() const { return last_; }
  const WindowSummary& summary() const { return summary_; }
  Chunk chunk() const;  // a sealed copy
  void clear() { count_ = 0; }
  std::size_t capacity() const { return coder_.capacity(); }

 private:
  void start(Sample first);

  Form form_ = Form::other;
  std::uint32_t count_ = 0;
  Sample first_, last_;
  WindowSummary summary_;
  Coder coder_;
};

}  // namespace rules::series

// Layout of a sealed chunk, little-endian:
//   u16 flags, u16 count, u16 size of the stream, u32 span; i64 time and f64 value of the first
//   sample, f64 value of the last, f64 sum; then what the flags name, in their order; the stream.
#include "rules/series/chunk.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "rules/series/bytes.h"

namespace rules::series {
namespace {

enum Flag : std::uint16_t {
  kOther = 1,     // the stream's form
  kStale = 2,     // u16 count without stale markers, u32 span, value: where those begin and end
  kMinLast = 4,   // the minimum is the last value; neither this nor the next: the first
  kMinApart = 8,  // f64 minimum
  kMaxLast = 16,
  kMaxApart = 32,  // f64 maximum
  kError = 64,     // f64 error of the sum
  kDrops = 128,    // f64 drops, u16 resets
  kChanges = 256,  // u16 changes
  kAll = 511,
};

constexpr std::size_t kFlags = 0, kCount = 2, kStream = 4, kSpan = 6, kFirstAt = 10,
                      kFirstValue = 18, kLastValue = 26, kSum = 34, kRest = 42;
constexpr int kMostRaws = 3;

template <class T>
T get(std::string_view bytes, std::size_t offset) {
  T value{};
  std::copy_n(bytes.begin() + offset, sizeof(T), reinterpret_cast<char*>(&value));
  return value;
}

bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::size_t size_of_rest(unsigned flags) {
  std::size_t size = flags & kStale ? 2 + 2 * (4 + 8) : 0;
  for (const unsigned flag : {kMinApart, kMaxApart, kError}) size += flags & flag ? 8 : 0;
  return size + (flags & kDrops ? 10 : 0) + (flags & kChanges ? 2 : 0);
}

unsigned flags_of(Form form, std::uint32_t count, const WindowSummary& summary) {
  unsigned flags = form == Form::other ? kOther : 0;
  if (summary.count != count) flags |= kStale;
  if (!same(summary.min, summary.first.value)) {
    flags |= same(summary.min, summary.last.value) ? kMinLast : kMinApart;
  }
  if (!same(summary.max, summary.first.value)) {
    flags |= same(summary.max, summary.last.value) ? kMaxLast : kMaxApart;
  }
  if (!same(summary.sum_error, 0)) flags |= kError;
  if (summary.resets != 0 || !same(summary.drops, 0)) flags |= kDrops;
  if (summary.changes != 0) flags |= kChanges;
  return flags;
}

void put_rest(ByteWriter& out, unsigned flags, std::int64_t first_at,
              const WindowSummary& summary) {
  if (flags & kStale) {
    out.fixed(static_cast<std::uint16_t>(summary.count));
    for (const Sample& end : {summary.first, summary.last}) {
      const std::int64_t span = summary.count == 0 ? 0 : end.at - first_at;
      out.fixed(static_cast<std::uint32_t>(span));
      out.fixed(end.value);
    }
  }
  if (flags & kMinApart) out.fixed(summary.min);
  if (flags & kMaxApart) out.fixed(summary.max);
  if (flags & kError) out.fixed(summary.sum_error);
  if (flags & kDrops) {
    out.fixed(summary.drops);
    out.fixed(static_cast<std::uint16_t>(summary.resets));
  }
  if (flags & kChanges) out.fixed(static_cast<std::uint16_t>(summary.changes));
}

std::shared_ptr<const char[]> shared(std::string_view bytes) {
  auto copy = std::make_shared_for_overwrite<char[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace

Chunk make_chunk(Form form, std::span<const Sample> ends, std::uint32_t count,
                 const WindowSummary& summary, std::string_view stream) {
  const Sample &first = ends[0], &last = ends[1];
  const unsigned flags = flags_of(form, count, summary);
  ByteWriter out;
  out.reserve(kRest + size_of_rest(flags) + stream.size());
  out.fixed(static_cast<std::uint16_t>(flags));
  out.fixed(static_cast<std::uint16_t>(count));
  out.fixed(static_cast<std::uint16_t>(stream.size()));
  out.fixed(static_cast<std::uint32_t>(last.at - first.at));
  out.fixed(first.at);
  out.fixed(first.value);
  out.fixed(last.value);
  out.fixed(summary.sum);
  put_rest(out, flags, first.at, summary);
  Chunk chunk;
  chunk.stream_ = static_cast<std::uint32_t>(out.size());
  out.raw(stream);
  chunk.size_ = static_cast<std::uint32_t>(out.size());
  chunk.bytes_ = shared(out.bytes());
  return chunk;
}

std::optional<Chunk> Chunk::parse(std::string_view bytes) {
  if (bytes.size() < kRest) return std::nullopt;
  const auto flags = get<std::uint16_t>(bytes, kFlags);
  const auto count = get<std::uint16_t>(bytes, kCount);
  const auto span = get<std::uint32_t>(bytes, kSpan);
  const auto at = get<std::int64_t>(bytes, kFirstAt);
  const std::size_t stream = kRest + size_of_rest(flags);
  if (flags > kAll || count == 0 || count > kMostChunkSamples) return std::nullopt;
  if ((count == 1) != (span == 0) || span > kChunkSpan) return std::nullopt;
  if (at > std::numeric_limits<std::int64_t>::max() - span) return std::nullopt;
  if (bytes.size() != stream + get<std::uint16_t>(bytes, kStream)) return std::nullopt;
  Chunk chunk;
  chunk.bytes_ = shared(bytes);
  chunk.size_ = static_cast<std::uint32_t>(bytes.size());
  chunk.stream_ = static_cast<std::uint32_t>(stream);
  return chunk;
}

bool Chunk::verify() const {
  ChunkReader reader(*this);
  Head again;
  Sample sample;
  std::uint32_t taken = 0;
  for (; reader.next(sample); ++taken) again.add(sample);
  return taken == count() && again.chunk().bytes() == bytes();
}

Form Chunk::form() const {
  return get<std::uint16_t>(bytes(), kFlags) & kOther ? Form::other : Form::whole;
}

std::string_view Chunk::stream() const { return bytes().substr(stream_); }

Sample Chunk::first() const {
  return {get<std::int64_t>(bytes(), kFirstAt), get<double>(bytes(), kFirstValue)};
}

Sample Chunk::last() const {
  const auto at = get<std::int64_t>(bytes(), kFirstAt);
  return {at + get<std::uint32_t>(bytes(), kSpan), get<double>(bytes(), kLastValue)};
}

std::uint32_t Chunk::count() const { return get<std::uint16_t>(bytes(), kCount); }

WindowSummary Chunk::summary() const {
  ByteReader rest(bytes().substr(kRest));
  const unsigned flags = get<std::uint16_t>(bytes(), kFlags);
  WindowSummary summary;
  summary.count = count();
  summary.first = first();
  summary.last = last();
  if (flags & kStale) {
    summary.count = rest.fixed<std::uint16_t>();
    for (Sample* end : {&summary.first, &summary.last}) {
      end->at = first().at + rest.fixed<std::uint32_t>();
      end->value = rest.fixed<double>();
    }
  }
  if (summary.count == 0) return {};
  summary.sum = get<double>(bytes(), kSum);
  summary.min = summary.max = summary.first.value;
  if (flags & kMinLast) summary.min = summary.last.value;
  if (flags & kMaxLast) summary.max = summary.last.value;
  if (flags & kMinApart) summary.min = rest.fixed<double>();
  if (flags & kMaxApart) summary.max = rest.fixed<double>();
  if (flags & kError) summary.sum_error = rest.fixed<double>();
  if (flags & kDrops) {
    summary.drops = rest.fixed<double>();
    summary.resets = rest.fixed<std::uint16_t>();
  }
  if (flags & kChanges) summary.changes = rest.fixed<std::uint16_t>();
  return summary;
}

ChunkReader::ChunkReader(Chunk chunk)
    : chunk_(std::move(chunk)),
      decoder_(chunk_.form(), chunk_.first(), chunk_.stream()),
      count_(chunk_.count()),
      end_(chunk_.last().at) {}

bool ChunkReader::next(Sample& out) {
  if (taken_ == count_) return false;
  const Sample sample = taken_ == 0 ? chunk_.first() : decoder_.next();
  const bool follows = sample.at > last_ && sample.at <= end_;
  if (taken_ > 0 && (!decoder_.ok() || !follows)) {
    taken_ = count_;
    return false;
  }
  ++taken_;
  last_ = sample.at;
  out = sample;
  return true;
}

void ChunkReader::skip(std::int64_t until) {
  // The first sample is not in the stream.
  if (taken_ == 0 || taken_ == count_) return;
  const std::uint64_t passed = decoder_.skip(std::min(until, end_), count_ - taken_, last_);
  taken_ += static_cast<std::uint32_t>(passed);
}

void ChunkReader::add_run(std::int64_t until, WindowSummary& all) {
  if (!decoder_.even()) return;
  const std::uint32_t before = taken_;
  skip(until);
  if (taken_ > before) all.add_run(taken_ - before, {last_, decoder_.value()});
}

bool Head::full_for(Sample sample) const {
  // Without overflow, however far apart the two are.
  const std::uint64_t span =
      static_cast<std::uint64_t>(sample.at) - static_cast<std::uint64_t>(first_.at);
  const bool large = count_ >= kChunkSamples && coder_.size() >= kChunkBytes;
  return large || count_ >= kMostChunkSamples || (count_ > 0 && span > kChunkSpan);
}

void Head::start(Sample first) {
  form_ = is_whole(first.value) ? Form::whole : Form::other;
  coder_.start(form_, first);
  first_ = first;
  summary_ = {};
}

void Head::add(Sample sample) {
  if (count_ == 0) {
    start(sample);
  } else {
    coder_.add(sample);
  }
  ++count_;
  last_ = sample;
  summary_.add(sample);
  if (form_ == Form::other || coder_.raws() <= kMostRaws) return;

  // Whole numbers were a wrong guess: write the few samples so far again, the other way.
  ChunkReader written(chunk());
  form_ = Form::other;
  coder_.start(form_, first_);
  Sample again;
  written.next(again);
  while (written.next(again)) coder_.add(again);
}

Chunk Head::chunk() const {
  const Sample ends[] = {first_, last_};
  return make_chunk(form_, ends, count_, summary_, coder_.bytes());
}

}  // namespace rules::series

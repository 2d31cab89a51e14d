// A snapshot and its cursors. A cursor takes hold of its series' chunks when it is made, under the
// lock of the series, and needs no lock afterwards: a sealed chunk never changes, and of the open
// end it has a sealed copy.
#include <algorithm>

#include "rules/series/core.h"

namespace rules::series {
namespace {

// What a cursor holds of a series: chunks on their way out, sealed ones, the open end.
struct Held {
  Labels labels;
  std::vector<Chunk> leaving;
  std::shared_ptr<const ChunkList::Slot[]> slots;
  std::size_t count = 0;
  Chunk head;
  std::int64_t limit = 0;  // the last instant the snapshot may see
};

// Chunks lie scattered in memory: this many before one is read, it is asked for.
constexpr std::size_t kAhead = 4;

class SeriesCursor : public Cursor {
 public:
  explicit SeriesCursor(Held held) : held_(std::move(held)) {}
  const Labels& labels() const override { return held_.labels; }
  void samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) override;
  bool latest(std::int64_t from, std::int64_t to, Sample& out) override;
  WindowSummary summary(std::int64_t from, std::int64_t to) override;

 private:
  // Where `latest` stands in a chunk: the newest sample so far and the one after it.
  struct Place {
    std::size_t chunk;
    ChunkReader reader;
    Sample now, next;
    bool more;
  };

  // Where `samples` stands: the first sample it has not been asked for yet.
  struct Reading {
    std::size_t chunk;
    ChunkReader reader;
    Sample next;
    bool more;
    std::int64_t passed;  // samples up to here have gone by
  };

  std::size_t size() const { return held_.leaving.size() + held_.count + (held_.head ? 1 : 0); }
  const Chunk& chunk(std::size_t i) const;
  std::int64_t last_of(std::size_t i) const;
  // The first chunk that ends behind `from`.
  std::size_t first_after(std::int64_t from) const;
  void go_to(std::size_t chunk, std::int64_t to);
  void read_on(std::size_t chunk, std::int64_t from);

  Held held_;
  std::optional<Place> place_;
  std::optional<Reading> reading_;
};

const Chunk& SeriesCursor::chunk(std::size_t i) const {
  if (i < held_.leaving.size()) return held_.leaving[i];
  i -= held_.leaving.size();
  return i < held_.count ? held_.slots[i].chunk : held_.head;
}

std::int64_t SeriesCursor::last_of(std::size_t i) const {
  const std::size_t sealed = i - held_.leaving.size();
  return i >= held_.leaving.size() && sealed < held_.count ? held_.slots[sealed].last
                                                           : chunk(i).last().at;
}

std::size_t SeriesCursor::first_after(std::int64_t from) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (last_of(middle) > from) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

void SeriesCursor::samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) {
  to = std::min(to, held_.limit);
  for (std::size_t i = first_after(from); i < size() && chunk(i).first().at <= to; ++i) {
    read_on(i, from);
    Reading& reading = *reading_;
    for (; reading.more && reading.next.at <= to;
         reading.more = reading.reader.next(reading.next)) {
      if (reading.next.at > from) {
        out.push_back(reading.next);
      } else {
        reading.reader.skip(from);
      }
    }
    reading.passed = to;
  }
}

// Calls that follow one another in time go on where the one before has stopped.
void SeriesCursor::read_on(std::size_t i, std::int64_t from) {
  if (reading_ && reading_->chunk == i && reading_->passed <= from) return;
  reading_.emplace(Reading{i, ChunkReader(chunk(i)), {}, true, from});
  reading_->more = reading_->reader.next(reading_->next);
}

WindowSummary SeriesCursor::summary(std::int64_t from, std::int64_t to) {
  to = std::min(to, held_.limit);
  WindowSummary all;
  for (std::size_t i = first_after(from); i < size(); ++i) {
    const std::int64_t first = chunk(i).first().at;
    if (first > to) break;
    if (first > from && last_of(i) <= to) {
      if (i + kAhead < size()) __builtin_prefetch(chunk(i + kAhead).bytes().data());
      all.add(chunk(i).summary());
      continue;
    }
    ChunkReader reader(chunk(i));
    Sample sample;
    while (reader.next(sample) && sample.at <= to) {
      if (sample.at > from) {
        all.add(sample);
        reader.add_run(to, all);
      } else {
        reader.skip(from);
      }
    }
  }
  return all;
}

bool SeriesCursor::latest(std::int64_t from, std::int64_t to, Sample& out) {
  to = std::min(to, held_.limit);
  if (to <= from) return false;
  // Of the chunks that begin by `to` the last: either the one that reaches behind it or the one
  // before that.
  std::size_t i = first_after(to);
  if (i == size() || chunk(i).first().at > to) {
    if (i == 0) return false;
    out = chunk(i - 1).last();
    return out.at > from;
  }
  go_to(i, to);
  out = place_->now;
  return out.at > from;
}

void SeriesCursor::go_to(std::size_t i, std::int64_t to) {
  if (!place_ || place_->chunk != i || place_->now.at > to) {
    place_.emplace(Place{i, ChunkReader(chunk(i)), {}, {}, true});
    place_->reader.next(place_->now);
    place_->more = place_->reader.next(place_->next);
  }
  while (place_->more && place_->next.at <= to) {
    place_->now = place_->next;
    place_->more = place_->reader.next(place_->next);
  }
}

class SnapshotSource : public Source {
 public:
  explicit SnapshotSource(std::shared_ptr<const Core> core)
      : core_(std::move(core)), state_(core_->commits.pin()) {}
  ~SnapshotSource() override { core_->commits.unpin(state_.version); }
  SnapshotSource(const SnapshotSource&) = delete;

  std::vector<std::unique_ptr<Cursor>> select(const std::vector<Matcher>& matchers,
                                              std::int64_t from, std::int64_t to) const override;

 private:
  std::int64_t limit_of(const Series& series, std::int64_t to) const;
  bool hold(std::uint32_t id, std::int64_t from, std::int64_t to, Held& held) const;

  std::shared_ptr<const Core> core_;
  Commits::State state_;
};

std::vector<std::unique_ptr<Cursor>> SnapshotSource::select(const std::vector<Matcher>& matchers,
                                                            std::int64_t from,
                                                            std::int64_t to) const {
  Matchings tests;
  for (const Matcher& matcher : matchers) tests.push_back(core_->tests.get(matcher));
  Filter filter(tests);
  std::vector<std::unique_ptr<Cursor>> cursors;
  std::vector<std::uint32_t> ids;

  const auto reading = core_->index_gate.reading();
  const bool narrowed = core_->index.candidates(tests, ids);
  const std::size_t count = narrowed ? ids.size() : core_->series.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = narrowed ? ids[i] : static_cast<std::uint32_t>(i);
    if (!core_->series[id] || !filter.passes(core_->series[id]->labels)) continue;
    Held held;
    if (hold(id, from, to, held))
      cursors.push_back(std::make_unique<SeriesCursor>(std::move(held)));
  }
  return cursors;
}

std::int64_t SnapshotSource::limit_of(const Series& series, std::int64_t to) const {
  for (const Late& late : series.late) {
    // What follows in this series is later still, and was committed later.
    if (late.version > state_.version) return std::min({to, state_.tick, late.at - 1});
  }
  return std::min(to, state_.tick);
}

bool SnapshotSource::hold(std::uint32_t id, std::int64_t from, std::int64_t to, Held& held) const {
  const std::lock_guard lock(core_->stripe(id));
  const Series& series = *core_->series[id];
  held.limit = limit_of(series, std::numeric_limits<std::int64_t>::max());
  to = std::min(to, held.limit);
  if (series.last_at() <= from) return false;
  for (const Leaving& leaving : series.leaving) {
    if (leaving.version > state_.version) held.leaving.push_back(leaving.chunk);
  }
  held.slots = series.chunks.shared();
  held.count = series.chunks.slots().size();
  const bool open = !series.head.empty() && series.head.first().at <= to;
  if (open) held.head = series.head.chunk();
  held.labels = series.labels;
  if (!held.leaving.empty() && held.leaving.front().first().at <= to) return true;
  return open || (held.count > 0 && held.slots[0].chunk.first().at <= to);
}

}  // namespace

std::shared_ptr<const Source> make_snapshot(std::shared_ptr<const Core> core) {
  return std::make_shared<SnapshotSource>(std::move(core));
}

}  // namespace rules::series

#include "rules/series/store.h"

#include <algorithm>

#include "rules/series/writer.h"

namespace rules::series {
namespace {

// What a sealed chunk costs beside its bytes: its place in the list, its count of owners, and what
// the allocator rounds up. A series costs its open end, its labels and its place in the index.
constexpr std::size_t kChunkCost = 72;
constexpr std::size_t kSeriesCost = 1000;

}  // namespace

Store::Writer::Writer(StoreOptions chosen) : options(std::move(chosen)) {}

Series* Store::Writer::find(const Labels& labels, std::uint32_t& id) {
  const auto known = ids.find(labels);
  if (known != ids.end()) {
    id = known->second;
    return core->series[id].get();
  }
  if (ids.size() >= options.series) return nullptr;
  auto series = std::make_unique<Series>();
  series->labels = labels;
  classify(*series);
  Series* made = series.get();
  const auto writing = core->index_gate.writing();
  if (free_ids.empty()) {
    id = static_cast<std::uint32_t>(core->series.size());
    core->series.push_back(std::move(series));
  } else {
    id = free_ids.back();
    free_ids.pop_back();
    core->series[id] = std::move(series);
  }
  core->index.add(id, labels);
  ids.emplace(labels, id);
  counts.series = ids.size();
  return made;
}

Append Store::Writer::append(std::uint32_t id, Sample sample) {
  Series& series = *core->series[id];
  const std::int64_t last = series.last_at();
  if (sample.at <= last) {
    ++(sample.at == last ? counts.duplicates : counts.out_of_order);
    return sample.at == last ? Append::duplicate : Append::out_of_order;
  }
  {
    const std::lock_guard lock(core->stripe(id));
    if (series.head.full_for(sample)) seal(series);
    if (sample.at <= state.tick) {
      std::erase_if(series.late, [this](const Late& late) { return late.version <= oldest; });
      series.late.push_back({sample.at, state.version + 1});
    }
    series.head.add(sample);
  }
  counts.stored.fetch_add(1, std::memory_order_relaxed);
  if (options.log && !loading) pending.push_back({id, sample});
  return Append::stored;
}

bool Store::Writer::adopt(std::uint32_t id, const Chunk& chunk) {
  Series& series = *core->series[id];
  if (chunk.first().at <= series.last_at()) return false;
  const std::lock_guard lock(core->stripe(id));
  if (!series.head.empty()) seal(series);
  series.late.push_back({chunk.first().at, state.version + 1});
  count(chunk, 1);
  series.chunks.push(chunk);
  counts.stored += chunk.count();
  return true;
}

void Store::Writer::seal(Series& series) {
  Chunk chunk = series.head.chunk();
  series.head.clear();
  count(chunk, 1);
  if (options.log) sealed.push_back({series.labels, series.keep, chunk});
  series.chunks.push(std::move(chunk));
}

void Store::Writer::count(const Chunk& chunk, int sign) {
  counts.chunks += static_cast<std::size_t>(sign);
  counts.chunk_bytes += static_cast<std::size_t>(sign) * (chunk.bytes().size() + kChunkCost);
}

void Store::Writer::commit(std::int64_t tick) {
  core->commits.commit(tick);
  state = core->commits.state();
  oldest = core->commits.oldest();
}

std::size_t Store::Writer::bytes() const {
  return counts.chunk_bytes + counts.series * kSeriesCost;
}

void Store::Writer::classify(Series& series) const {
  const std::string_view name = series.labels.get(kMetricName);
  std::size_t longest = 0;
  series.keep = 0;
  for (const Keep& keep : options.keep) series.keep = std::max(series.keep, keep.milliseconds);
  for (const Keep& keep : options.keep) {
    if (!name.starts_with(keep.prefix) || keep.prefix.size() < longest) continue;
    longest = keep.prefix.size();
    series.keep = keep.milliseconds;
  }
  series.look_back = 0;
  for (const LookBack& look_back : look_backs) {
    Matchings tests;
    for (const Matcher& matcher : look_back.matchers) tests.push_back(core->tests.get(matcher));
    if (Filter(tests).passes(series.labels)) {
      series.look_back = std::max(series.look_back, look_back.milliseconds);
    }
  }
}

std::int64_t Store::Writer::protected_from(const Series& series, std::int64_t now) const {
  return now - series.look_back;
}

// Marks what ends by `cut` as gone from `version` on. Returns how many chunks.
std::uint32_t Store::Writer::retire_series(std::uint32_t id, std::int64_t cut,
                                           std::uint64_t version) {
  Series& series = *core->series[id];
  const std::lock_guard lock(core->stripe(id));
  if (!series.head.empty() && series.head.last().at <= cut) seal(series);
  const auto slots = series.chunks.slots();
  std::uint32_t gone = 0;
  while (gone < slots.size() && slots[gone].last <= cut) ++gone;
  for (const ChunkList::Slot& slot : slots.first(gone)) {
    series.leaving.push_back({version, slot.chunk});
    count(slot.chunk, -1);
  }
  series.chunks.drop_front(gone);
  if (gone > 0) leaving_ids.push_back(id);
  return gone;
}

void Store::Writer::retire_by_time(std::int64_t now, std::uint64_t version) {
  for (std::uint32_t id = 0; id < core->series.size(); ++id) {
    if (!core->series[id]) continue;
    Series& series = *core->series[id];
    retire_series(id, std::min(now - series.keep, protected_from(series, now)), version);
    // A series that has stopped should not lie open in every checkpoint.
    const std::lock_guard lock(core->stripe(id));
    if (!series.head.empty() && series.head.last().at <= now - kChunkSpan) seal(series);
  }
}

// The oldest chunks go until the rest fits, whatever they belong to: by the hour they end in.
void Store::Writer::retire_by_size(std::int64_t now, std::uint64_t version) {
  constexpr std::int64_t kHour = 60 * 60 * 1000;
  if (counts.chunk_bytes <= options.bytes) return;
  const std::size_t wanted = counts.chunk_bytes - options.bytes;
  std::map<std::int64_t, std::size_t> hours;
  for (const auto& series : core->series) {
    if (!series) continue;
    for (const ChunkList::Slot& slot : series->chunks.slots()) {
      if (slot.last > protected_from(*series, now)) break;
      hours[slot.last / kHour] += slot.chunk.bytes().size() + kChunkCost;
    }
  }
  std::size_t found = 0;
  std::int64_t cut = std::numeric_limits<std::int64_t>::min();
  for (const auto& [hour, size] : hours) {
    if (found >= wanted) break;
    found += size;
    cut = hour * kHour + (kHour - 1);
  }
  for (std::uint32_t id = 0; id < core->series.size(); ++id) {
    if (core->series[id]) {
      retire_series(id, std::min(cut, protected_from(*core->series[id], now)), version);
    }
  }
}

void Store::Writer::release() {
  std::vector<std::uint32_t> waiting;
  std::sort(leaving_ids.begin(), leaving_ids.end());
  leaving_ids.erase(std::unique(leaving_ids.begin(), leaving_ids.end()), leaving_ids.end());
  for (const std::uint32_t id : leaving_ids) {
    Series& series = *core->series[id];
    {
      const std::lock_guard lock(core->stripe(id));
      std::erase_if(series.leaving, [this](const Leaving& gone) { return gone.version <= oldest; });
    }
    // The next record of the log may name it still.
    const bool wanted = !series.blank() || !pending.empty();
    if (wanted && (series.blank() || !series.leaving.empty())) waiting.push_back(id);
    if (wanted) continue;
    const auto writing = core->index_gate.writing();
    core->index.remove(id, series.labels);
    ids.erase(series.labels);
    core->series[id].reset();
    free_ids.push_back(id);
  }
  leaving_ids = std::move(waiting);
  counts.series = ids.size();
}

Store::Store(StoreOptions options) : writer_(std::make_unique<Writer>(std::move(options))) {}
Store::~Store() = default;

Append Store::append(const Labels& labels, std::int64_t at, double value) {
  std::uint32_t id = 0;
  if (writer_->find(labels, id) != nullptr) return writer_->append(id, {at, value});
  ++writer_->counts.refused;
  return Append::too_many_series;
}

void Store::commit(std::int64_t tick) { writer_->commit(tick); }

void Store::retire(std::int64_t now) {
  const std::uint64_t version = writer_->state.version + 1;
  writer_->retire_by_time(now, version);
  writer_->retire_by_size(now, version);
  writer_->commit(writer_->state.tick);
  writer_->release();
}

void Store::set_look_backs(std::vector<LookBack> look_backs) {
  writer_->look_backs = std::move(look_backs);
  for (const auto& series : writer_->core->series) {
    if (series) writer_->classify(*series);
  }
}

std::shared_ptr<const Source> Store::snapshot() const { return make_snapshot(writer_->core); }

StoreStats Store::stats() const {
  const auto& counts = writer_->counts;
  StoreStats stats;
  stats.series = counts.series;
  stats.chunks = counts.chunks;
  stats.bytes = writer_->bytes();
  stats.stored = counts.stored;
  stats.duplicates = counts.duplicates;
  stats.out_of_order = counts.out_of_order;
  stats.refused = counts.refused;
  return stats;
}

}  // namespace rules::series

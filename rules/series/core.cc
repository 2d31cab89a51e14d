#include "rules/series/core.h"

#include <algorithm>

namespace rules::series {

void ChunkList::push(Chunk chunk) {
  if (count_ == capacity_) move_to(std::max(4u, capacity_ + capacity_ / 4), 0);
  const std::int64_t last = chunk.last().at;
  slots_[count_] = {last, std::move(chunk)};
  ++count_;
}

void ChunkList::drop_front(std::uint32_t count) {
  if (count > 0) move_to(count_ - count + 1, count);
}

void ChunkList::move_to(std::uint32_t capacity, std::uint32_t from) {
  auto slots = std::make_shared<Slot[]>(capacity);
  std::copy(slots_.get() + from, slots_.get() + count_, slots.get());
  slots_ = std::move(slots);
  count_ -= from;
  capacity_ = capacity;
}

std::int64_t Series::last_at() const {
  if (!head.empty()) return head.last().at;
  if (!chunks.slots().empty()) return chunks.slots().back().last;
  if (!leaving.empty()) return leaving.back().chunk.last().at;
  return std::numeric_limits<std::int64_t>::min();
}

Commits::State Commits::pin() {
  const std::lock_guard lock(mutex_);
  ++pins_[state_.version];
  return state_;
}

void Commits::unpin(std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  const auto pin = pins_.find(version);
  if (--pin->second == 0) pins_.erase(pin);
}

void Commits::commit(std::int64_t tick) {
  const std::lock_guard lock(mutex_);
  state_.tick = std::max(state_.tick, tick);
  ++state_.version;
}

Commits::State Commits::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::uint64_t Commits::oldest() const {
  const std::lock_guard lock(mutex_);
  return pins_.empty() ? state_.version : pins_.begin()->first;
}

}  // namespace rules::series

// The timers of a loop: a heap ordered by time and then by age, so that equal instants fire in the
// order they were asked for. Cancelling only forgets the callback; the dead heap entry leaves when
// it surfaces or when dead entries outnumber the living. Both loops share it. Loop thread only.
#pragma once

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <vector>

#include "probes/async/loop.h"

namespace probes {

class TimerQueue {
 public:
  TimerId add(TimePoint at, Loop::Callback callback) {
    const TimerId id = ++last_id_;
    callbacks_.emplace(id, std::move(callback));
    heap_.push_back({at, id});
    std::ranges::push_heap(heap_, later);
    return id;
  }

  void cancel(TimerId id) {
    callbacks_.erase(id);
    if (heap_.size() > 2 * callbacks_.size() + kSlack) compact();
  }

  bool empty() const { return callbacks_.empty(); }
  std::size_t size() const { return callbacks_.size(); }

  // When the next living timer is due; TimePoint::max() when there is none.
  TimePoint next() {
    drop_dead();
    return heap_.empty() ? TimePoint::max() : heap_.front().at;
  }

  // Takes the callback of the first living timer. Only when next() has come.
  Loop::Callback pop() {
    const auto entry = callbacks_.find(heap_.front().id);
    Loop::Callback callback = std::move(entry->second);
    callbacks_.erase(entry);
    pop_heap();
    return callback;
  }

 private:
  struct Entry {
    TimePoint at;
    TimerId id;
  };
  static constexpr std::size_t kSlack = 64;

  static bool later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.id > b.id;
  }
  void pop_heap() {
    std::ranges::pop_heap(heap_, later);
    heap_.pop_back();
  }
  void drop_dead() {
    while (!heap_.empty() && !callbacks_.contains(heap_.front().id)) pop_heap();
  }
  void compact() {
    std::erase_if(heap_, [this](const Entry& entry) { return !callbacks_.contains(entry.id); });
    std::ranges::make_heap(heap_, later);
  }

  TimerId last_id_ = 0;
  std::vector<Entry> heap_;
  std::unordered_map<TimerId, Loop::Callback> callbacks_;
};

}  // namespace probes

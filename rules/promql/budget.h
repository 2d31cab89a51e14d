// What one query may use: samples held at a time, and time through a predicate that says when to
// stop. Exceeding either ends the query with an error; nothing else can.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

namespace rules {

enum class Overrun { none, samples, stopped };

class Budget {
 public:
  Budget(std::size_t max_samples, std::function<bool()> stop)
      : max_samples_(max_samples), stop_(std::move(stop)) {}

  // More samples in memory; false when there are too many now.
  bool hold(std::size_t samples) {
    held_ += samples;
    peak_ = held_ > peak_ ? held_ : peak_;
    if (held_ > max_samples_ && overrun_ == Overrun::none) overrun_ = Overrun::samples;
    return work(samples);
  }
  // Back to this number: what was needed on the way is gone.
  void settle(std::size_t samples) {
    held_ = samples;
    hold(0);
  }

  // Something was done; asks now and then whether to stop. False: end the query.
  bool work(std::size_t amount) {
    constexpr std::size_t kBetweenQuestions = 4096;
    done_ += amount + 1;
    if (done_ >= kBetweenQuestions) {
      done_ = 0;
      if (stop_ && overrun_ == Overrun::none && stop_()) overrun_ = Overrun::stopped;
    }
    return overrun_ == Overrun::none;
  }

  std::size_t max_samples() const { return max_samples_; }
  std::size_t held() const { return held_; }
  std::size_t peak() const { return peak_; }
  Overrun overrun() const { return overrun_; }

 private:
  std::size_t max_samples_;
  std::function<bool()> stop_;
  std::size_t held_ = 0, peak_ = 0, done_ = 0;
  Overrun overrun_ = Overrun::none;
};

}  // namespace rules

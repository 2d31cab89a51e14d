// Windows slide: what the step before has read is kept as far as it still counts.
#include "rules/promql/window.h"

#include <algorithm>

namespace rules {
namespace {

constexpr std::size_t kSamplesOfWork = 16;
constexpr std::int64_t kFewSamples = 250;  // some two chunks of a store

}  // namespace

void Window::move(std::int64_t start, std::int64_t end) {
  if (start == start_ && end == end_) return;
  slides_ = summary_ && summary_->count <= kFewSamples && start > start_ && start < end_;
  start_ = start;
  end_ = end;
  summary_.reset();
}

const WindowSummary& Window::summary() {
  if (summary_) return *summary_;
  if (slides_) {
    WindowSummary seen;
    for (const Sample& sample : samples()) seen.add(sample);
    return summary_.emplace(seen);
  }
  summary_ = cursor_.summary(start_, end_);
  // Of a store it costs a chunk at a time, of a subquery each sample.
  budget_.work(static_cast<std::size_t>(summary_->count) / kSamplesOfWork);
  return *summary_;
}

std::span<const Sample> Window::samples() {
  const bool backwards = start_ < read_from_ || end_ < read_to_;
  const auto keep =
      backwards ? samples_.end() : std::ranges::upper_bound(samples_, start_, {}, &Sample::at);
  budget_.settle(budget_.held() - static_cast<std::size_t>(keep - samples_.begin()));
  samples_.erase(samples_.begin(), keep);

  const std::size_t kept = samples_.size();
  const std::int64_t from = backwards ? start_ : std::max(start_, read_to_);
  if (from < end_) cursor_.samples(from, end_, samples_);
  const auto fresh = samples_.begin() + static_cast<std::ptrdiff_t>(kept);
  const auto stale = [](const Sample& sample) { return is_stale_nan(sample.value); };
  samples_.erase(std::remove_if(fresh, samples_.end(), stale), samples_.end());
  budget_.hold(samples_.size() - kept);
  budget_.work(kept);  // whoever asks for samples looks at all of them
  read_from_ = start_;
  read_to_ = end_;
  return samples_;
}

}  // namespace rules

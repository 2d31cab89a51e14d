// Each series that has a result is read through a cursor that puts the one sample into its place
// between those of the snapshot; all others are the snapshot's own.
#include "rules/group/overlay.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "rules/promql/matcher.h"

namespace rules {
namespace {

bool same_bits(double left, double right) {
  return std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
}

class OverlaidCursor : public Cursor {
 public:
  // `below` may be null: the snapshot knows nothing of the series.
  OverlaidCursor(std::unique_ptr<Cursor> below, const VectorSample& own)
      : below_(std::move(below)), own_(own) {}

  const Labels& labels() const override { return own_.labels; }

  void samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) override {
    if (!covers(from, to)) {
      if (below_) below_->samples(from, to, out);
      return;
    }
    if (below_) below_->samples(from, at() - 1, out);
    out.push_back(own_.sample);
    if (below_ && at() < to) below_->samples(at(), to, out);
  }

  bool latest(std::int64_t from, std::int64_t to, Sample& out) override {
    if (!covers(from, to)) return below_ && below_->latest(from, to, out);
    if (below_ && at() < to && below_->latest(at(), to, out)) return true;
    out = own_.sample;
    return true;
  }

  WindowSummary summary(std::int64_t from, std::int64_t to) override {
    if (!covers(from, to)) return below_ ? below_->summary(from, to) : WindowSummary{};
    WindowSummary all = below_ ? below_->summary(from, at() - 1) : WindowSummary{};
    if (!is_stale_nan(own_.sample.value)) all.add(own_.sample);
    if (below_ && at() < to) all.add(below_->summary(at(), to));
    return all;
  }

 private:
  std::int64_t at() const { return own_.sample.at; }
  bool covers(std::int64_t from, std::int64_t to) const { return from < at() && at() <= to; }

  std::unique_ptr<Cursor> below_;
  VectorSample own_;
};

}  // namespace

bool Overlay::add(const Labels& labels, double value) {
  const auto [found, fresh] = place_.try_emplace(labels, samples_.size());
  if (fresh) {
    named_[std::string(labels.get(kMetricName))].push_back(samples_.size());
    samples_.push_back({labels, {at_, value}});
    return true;
  }
  double& have = samples_[found->second].sample.value;
  if (is_stale_nan(have)) have = value;
  return same_bits(have, value);
}

void Overlay::mark_stale(const Labels& labels) {
  if (!place_.contains(labels)) add(labels, stale_nan());
}

// Nearly every selector names its metric, so that a large group does not look at all its results
// for each rule.
std::vector<std::size_t> Overlay::candidates(const std::vector<Matcher>& matchers) const {
  const auto name = std::ranges::find_if(matchers, [](const Matcher& matcher) {
    return matcher.name == kMetricName && matcher.kind == Matcher::Kind::equal;
  });
  if (name != matchers.end()) {
    const auto found = named_.find(name->value);
    return found == named_.end() ? std::vector<std::size_t>{} : found->second;
  }
  std::vector<std::size_t> all(samples_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

std::vector<std::unique_ptr<Cursor>> Overlay::select(const std::vector<Matcher>& matchers,
                                                     std::int64_t from, std::int64_t to) const {
  std::vector<std::unique_ptr<Cursor>> cursors = below_.select(matchers, from, to);
  const std::vector<std::size_t> possible = candidates(matchers);
  if (possible.empty() || from >= at_ || at_ > to) return cursors;

  const std::vector<CompiledMatcher> compiled = compile(matchers);
  std::unordered_map<Labels, std::size_t, HashOf> here;  // results that match, and not below yet
  for (const std::size_t place : possible) {
    if (matches_all(compiled, samples_[place].labels)) here.emplace(samples_[place].labels, place);
  }
  for (std::unique_ptr<Cursor>& cursor : cursors) {
    const auto found = here.find(cursor->labels());
    if (found == here.end()) continue;
    const VectorSample& own = samples_[found->second];
    here.erase(found);
    cursor = std::make_unique<OverlaidCursor>(std::move(cursor), own);
  }
  for (const std::size_t place : possible) {
    if (!here.contains(samples_[place].labels)) continue;
    cursors.push_back(std::make_unique<OverlaidCursor>(nullptr, samples_[place]));
  }
  return cursors;
}

}  // namespace rules

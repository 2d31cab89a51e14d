#include "exporter/samples/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "rules/series/ticks.h"

namespace exporter {
namespace {

using rules::Labels;
using rules::Matcher;

// After that long the last sample of a series is out of sight anyway.
constexpr std::int64_t kSight = 5 * 60'000;

std::string_view label(const prometheus::ClientMetric& metric, std::string_view name) {
  for (const auto& label : metric.label) {
    if (label.name == name) return label.value;
  }
  return {};
}

// As the page writes it: 0.005, 1, +Inf.
std::string bound_text(double bound) {
  return std::isinf(bound) ? "+Inf" : fmt::format("{}", bound);
}

template <class View>
const void* address(const std::shared_ptr<const View>& view) {
  return view.get();
}

}  // namespace

bool Sampler::Wanted::name(std::string_view name) const {
  return std::ranges::any_of(selections, [&](const auto& matchers) {
    return std::ranges::all_of(matchers, [&](const rules::CompiledMatcher& matcher) {
      return matcher.matcher().name != rules::kMetricName || matcher.matches(name);
    });
  });
}

bool Sampler::Wanted::series(const Labels& labels) const {
  return std::ranges::any_of(
      selections, [&](const auto& matchers) { return rules::matches_all(matchers, labels); });
}

Sampler::Sampler(rules::series::Store& store, AddProgram add_program)
    : store_(store), add_program_(std::move(add_program)) {
  configure(SeriesKept::automatic, {});
}

void Sampler::configure(SeriesKept kept, std::vector<rules::Selection> selected) {
  kept_ = kept;
  wanted_.selections.clear();
  for (const rules::Selection& selection : selected) {
    wanted_.selections.push_back(rules::compile(selection.matchers));
  }
  choose(kept == SeriesKept::rules || (kept == SeriesKept::automatic && count_ > kAutomaticLimit));
  last_ = nullptr;  // everything is looked at again
}

void Sampler::choose(bool only_selected) {
  only_selected_ = only_selected;
  name_wanted_.clear();
  for (const MetricName& name : kMetricNames) {
    const auto wanted = [&](std::string_view suffix) {
      return wanted_.name(std::string(name.name) + std::string(suffix));
    };
    const bool histogram = name.kind == MetricKind::histogram;
    name_wanted_.push_back(
        !only_selected ||
        (histogram ? wanted("_bucket") || wanted("_sum") || wanted("_count") : wanted("")));
  }
}

void Sampler::adopt(std::int64_t now) {
  for (const MetricName& name : kMetricNames) {
    if (name.kind != MetricKind::histogram) {
      adopt_named(std::string(name.name), now);
      continue;
    }
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
      adopt_named(std::string(name.name) + suffix, now);
    }
  }
}

void Sampler::adopt_named(const std::string& name, std::int64_t now) {
  const Matcher matcher{Matcher::Kind::equal, std::string(rules::kMetricName), name};
  for (const auto& cursor : store_.snapshot()->select({matcher}, now - kSight, now)) {
    rules::Sample last;
    if (cursor->latest(now - kSight, now, last) && !rules::is_stale_nan(last.value)) {
      adopted_.push_back(cursor->labels());
    }
  }
}

void Sampler::take(const SnapshotPtr& snapshot, std::int64_t at) {
  if (std::exchange(reduce_, false)) keep_only_selected(at);
  take_program(snapshot, at);
  if (!snapshot) return;
  take_configured(snapshot, at);
  take_support(snapshot, at);
  take_items(snapshot, at);
  const std::size_t items =
      snapshot->services.size() + snapshot->facts.size() + snapshot->checks.size();
  if (owners_.size() != items) forget_missing(at);
  last_ = snapshot;
  if (!adopted_.empty()) end_adopted(at);
}

void Sampler::take_program(const SnapshotPtr& snapshot, std::int64_t at) {
  if (!add_program_ || (!program_.series.empty() && at - program_.oldest < kProgramEvery)) return;
  Families families;
  add_program_(families, snapshot);
  write(std::move(families), [this](const auto&) { return &program_; }, at);
  settle(program_, at);
  program_.oldest = at;
}

void Sampler::take_configured(const SnapshotPtr& snapshot, std::int64_t at) {
  const bool changed =
      !last_ || last_->config != snapshot->config || last_->agreements != snapshot->agreements;
  if (!changed && at - configured_.oldest < kAtLeastEvery) return;
  Families families;
  add_agreement_families(families, snapshot);
  write(std::move(families), [this](const auto&) { return &configured_; }, at);
  settle(configured_, at);
}

// Reaction clocks and help desks: some hundred series, however many tickets there are.
void Sampler::take_support(const SnapshotPtr& snapshot, std::int64_t at) {
  const bool changed = !last_ || last_->support != snapshot->support;
  if (!changed && at - support_.oldest < kAtLeastEvery) return;
  Families families;
  add_reaction_families(families, snapshot);
  add_desk_families(families, snapshot);
  write(std::move(families), [this](const auto&) { return &support_; }, at);
  settle(support_, at);
}

bool Sampler::due(const Owner& owner, const void* view, std::int64_t at) const {
  return !last_ || owner.view != view || at - owner.oldest >= kAtLeastEvery;
}

// The families of a snapshot that holds nothing but what is due are the series to look at.
void Sampler::take_items(const SnapshotPtr& snapshot, std::int64_t at) {
  ++generation_;
  auto part = std::make_shared<Snapshot>();
  part->at = snapshot->at;
  part->config = snapshot->config;
  std::vector<Owner*> looked_at;
  const auto pick = [&](const auto& views, auto& picked, const auto& owner_of_view) {
    for (const auto& view : views) {
      Owner& owner = owner_of_view(*view);
      owner.generation = generation_;
      if (!due(owner, address(view), at)) continue;
      owner.view = address(view);
      looked_at.push_back(&owner);
      picked.push_back(view);
    }
  };
  pick(snapshot->services, part->services, [this](const ServiceView& view) -> Owner& {
    return owner_of(view.agreement, view.service, "");
  });
  pick(snapshot->facts, part->facts,
       [this](const ServiceFacts& facts) -> Owner& { return owner_of("", facts.service, ""); });
  pick(snapshot->checks, part->checks,
       [this](const CheckView& view) -> Owner& { return owner_of("", view.service, view.check); });
  if (looked_at.empty()) return;
  Families families;
  add_service_families(families, part);
  add_check_families(families, part);
  const auto find = [this](const prometheus::ClientMetric& metric) {
    Owner& owner = owner_of(label(metric, "sla_agreement"), label(metric, "sla_service"),
                            label(metric, "check"));
    return owner.generation == generation_ ? &owner : nullptr;
  };
  write(std::move(families), find, at);
  for (Owner* owner : looked_at) settle(*owner, at);
}

Sampler::Owner& Sampler::owner_of(std::string_view agreement, std::string_view service,
                                  std::string_view check) {
  key_.clear();
  for (std::string_view part : {agreement, service, check}) key_.append(part).push_back('\0');
  return owners_[key_];
}

void Sampler::write(Families families, const Find& find, std::int64_t at) {
  SeriesPool pool;
  for (auto& collectable : families) {
    const auto& family = dynamic_cast<const Family&>(*collectable);
    const MetricName& name = family.name();
    const auto row = static_cast<std::size_t>(&name - kMetricNames.data());
    if (row < name_wanted_.size() && !name_wanted_[row]) continue;
    std::size_t item = 0;
    for (bool more = true; more;) {
      pool.restart(name.kind);
      more = family.collect_some(item, pool);
      for (const auto& metric : pool.series()) {
        if (Owner* owner = find(metric)) write_metric(name, metric, *owner, at);
      }
    }
    collectable.reset();
  }
}

void Sampler::write_metric(const MetricName& name, const prometheus::ClientMetric& metric,
                           Owner& owner, std::int64_t at) {
  if (name.kind == MetricKind::counter) {
    return write_series(name.name, metric, metric.counter.value, "", owner, at);
  }
  if (name.kind != MetricKind::histogram) {
    return write_series(name.name, metric, metric.gauge.value, "", owner, at);
  }
  const std::string base(name.name);
  for (const auto& bucket : metric.histogram.bucket) {
    write_series(base + "_bucket", metric, static_cast<double>(bucket.cumulative_count),
                 bound_text(bucket.upper_bound), owner, at);
  }
  write_series(base + "_sum", metric, metric.histogram.sample_sum, "", owner, at);
  write_series(base + "_count", metric, static_cast<double>(metric.histogram.sample_count), "",
               owner, at);
}

void Sampler::write_series(std::string_view name, const prometheus::ClientMetric& metric,
                           double value, std::string_view le, Owner& owner, std::int64_t at) {
  std::vector<Labels::Pair> pairs;
  pairs.reserve(metric.label.size() + 2);
  pairs.emplace_back(rules::kMetricName, name);
  for (const auto& label : metric.label) pairs.emplace_back(label.name, label.value);
  if (!le.empty()) pairs.emplace_back("le", le);
  Labels labels(std::move(pairs));

  auto& series = owner.series;
  std::size_t place = owner.next;
  if (place >= series.size() || !(series[place].labels == labels)) {
    place = static_cast<std::size_t>(std::ranges::find(series, labels, &Written::labels) -
                                     series.begin());
  }
  const rules::Sample now{at, value};
  if (place == series.size()) {
    if (kept_ == SeriesKept::automatic && !only_selected_ && count_ >= kAutomaticLimit) {
      choose(true);
      reduce_ = true;  // those that are there already end with the next tick
    }
    if (only_selected_ && !wanted_.series(labels)) return;
    if (store_.append(labels, at, value) != rules::series::Append::stored) return;
    series.push_back({std::move(labels), now, at});
    ++count_;
  } else {
    Written& written = series[place];
    written.seen = at;
    if (rules::series::worth_sampling(written.sample, now, kAtLeastEvery) &&
        store_.append(written.labels, at, value) == rules::series::Append::stored) {
      written.sample = now;
    }
  }
  owner.next = place + 1;
}

void Sampler::settle(Owner& owner, std::int64_t at) {
  owner.next = 0;
  owner.oldest = at;
  const std::size_t before = owner.series.size();
  std::erase_if(owner.series, [&](const Written& series) {
    if (series.seen != at) end(series, at);
    return series.seen != at;
  });
  count_ -= before - owner.series.size();
  for (const Written& series : owner.series) {
    owner.oldest = std::min(owner.oldest, series.sample.at);
  }
}

void Sampler::end(const Written& series, std::int64_t at) {
  store_.append(series.labels, at, rules::stale_nan());
}

// Services and checks that the configuration no longer has.
void Sampler::forget_missing(std::int64_t at) {
  std::erase_if(owners_, [&](const auto& entry) {
    const Owner& owner = entry.second;
    if (owner.generation == generation_) return false;
    for (const Written& series : owner.series) end(series, at);
    count_ -= owner.series.size();
    return true;
  });
}

// Of the time before the restart; what is there again has a sample of this tick, or is looked at
// below.
void Sampler::end_adopted(std::int64_t at) {
  std::vector<Labels> present;
  const auto add = [&](const Owner& owner) {
    for (const Written& series : owner.series) present.push_back(series.labels);
  };
  add(program_);
  add(configured_);
  add(support_);
  for (const auto& [key, owner] : owners_) add(owner);
  std::ranges::sort(present);
  for (const Labels& labels : std::exchange(adopted_, {})) {
    if (!std::ranges::binary_search(present, labels)) store_.append(labels, at, rules::stale_nan());
  }
}

// There are more than was meant to be kept: what no rule reads ends here.
void Sampler::keep_only_selected(std::int64_t at) {
  const auto reduce = [&](Owner& owner) {
    count_ -= std::erase_if(owner.series, [&](const Written& series) {
      const bool wanted = wanted_.series(series.labels);
      if (!wanted) end(series, at);
      return !wanted;
    });
  };
  reduce(program_);
  reduce(configured_);
  reduce(support_);
  for (auto& entry : owners_) reduce(entry.second);
}

}  // namespace exporter

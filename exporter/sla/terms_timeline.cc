// Terms over time and the chain of months.
#include "exporter/sla/terms_timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/sla/timeline.h"

namespace exporter {

using std::chrono::months;

std::expected<void, std::string> TermsTimeline::add(TermsRecord record) {
  auto zone = Zone::parse(record.terms.timezone);
  if (!zone) {
    return std::unexpected(fmt::format("the terms of agreement {} from {}: {}", record.terms.name,
                                       format_utc(record.from), zone.error()));
  }
  while (!entries_.empty() && entries_.back().record->from >= record.from) entries_.pop_back();
  while (!periods_.empty() && periods_.back().end > record.from) periods_.pop_back();
  entries_.push_back({std::make_shared<const TermsRecord>(std::move(record)), *std::move(zone)});
  return {};
}

const TermsTimeline::Entry& TermsTimeline::entry(Seconds at) const {
  const auto after = std::ranges::upper_bound(
      entries_, at, {}, [](const Entry& entry) { return entry.record->from; });
  return after == entries_.begin() ? entries_.front() : *std::prev(after);
}

const TermsRecord* TermsTimeline::waiting(Seconds at) const {
  for (const Entry& entry : entries_) {
    if (entry.record->from > at) return entry.record.get();
  }
  return nullptr;
}

std::vector<std::pair<Span, const TermsRecord*>> TermsTimeline::stretches() const {
  std::vector<std::pair<Span, const TermsRecord*>> result;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Seconds to = i + 1 < entries_.size() ? entries_[i + 1].record->from : kForever;
    result.emplace_back(Span{entries_[i].record->from, to}, entries_[i].record.get());
  }
  return result;
}

// Terms that come into force during the month may have another zone, and so another end.
Seconds TermsTimeline::end_of(const Period& period) const {
  const auto end_in = [&period](const Entry& entry) {
    return std::max(entry.zone.month_begin(period.month + months(1)),
                    period.begin + std::chrono::seconds(1));
  };
  Seconds end = end_in(entry(period.begin));
  for (const Entry& later : entries_) {
    if (later.record->from > period.begin && later.record->from < end) end = end_in(later);
  }
  return end;
}

Period TermsTimeline::period_at(Seconds at) const {
  if (periods_.empty()) {
    const Entry& first = entries_.front();
    Period period;
    period.month = first.zone.month_of(first.record->from);
    period.begin = first.zone.month_begin(period.month);
    period.end = end_of(period);
    periods_.push_back(period);
  }
  while (periods_.back().end <= at) {
    Period next{
        .month = periods_.back().month + months(1), .begin = periods_.back().end, .end = {}};
    next.end = end_of(next);
    periods_.push_back(next);
  }
  const auto it = std::ranges::upper_bound(periods_, at, {}, &Period::end);
  return *it;
}

std::optional<Period> TermsTimeline::period_of(std::chrono::year_month month) const {
  if (entries_.empty()) return std::nullopt;
  const Period first = period_at(entries_.front().record->from);
  const auto index = (month - first.month).count();
  if (index < 0 || index > 12 * 1000) return std::nullopt;
  while (static_cast<std::int64_t>(periods_.size()) <= index) period_at(periods_.back().end);
  return periods_[static_cast<std::size_t>(index)];
}

std::optional<Period> TermsTimeline::period_before(const Period& period) const {
  return period_of(period.month - months(1));
}

std::shared_ptr<const TermsRecord> TermsTimeline::shared_terms_of(const Period& period) const {
  return entry(period.end - std::chrono::seconds(1)).record;
}

namespace {

const Objective* find_objective(const TermsRecord& record, std::span<const std::string> names) {
  // The newest name is the last one.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto it = record.terms.objectives.find(*name);
    if (it != record.terms.objectives.end()) return &it->second;
  }
  return nullptr;
}

}  // namespace

std::vector<Span> TermsTimeline::coverage(std::span<const std::string> names, Seconds from,
                                          Seconds to) const {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!find_objective(*entries_[i].record, names)) continue;
    const Seconds begin = std::max(from, entries_[i].record->from);
    const Seconds end = i + 1 < entries_.size() ? entries_[i + 1].record->from : kForever;
    const Seconds until = std::min(to, end);
    if (begin >= until) continue;
    if (!spans.empty() && spans.back().to == begin) {
      spans.back().to = until;
    } else {
      spans.push_back({begin, until});
    }
  }
  return spans;
}

std::optional<Objective> TermsTimeline::objective_of(std::span<const std::string> names,
                                                     const Period& period) const {
  std::optional<Objective> found;
  for (const Entry& entry : entries_) {
    if (entry.record->from >= period.end) break;
    if (const Objective* objective = find_objective(*entry.record, names)) found = *objective;
  }
  return found;
}

}  // namespace exporter

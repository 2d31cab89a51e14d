// The texts are part of the interface: dashboards and tests match on them.
#include "rules/promql/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "rules/promql/number.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

constexpr std::string_view kMonotonicity =
    "input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

std::string named(std::string_view text, std::string_view metric) {
  if (metric.empty()) return std::string(text);
  return fmt::format("{} for metric name {}", text, quote(metric));
}

std::string utc(std::int64_t milliseconds) {
  using std::chrono::floor, std::chrono::days;
  const std::chrono::sys_seconds at{std::chrono::seconds(milliseconds / 1000)};
  const auto day = floor<days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::vector<std::string> positioned(const std::map<std::string, Span>& notes,
                                    std::string_view query) {
  std::vector<std::string> texts;
  texts.reserve(notes.size());
  for (const auto& [text, span] : notes)
    texts.push_back(fmt::format("{} ({})", text, position_text(query, span.begin)));
  return texts;
}

}  // namespace

void Annotations::warn(std::string text, Span span) {
  warnings_.try_emplace("PromQL warning: " + std::move(text), span);
}

void Annotations::inform(std::string text, Span span) {
  infos_.try_emplace("PromQL info: " + std::move(text), span);
}

void Annotations::invalid_quantile(double quantile, Span span) {
  warn("quantile value should be between 0 and 1, got " + format_short(quantile), span);
}

void Annotations::bad_bucket(std::string_view metric, std::string_view bound, Span span) {
  warn(named("bucket label \"le\" is missing or has a malformed value of " + quote(bound), metric),
       span);
}

void Annotations::possibly_no_counter(std::string_view metric, Span span) {
  inform("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
             quote(metric),
         span);
}

void Annotations::sorted_in_range(Span span) {
  warn("sort is ineffective for range queries since results are always ordered by labels", span);
}

void Annotations::forced_monotonicity(std::string_view metric, Span span, std::int64_t at,
                                      double min_bucket, double max_bucket, double max_difference) {
  const auto [found, is_new] =
      forced_.try_emplace("PromQL info: " + named(kMonotonicity, metric),
                          Forced{span, at, at, 1, min_bucket, max_bucket, max_difference});
  if (is_new) return;
  Forced& forced = found->second;
  forced.first = std::min(forced.first, at);
  forced.last = std::max(forced.last, at);
  forced.min_bucket = std::min(forced.min_bucket, min_bucket);
  forced.max_bucket = std::max(forced.max_bucket, max_bucket);
  forced.max_difference = std::max(forced.max_difference, max_difference);
  ++forced.count;
}

std::vector<std::string> Annotations::warnings(std::string_view query) const {
  return positioned(warnings_, query);
}

std::vector<std::string> Annotations::infos(std::string_view query) const {
  std::vector<std::string> texts = positioned(infos_, query);
  for (const auto& [text, forced] : forced_) {
    texts.push_back(fmt::format(
        "{}, from buckets {} to {}, with a max diff of {}, over {} samples from {} to {} ({})",
        text, format_short(forced.min_bucket), format_short(forced.max_bucket),
        format_significant(forced.max_difference, 2), forced.count, utc(forced.first),
        utc(forced.last), position_text(query, forced.span.begin)));
  }
  return texts;
}

std::vector<std::string> Annotations::warnings() const {
  std::vector<std::string> texts;
  texts.reserve(warnings_.size());
  for (const auto& [text, span] : warnings_) texts.push_back(text);
  return texts;
}

std::vector<std::string> Annotations::infos() const {
  std::vector<std::string> texts;
  texts.reserve(infos_.size() + forced_.size());
  for (const auto& [text, span] : infos_) texts.push_back(text);
  for (const auto& [text, forced] : forced_) texts.push_back(text);
  return texts;
}

}  // namespace rules

// histogram_quantile and histogram_fraction: at each step, the series that differ by "le" alone are
// the buckets of one histogram.
#include <optional>
#include <unordered_map>

#include "rules/promql/calls.h"
#include "rules/promql/evaluation.h"
#include "rules/promql/histogram.h"
#include "rules/promql/number.h"
#include "rules/promql/steps.h"

namespace rules {
namespace {

constexpr std::string_view kBound = "le";

// Series as histograms: which histogram each belongs to, and its bound.
class Histograms {
 public:
  Histograms(Evaluation& evaluation, const Matrix& matrix, Span span)
      : evaluation_(evaluation), matrix_(matrix), span_(span), collector_(evaluation) {
    std::unordered_map<Labels, std::size_t, LabelsHash> known;
    for (const Series& series : matrix) {
      bounds_.push_back(parse_float(series.labels.get(kBound)));
      const auto [found, is_new] = known.try_emplace(series.labels.without(kBound), known.size());
      if (is_new) firsts_.push_back(histogram_of_.size());
      histogram_of_.push_back(found->second);
    }
  }

  // value(buckets, step, name) for each histogram at each step.
  template <typename ValueOf>
  Matrix run(ValueOf value) {
    StepReader reader(matrix_);
    std::vector<std::vector<Bucket>> buckets(firsts_.size());
    for (std::size_t step = 0; step < evaluation_.steps() && !evaluation_.failed(); ++step) {
      for (auto& each : buckets) each.clear();
      const auto& present = reader.at(evaluation_.time(step));
      evaluation_.budget().work(present.size());
      for (const auto& each : present) {
        if (const auto bound = bounds_[each.series])
          buckets[histogram_of_[each.series]].push_back({*bound, each.value});
        else
          complain(matrix_[each.series].labels);
      }
      for (std::size_t at = 0; at < buckets.size(); ++at)
        if (!buckets[at].empty()) put(at, step, value(buckets[at], step, name_of(at)));
    }
    return collector_.take();
  }

 private:
  // Names are only known as long as they are not dropped before annotations are written.
  std::string_view shown(std::string_view name) const {
    return evaluation_.delayed_names() ? name : std::string_view();
  }
  std::string_view name_of(std::size_t histogram) const {
    return shown(matrix_[firsts_[histogram]].labels.get(kMetricName));
  }
  void complain(const Labels& labels) {
    evaluation_.annotations().bad_bucket(shown(labels.get(kMetricName)), labels.get(kBound), span_);
  }

  void put(std::size_t histogram, std::size_t step, double value) {
    Series series{matrix_[firsts_[histogram]].labels.without(kBound), {}, false};
    evaluation_.drop_name(series);
    collector_.add(collector_.slot(series.labels, true), {evaluation_.time(step), value});
  }

  Evaluation& evaluation_;
  const Matrix& matrix_;
  Span span_;
  Collector collector_;
  std::vector<std::optional<double>> bounds_;  // by series
  std::vector<std::size_t> histogram_of_;      // by series
  std::vector<std::size_t> firsts_;            // by histogram: its first series
};

}  // namespace

namespace calls {

Matrix histogram_quantile(Evaluation& evaluation, const Expr& call_expr) {
  const auto& call = std::get<CallNode>(call_expr.node);
  const auto quantiles = evaluation.eval_scalar(*call.args[0]);
  for (const double quantile : quantiles)
    if (!(quantile >= 0 && quantile <= 1))
      evaluation.annotations().invalid_quantile(quantile, call.args[0]->span);
  const Matrix matrix = evaluation.eval(*call.args[1]);
  const Span span = call.args[1]->span;
  return Histograms(evaluation, matrix, span)
      .run([&](std::vector<Bucket>& buckets, std::size_t step, std::string_view name) {
        const BucketQuantile found = bucket_quantile(quantiles[step], buckets);
        if (found.forced)
          evaluation.annotations().forced_monotonicity(name, span, evaluation.time(step),
                                                       found.min_bucket, found.max_bucket,
                                                       found.max_difference);
        return found.value;
      });
}

Matrix histogram_fraction(Evaluation& evaluation, const Expr& call_expr) {
  const auto& call = std::get<CallNode>(call_expr.node);
  const auto lower = evaluation.eval_scalar(*call.args[0]);
  const auto upper = evaluation.eval_scalar(*call.args[1]);
  const Matrix matrix = evaluation.eval(*call.args[2]);
  return Histograms(evaluation, matrix, call.args[2]->span)
      .run([&](std::vector<Bucket>& buckets, std::size_t step, std::string_view) {
        return bucket_fraction(lower[step], upper[step], buckets);
      });
}

}  // namespace calls
}  // namespace rules

// Which group a series belongs to is settled once; at each step the groups start afresh.
#include "rules/promql/aggregation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "rules/promql/kahan.h"
#include "rules/promql/number.h"
#include "rules/promql/quote.h"
#include "rules/promql/steps.h"
#include "rules/promql/window.h"

namespace rules {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

class Grouping {
 public:
  explicit Grouping(const AggregateNode& node) : without_(node.without), names_(node.grouping) {
    if (without_) names_.emplace_back(kMetricName);
    std::ranges::sort(names_);
  }

  Labels labels(const Labels& labels) const {
    return without_ ? labels.drop(names_) : labels.keep(names_);
  }

 private:
  bool without_;
  std::vector<std::string> names_;
};

// What is known of a group at one step.
struct Group {
  double count = 0;
  KahanSum sum;
  KahanSum mean;  // once the sum overflows
  bool overflowed = false;
  double extreme = 0;  // min or max
  double squares = 0;  // stddev, stdvar
  double plain_mean = 0;
  std::vector<double> values;  // quantile
  bool drop_name = false;

  void add(AggregateOp op, double value);
  double result(AggregateOp op, double parameter);

 private:
  void add_mean(double value);
  void add_spread(double value);
  void add_extreme(AggregateOp op, double value);
};

void Group::add(AggregateOp op, double value) {
  count += 1;
  switch (op) {
    case AggregateOp::sum:
      // The first is taken as it is: an infinite one has no rounding error.
      if (count == 1)
        sum = {value, 0};
      else
        sum.add(value);
      break;
    case AggregateOp::avg:
      add_mean(value);
      break;
    case AggregateOp::min:
    case AggregateOp::max:
      add_extreme(op, value);
      break;
    case AggregateOp::stddev:
    case AggregateOp::stdvar:
      add_spread(value);
      break;
    case AggregateOp::quantile:
      values.push_back(value);
      break;
    default:
      break;
  }
}

// A sum divided at the end, unless it overflows: then a mean updated value by value.
void Group::add_mean(double value) {
  if (count == 1) {
    sum = {value, 0};
    return;
  }
  if (!overflowed) {
    KahanSum longer = sum;
    longer.add(value);
    if (!std::isinf(longer.sum)) {
      sum = longer;
      return;
    }
    overflowed = true;
    mean = {sum.sum / (count - 1), sum.error / (count - 1)};
  }
  const double share = (count - 1) / count;
  mean = {share * mean.sum, share * mean.error};
  mean.add(value / count);
}

void Group::add_spread(double value) {
  if (count == 1) {
    plain_mean = value;
    squares = std::isfinite(value) ? 0 : kNaN;
    return;
  }
  const double delta = value - plain_mean;
  plain_mean += delta / count;
  squares += delta * (value - plain_mean);
}

void Group::add_extreme(AggregateOp op, double value) {
  const bool further = op == AggregateOp::max ? extreme < value : extreme > value;
  if (count == 1 || further || std::isnan(extreme)) extreme = value;
}

double Group::result(AggregateOp op, double parameter) {
  switch (op) {
    case AggregateOp::sum:
      return sum.sum + sum.error;
    case AggregateOp::avg:
      return overflowed ? mean.sum + mean.error : sum.sum / count + sum.error / count;
    case AggregateOp::count:
      return count;
    case AggregateOp::min:
    case AggregateOp::max:
      return extreme;
    case AggregateOp::stddev:
      return std::sqrt(squares / count);
    case AggregateOp::stdvar:
      return squares / count;
    case AggregateOp::quantile:
      return quantile_of(parameter, values);
    default:
      return 1;
  }
}

class Aggregation {
 public:
  Aggregation(Evaluation& evaluation, const AggregateNode& node, const Matrix& input,
              std::vector<double> parameters)
      : evaluation_(evaluation), node_(node), input_(input), parameters_(std::move(parameters)) {
    const Grouping grouping(node);
    std::unordered_map<Labels, std::size_t, LabelsHash> groups;
    for (const Series& series : input) {
      Labels labels = grouping.labels(series.labels);
      const auto [found, is_new] = groups.try_emplace(labels, groups.size());
      if (is_new) group_labels_.push_back(std::move(labels));
      group_of_.push_back(found->second);
    }
  }

  Matrix run() {
    Matrix result;
    for (const Labels& labels : group_labels_) result.push_back({labels, {}, false});
    StepReader reader(input_);
    for (std::size_t step = 0; step < evaluation_.steps() && !evaluation_.failed(); ++step) {
      std::vector<Group> groups(group_labels_.size());
      const auto& present = reader.at(evaluation_.time(step));
      evaluation_.budget().work(present.size());
      for (const auto& each : present) {
        Group& group = groups[group_of_[each.series]];
        group.add(node_.op, each.value);
        group.drop_name |= input_[each.series].drop_name;
      }
      for (std::size_t at = 0; at < groups.size(); ++at) {
        if (groups[at].count == 0) continue;
        const double value = groups[at].result(node_.op, parameter(step));
        result[at].points.push_back({evaluation_.time(step), value});
        result[at].drop_name = groups[at].drop_name;
      }
    }
    std::erase_if(result, [](const Series& series) { return series.points.empty(); });
    return result;
  }

  // topk and bottomk: series as they were, at the steps at which they are among the first k.
  Matrix run_ranked() {
    Collector collector(evaluation_);
    StepReader reader(input_);
    for (std::size_t step = 0; step < evaluation_.steps() && !evaluation_.failed(); ++step) {
      const auto& present = reader.at(evaluation_.time(step));
      evaluation_.budget().work(present.size());
      const double wanted = std::min(parameter(step), static_cast<double>(input_.size()));
      if (!(wanted >= 1)) continue;
      const auto count = static_cast<std::size_t>(wanted);
      for (std::vector<StepReader::Present>& group : by_group(present)) {
        std::ranges::sort(group, [&](const auto& left, const auto& right) {
          if (ranks_before(left.value, right.value)) return true;
          return !ranks_before(right.value, left.value) && left.series < right.series;
        });
        if (group.size() > count) group.resize(count);
        for (const auto& each : group) {
          const Series& series = input_[each.series];
          const std::size_t slot = collector.slot(series.labels, series.drop_name);
          collector.add(slot, {evaluation_.time(step), each.value});
        }
      }
    }
    return collector.take();
  }

 private:
  double parameter(std::size_t step) const { return parameters_.empty() ? 0 : parameters_[step]; }

  bool ranks_before(double left, double right) const {
    if (std::isnan(left) || std::isnan(right)) return !std::isnan(left) && std::isnan(right);
    return node_.op == AggregateOp::topk ? left > right : left < right;
  }

  std::vector<std::vector<StepReader::Present>> by_group(
      const std::vector<StepReader::Present>& present) const {
    std::vector<std::vector<StepReader::Present>> groups(group_labels_.size());
    for (const auto& each : present) groups[group_of_[each.series]].push_back(each);
    return groups;
  }

  Evaluation& evaluation_;
  const AggregateNode& node_;
  const Matrix& input_;
  std::vector<double> parameters_;
  std::vector<Labels> group_labels_;
  std::vector<std::size_t> group_of_;
};

// How many series of a group have each value: the value becomes a label.
Matrix count_values(Evaluation& evaluation, const AggregateNode& node) {
  const auto& label = std::get<StringNode>(bare(*node.parameter).node).value;
  const Matrix input = evaluation.eval(*node.expr);
  if (!is_utf8(label)) {
    evaluation.fail("invalid label name " + quote(label));
    return {};
  }
  std::vector<std::string> names = node.grouping;
  names.emplace_back(node.without ? std::string(kMetricName) : label);
  names = sorted(std::move(names));
  Collector collector(evaluation);
  StepReader reader(input);
  for (std::size_t step = 0; step < evaluation.steps() && !evaluation.failed(); ++step) {
    std::unordered_map<Labels, double, LabelsHash> counts;
    std::vector<Labels> order;
    for (const auto& each : reader.at(evaluation.time(step))) {
      const Labels labels = input[each.series].labels.with(label, format_number(each.value));
      const Labels group = node.without ? labels.drop(names) : labels.keep(names);
      if (counts[group]++ == 0) order.push_back(group);
      evaluation.budget().work(1);
    }
    for (const Labels& group : order)
      collector.add(collector.slot(group, false), {evaluation.time(step), counts[group]});
  }
  return collector.take();
}

// Says what is odd about the parameters; false when there can be no result.
bool check_parameters(Evaluation& evaluation, const AggregateNode& node,
                      const std::vector<double>& parameters) {
  if (node.op == AggregateOp::quantile) {
    for (const double each : parameters)
      if (!(each >= 0 && each <= 1))
        evaluation.annotations().invalid_quantile(each, node.parameter->span);
    return true;
  }
  constexpr double kLargest = 9.223372036854775807e18;
  const bool any = std::ranges::any_of(parameters, [](double each) { return each >= 1; });
  for (const double each : parameters) {
    if (!any) break;
    if (std::isnan(each)) evaluation.fail("Parameter value is NaN");
    if (each <= -kLargest)
      evaluation.fail(fmt::format("Scalar value {} underflows int64", format_short(each)));
    if (each >= kLargest)
      evaluation.fail(fmt::format("Scalar value {} overflows int64", format_short(each)));
  }
  return any && !evaluation.failed();
}

}  // namespace

Matrix aggregate(Evaluation& evaluation, const AggregateNode& node) {
  if (node.op == AggregateOp::count_values) return count_values(evaluation, node);
  std::vector<double> parameters;
  if (node.parameter) parameters = evaluation.eval_scalar(*node.parameter);
  const Matrix input = evaluation.eval(*node.expr);
  if (evaluation.failed()) return {};
  if (node.parameter && !check_parameters(evaluation, node, parameters)) return {};
  Aggregation aggregation(evaluation, node, input, std::move(parameters));
  const bool ranked = node.op == AggregateOp::topk || node.op == AggregateOp::bottomk;
  return ranked ? aggregation.run_ranked() : aggregation.run();
}

}  // namespace rules

// Interval arithmetic over the tree. What nothing is known of is unbounded, so that a finding is
// never a guess.
#include "exporter/tool/lint/bounds.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "rules/promql/functions.h"
#include "rules/promql/matcher.h"

namespace exporter::lint {
namespace {

using rules::AggregateOp;
using rules::BinaryOp;

constexpr Bounds kUnbounded{};
constexpr Bounds kCount{0, std::numeric_limits<double>::infinity()};
constexpr Bounds kFraction{0, 1};
constexpr Bounds kOne{1, 1};
// Records may read records; further down nothing is known.
constexpr int kMostRecords = 8;

// Metrics that are 0 or 1, and ratios of a part to its whole.
constexpr std::array kFractions = {
    metric("sla_service_state").name,
    metric("sla_month_state").name,
    metric("sla_month_availability_ratio").name,
    metric("sla_month_availability_low_ratio").name,
    metric("sla_month_availability_high_ratio").name,
    metric("probe_success").name,
    metric("probe_http_ssl").name,
    metric("probe_failed_due_to_regex").name,
    metric("probe_failed_due_to_bytes").name,
    metric("probe_dns_query_succeeded").name,
    metric("sla_exporter_config_last_reload_successful").name,
    metric("sla_exporter_storage_full").name,
    metric("sla_exporter_connected").name,
    metric("sla_exporter_clock_synchronized").name,
};
// Functions of a window whose result lies between its values, and of a vector that keep values.
constexpr std::array<std::string_view, 11> kKeeping = {
    "avg_over_time", "min_over_time",      "max_over_time", "last_over_time", "first_over_time",
    "label_join",    "quantile_over_time", "label_replace", "sort",           "sort_desc",
    "vector"};
// Of samples that are not negative, not negative either.
constexpr std::array<std::string_view, 4> kOfCounters = {"rate", "increase", "irate",
                                                         "sum_over_time"};
constexpr std::array<std::string_view, 6> kCounting = {
    "count_over_time", "changes", "resets", "stddev_over_time", "stdvar_over_time", "abs"};

template <typename List>
bool holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::ranges::end(list);
}

Bounds hull(Bounds a, Bounds b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

double product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

Bounds times(Bounds a, Bounds b) {
  const std::array ends = {product(a.low, b.low), product(a.low, b.high), product(a.high, b.low),
                           product(a.high, b.high)};
  return {*std::ranges::min_element(ends), *std::ranges::max_element(ends)};
}

Bounds divided(Bounds a, Bounds b) {
  if (b.low == b.high && b.low != 0) return times(a, {1 / b.low, 1 / b.low});
  return a.low >= 0 && b.low >= 0 ? kCount : kUnbounded;
}

class Evaluator {
 public:
  Evaluator(const Catalogue& catalogue, Bounds objective)
      : catalogue_(catalogue), objective_(objective) {}

  // Each node once, whoever asks: a division asks twice about what is below it.
  Bounds of(const rules::Expr& expr) {
    const auto known = known_.find(&expr);
    if (known != known_.end()) return known->second;
    return known_[&expr] = of_node(expr);
  }

 private:
  Bounds of_node(const rules::Expr& expr) {
    return std::visit(
        rules::Overloaded{
            [](const rules::NumberNode& node) { return Bounds{node.value, node.value}; },
            [](const rules::StringNode&) { return kUnbounded; },
            [&](const rules::SelectorNode& node) { return of_metric(metric_of(node)); },
            [&](const rules::SubqueryNode& node) { return of(*node.expr); },
            [&](const rules::CallNode& node) { return of_call(node); },
            [&](const rules::AggregateNode& node) { return of_aggregate(node); },
            [&](const rules::BinaryNode& node) { return of_binary(node); },
            [&](const rules::ParenNode& node) { return of(*node.expr); },
            [&](const rules::UnaryNode& node) {
              const Bounds inner = of(*node.expr);
              return node.negative ? Bounds{-inner.high, -inner.low} : inner;
            }},
        expr.node);
  }
  Bounds of_metric(std::string_view name);
  Bounds of_call(const rules::CallNode& call);
  Bounds of_clamp(const rules::CallNode& call);
  Bounds of_aggregate(const rules::AggregateNode& aggregate);
  Bounds of_binary(const rules::BinaryNode& binary);
  bool is_part(const rules::Expr& part, const rules::Expr& whole);
  bool is_part_of_sum(const rules::BinaryNode& part_of_it, const rules::Expr& part);

  const Catalogue& catalogue_;
  Bounds objective_;
  std::map<const rules::Expr*, Bounds> known_;
  std::map<std::string, Bounds, std::less<>> records_;
  int depth_ = 0;  // of records that read records
};

Bounds Evaluator::of_metric(std::string_view name) {
  if (name == kAlertSeries) return kOne;
  if (const MetricName* metric = Catalogue::own(name)) {
    if (name == exporter::metric("sla_objective_ratio").name) return objective_;
    if (name == exporter::metric("sla_error_budget_remaining_ratio").name) return {.high = 1};
    if (holds(kFractions, name)) return kFraction;
    if (metric->kind == MetricKind::info) return kOne;
    return metric->kind == MetricKind::gauge ? kUnbounded : kCount;
  }
  const auto known = records_.find(name);
  if (known != records_.end()) return known->second;
  const std::vector<Site> sites = catalogue_.records(name);
  if (sites.empty() || depth_ == kMostRecords) return kUnbounded;
  // What a record finds of itself below.
  Bounds& result = records_[std::string(name)];
  ++depth_;
  std::optional<Bounds> all;
  for (const Site& site : sites) {
    const Bounds one = of(*site.base().expr);
    all = all ? hull(*all, one) : one;
  }
  --depth_;
  return result = *all;
}

Bounds Evaluator::of_call(const rules::CallNode& call) {
  const std::string_view name = call.function->name;
  if (name.starts_with("absent") || name == "present_over_time") return kOne;
  if (name.starts_with("clamp")) return of_clamp(call);
  if (holds(kCounting, name)) return kCount;
  if (call.args.empty()) return kUnbounded;
  // Its window or vector is the last argument of quantile_over_time, else the first.
  const Bounds inner = of(name == "quantile_over_time" ? *call.args.back() : *call.args.front());
  if (holds(kKeeping, name) || name == "scalar") return inner;
  if (holds(kOfCounters, name)) return inner.low >= 0 ? kCount : kUnbounded;
  return kUnbounded;
}

Bounds Evaluator::of_clamp(const rules::CallNode& call) {
  Bounds out = of(*call.args.front());
  const bool both = call.args.size() == 3;
  if (both || call.function->name == "clamp_min") {
    const Bounds least = of(*call.args[1]);
    out = {std::max(out.low, least.low), std::max(out.high, least.high)};
  }
  if (both || call.function->name == "clamp_max") {
    const Bounds most = of(*call.args.back());
    out = {std::min(out.low, most.low), std::min(out.high, most.high)};
  }
  return out;
}

Bounds Evaluator::of_aggregate(const rules::AggregateNode& aggregate) {
  switch (aggregate.op) {
    case AggregateOp::avg:
    case AggregateOp::min:
    case AggregateOp::max:
    case AggregateOp::topk:
    case AggregateOp::bottomk:
    case AggregateOp::quantile:
      return of(*aggregate.expr);
    case AggregateOp::sum:
      return of(*aggregate.expr).low >= 0 ? kCount : kUnbounded;
    case AggregateOp::group:
      return kOne;
    case AggregateOp::count:
    case AggregateOp::stddev:
    case AggregateOp::stdvar:
      return kCount;
    case AggregateOp::count_values:
      break;
  }
  return kUnbounded;
}

Bounds Evaluator::of_binary(const rules::BinaryNode& binary) {
  const Bounds left = of(*binary.left), right = of(*binary.right);
  if (rules::is_comparison(binary.op)) return binary.return_bool ? kFraction : left;
  switch (binary.op) {
    case BinaryOp::add:
      return {left.low + right.low, left.high + right.high};
    case BinaryOp::sub:
      return {left.low - right.high, left.high - right.low};
    case BinaryOp::mul:
      return times(left, right);
    case BinaryOp::div:
      if (left.low >= 0 && is_part(*binary.left, *binary.right)) return kFraction;
      return divided(left, right);
    case BinaryOp::land:
    case BinaryOp::lunless:
      return left;
    case BinaryOp::lor:
      return hull(left, right);
    default:
      return kUnbounded;
  }
}

// Whether whatever these matchers allow passes that one.
bool implies(const std::vector<rules::Matcher>& narrow, const rules::Matcher& wide) {
  const rules::CompiledMatcher test(wide);
  return std::ranges::any_of(narrow, [&](const rules::Matcher& each) {
    if (each == wide) return true;
    return each.name == wide.name && each.kind == rules::Matcher::Kind::equal &&
           test.matches(each.value);
  });
}

bool is_part(const rules::SelectorNode& part, const rules::SelectorNode& whole) {
  return part.range == whole.range && part.shift == whole.shift &&
         std::ranges::all_of(whole.matchers, [&](const rules::Matcher& each) {
           return implies(part.matchers, each);
         });
}

// Whether each value of `part` is a sum over some of the series that make up `whole`, as in failed
// over all.
bool Evaluator::is_part(const rules::Expr& part_expr, const rules::Expr& whole_expr) {
  const rules::Expr &part = rules::bare(part_expr), &whole = rules::bare(whole_expr);
  if (of(whole).low < 0) return false;
  if (const auto* sum = std::get_if<rules::BinaryNode>(&whole.node)) {
    return sum->op == BinaryOp::add && is_part_of_sum(*sum, part);
  }
  if (part.node.index() != whole.node.index()) return false;
  if (const auto* selector = std::get_if<rules::SelectorNode>(&part.node)) {
    return lint::is_part(*selector, std::get<rules::SelectorNode>(whole.node));
  }
  if (const auto* call = std::get_if<rules::CallNode>(&part.node)) {
    const auto& other = std::get<rules::CallNode>(whole.node);
    return call->function == other.function && holds(kOfCounters, call->function->name) &&
           is_part(*call->args.front(), *other.args.front());
  }
  if (const auto* aggregate = std::get_if<rules::AggregateNode>(&part.node)) {
    const auto& other = std::get<rules::AggregateNode>(whole.node);
    return aggregate->op == other.op && aggregate->op == AggregateOp::sum &&
           aggregate->without == other.without && aggregate->grouping == other.grouping &&
           is_part(*aggregate->expr, *other.expr);
  }
  return false;
}

bool Evaluator::is_part_of_sum(const rules::BinaryNode& sum, const rules::Expr& part) {
  return of(*sum.left).low >= 0 && of(*sum.right).low >= 0 &&
         (is_part(part, *sum.left) || is_part(part, *sum.right));
}

}  // namespace

Bounds bounds_of(const rules::Expr& expr, const Catalogue& catalogue, Bounds objective) {
  return Evaluator(catalogue, objective).of(expr);
}

void visit_comparisons(const rules::Expr& expr,
                       const std::function<void(const rules::Expr&)>& visit) {
  const auto* binary = std::get_if<rules::BinaryNode>(&expr.node);
  if (binary != nullptr && rules::is_comparison(binary->op) && !binary->return_bool) visit(expr);
  rules::for_each_child(expr, [&](const rules::Expr& child) { visit_comparisons(child, visit); });
}

}  // namespace exporter::lint

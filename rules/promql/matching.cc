// Series are matched by signature: their labels reduced to those that count. Every signature gets
// a number once; the walk over the steps then only compares numbers.
#include "rules/promql/matching.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "rules/promql/quote.h"
#include "rules/promql/steps.h"

namespace rules {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

double arithmetic(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::add:
      return left + right;
    case BinaryOp::sub:
      return left - right;
    case BinaryOp::mul:
      return left * right;
    case BinaryOp::div:
      return left / right;
    case BinaryOp::mod:
      return std::fmod(left, right);
    case BinaryOp::pow:
      return std::pow(left, right);
    default:
      return std::atan2(left, right);
  }
}

bool compare(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::eq:
      return left == right;
    case BinaryOp::ne:
      return left != right;
    case BinaryOp::lt:
      return left < right;
    case BinaryOp::le:
      return left <= right;
    case BinaryOp::gt:
      return left > right;
    default:
      return left >= right;
  }
}

// The value of a pair of elements; nothing when a comparison filters it out. `kept` is what a
// comparison lets through.
std::optional<double> element(const BinaryNode& binary, double left, double right, double kept) {
  if (!is_comparison(binary.op)) return arithmetic(binary.op, left, right);
  const bool holds = compare(binary.op, left, right);
  if (binary.return_bool) return holds ? 1 : 0;
  return holds ? std::optional(kept) : std::nullopt;
}

std::string braced(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels.pairs()) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{}={}", is_label_name(name) ? name : quote(name), quote(value));
  }
  return '{' + out + '}';
}

class Signatures {
 public:
  explicit Signatures(const Matching& matching) : on_(matching.on), names_(matching.labels) {
    if (!on_) names_.emplace_back(kMetricName);
    std::ranges::sort(names_);
  }

  Labels signature(const Labels& labels) const {
    return on_ ? labels.keep(names_) : labels.drop(names_);
  }

  // The number of each series' signature.
  std::vector<std::size_t> number(const Matrix& matrix) {
    std::vector<std::size_t> numbers;
    numbers.reserve(matrix.size());
    for (const Series& series : matrix)
      numbers.push_back(known_.try_emplace(signature(series.labels), known_.size()).first->second);
    return numbers;
  }

  std::size_t count() const { return known_.size(); }

 private:
  bool on_;
  std::vector<std::string> names_;
  std::unordered_map<Labels, std::size_t, LabelsHash> known_;
};

class SetOperation {
 public:
  SetOperation(Evaluation& evaluation, const BinaryNode& binary, const Matrix& left,
               const Matrix& right)
      : evaluation_(evaluation),
        op_(binary.op),
        left_(left),
        right_(right),
        signatures_(binary.matching),
        collector_(evaluation) {}

  Matrix run() {
    const auto left_numbers = signatures_.number(left_);
    const auto right_numbers = signatures_.number(right_);
    // The step at which a signature was last seen on a side.
    std::vector<std::size_t> seen(signatures_.count(), kNone);
    StepReader lefts(left_), rights(right_);
    for (std::size_t step = 0; step < evaluation_.steps() && !evaluation_.failed(); ++step) {
      const std::int64_t time = evaluation_.time(step);
      const auto& left = lefts.at(time);
      const auto& right = rights.at(time);
      evaluation_.budget().work(left.size() + right.size());
      if (op_ == BinaryOp::lor) {
        for (const auto& each : left) seen[left_numbers[each.series]] = step;
        for (const auto& each : left) put(left_, left_slots_, each, time);
        for (const auto& each : right)
          if (seen[right_numbers[each.series]] != step) put(right_, right_slots_, each, time);
        continue;
      }
      for (const auto& each : right) seen[right_numbers[each.series]] = step;
      for (const auto& each : left) {
        const bool matched = seen[left_numbers[each.series]] == step;
        if (matched == (op_ == BinaryOp::land)) put(left_, left_slots_, each, time);
      }
    }
    return collector_.take();
  }

 private:
  void put(const Matrix& side, std::vector<std::size_t>& slots, const StepReader::Present& each,
           std::int64_t time) {
    slots.resize(side.size(), kNone);
    const Series& series = side[each.series];
    std::size_t& slot = slots[each.series];
    if (slot == kNone) slot = collector_.slot(series.labels, series.drop_name);
    collector_.add(slot, {time, each.value});
  }

  Evaluation& evaluation_;
  BinaryOp op_;
  const Matrix& left_;
  const Matrix& right_;
  Signatures signatures_;
  Collector collector_;
  std::vector<std::size_t> left_slots_, right_slots_;
};

// One sample of the "one" side for each of the "many" side. One to many is many to one with the
// sides swapped.
class PairOperation {
 public:
  PairOperation(Evaluation& evaluation, const BinaryNode& binary, const Matrix& left,
                const Matrix& right)
      : evaluation_(evaluation),
        binary_(binary),
        matching_(binary.matching),
        swapped_(matching_.card == Matching::Card::one_to_many),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        signatures_(matching_),
        collector_(evaluation),
        sorted_labels_(matching_.labels) {
    std::ranges::sort(sorted_labels_);
  }

  Matrix run() {
    many_numbers_ = signatures_.number(many_);
    one_numbers_ = signatures_.number(one_);
    one_of_.resize(signatures_.count(), {kNone, {}});
    matched_.resize(signatures_.count(), kNone);
    StepReader many_reader(many_), one_reader(one_);
    for (std::size_t step = 0; step < evaluation_.steps() && !evaluation_.failed(); ++step) {
      const std::int64_t time = evaluation_.time(step);
      const auto& many = many_reader.at(time);
      const auto& one = one_reader.at(time);
      evaluation_.budget().work(many.size() + one.size());
      if (many.empty() || one.empty() || !enter_ones(one, step)) continue;
      for (const auto& each : many) match(each, step, time);
    }
    return collector_.take();
  }

 private:
  struct One {
    std::size_t step;
    StepReader::Present present;
  };
  struct Result {
    std::size_t slot = kNone;
    std::size_t step = kNone, signature = kNone;  // where it was last a result
  };

  bool enter_ones(const std::vector<StepReader::Present>& one, std::size_t step) {
    for (const auto& each : one) {
      One& entry = one_of_[one_numbers_[each.series]];
      if (entry.step == step) {
        complain_of_duplicates(each.series, entry.present.series);
        return false;
      }
      entry = {step, each};
    }
    return true;
  }

  void complain_of_duplicates(std::size_t one, std::size_t other) {
    std::string first = braced(one_[one].labels), second = braced(one_[other].labels);
    if (first > second) std::swap(first, second);
    evaluation_.fail(fmt::format(
        "found duplicate series for the match group {} on the {} hand-side of the operation: "
        "[{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
        braced(signatures_.signature(one_[one].labels)), swapped_ ? "left" : "right", first,
        second));
  }

  void match(const StepReader::Present& many, std::size_t step, std::int64_t time) {
    const std::size_t number = many_numbers_[many.series];
    const One& one = one_of_[number];
    if (one.step != step) return;
    const double left = swapped_ ? one.present.value : many.value;
    const double right = swapped_ ? many.value : one.present.value;
    const auto value = element(binary_, left, right, left);
    Result& result = result_of(many.series, one.present.series);
    if (matching_.card == Matching::Card::one_to_one) {
      if (matched_[number] == step)
        return evaluation_.fail(
            "multiple matches for labels: many-to-one matching must be explicit "
            "(group_left/group_right)");
      matched_[number] = step;
    } else if (result.step == step && result.signature == number) {
      return evaluation_.fail(
          "multiple matches for labels: grouping labels must ensure unique matches");
    }
    result.step = step;
    result.signature = number;
    if (value) collector_.add(result.slot, {time, *value});
  }

  // The series that a pair of series results in, worked out once.
  Result& result_of(std::size_t many, std::size_t one) {
    const auto [known, is_new] = slot_of_pair_.try_emplace(many * one_.size() + one, kNone);
    if (is_new) {
      known->second = collector_.slot(labels_of(many_[many].labels, one_[one].labels),
                                      binary_.return_bool || many_[many].drop_name);
      results_.resize(std::max(results_.size(), known->second + 1));
      results_[known->second].slot = known->second;
    }
    return results_[known->second];
  }

  Labels labels_of(const Labels& many, const Labels& one) const {
    const bool new_meaning = !is_comparison(binary_.op);
    const bool bool_now = binary_.return_bool && !evaluation_.delayed_names();
    Labels labels = new_meaning || bool_now ? without_metadata(many) : many;
    if (matching_.card == Matching::Card::one_to_one)
      labels = matching_.on ? labels.keep(sorted_labels_) : labels.drop(sorted_labels_);
    for (const std::string& name : matching_.include) labels = labels.with(name, one.get(name));
    return labels;
  }

  Evaluation& evaluation_;
  const BinaryNode& binary_;
  const Matching& matching_;
  const bool swapped_;
  const Matrix& many_;
  const Matrix& one_;
  Signatures signatures_;
  Collector collector_;
  std::vector<std::string> sorted_labels_;
  std::vector<std::size_t> many_numbers_, one_numbers_;
  std::vector<One> one_of_;           // by signature
  std::vector<std::size_t> matched_;  // by signature: the step of its last match
  std::vector<Result> results_;       // by slot
  std::unordered_map<std::size_t, std::size_t> slot_of_pair_;
};

}  // namespace

double scalar_operation(BinaryOp op, double left, double right) {
  if (is_comparison(op)) return compare(op, left, right) ? 1 : 0;
  return arithmetic(op, left, right);
}

Matrix match_vectors(Evaluation& evaluation, const BinaryNode& binary, const Matrix& left,
                     const Matrix& right) {
  if (is_set_operator(binary.op)) return SetOperation(evaluation, binary, left, right).run();
  return PairOperation(evaluation, binary, left, right).run();
}

Matrix vector_with_scalar(Evaluation& evaluation, const BinaryNode& binary, Matrix vector,
                          const std::vector<double>& scalars) {
  const bool scalar_first = binary.left->type() == ValueType::scalar;
  const bool new_meaning = !is_comparison(binary.op) || binary.return_bool;
  for (Series& series : vector) {
    std::vector<Sample> kept;
    std::size_t step = 0;
    for (const Sample& point : series.points) {
      while (evaluation.time(step) < point.at) ++step;
      const double left = scalar_first ? scalars[step] : point.value;
      const double right = scalar_first ? point.value : scalars[step];
      if (const auto value = element(binary, left, right, point.value))
        kept.push_back({point.at, *value});
    }
    series.points = std::move(kept);
    if (new_meaning) evaluation.drop_name(series);
  }
  std::erase_if(vector, [](const Series& series) { return series.points.empty(); });
  return new_meaning && !evaluation.delayed_names() ? evaluation.merge_equal(std::move(vector))
                                                    : vector;
}

}  // namespace rules

// The lint of comparisons that nothing can meet: a burn rate times an error budget so large that it
// is more than all requests.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/reader.h"
#include "exporter/config/values.h"
#include "exporter/tool/lint/bounds.h"
#include "rules/promql/matcher.h"
#include "rules/promql/number.h"
#include "rules/promql/printer.h"

namespace exporter::lint {
namespace {

using rules::BinaryOp;

bool unreachable(BinaryOp op, Bounds left, Bounds right) {
  switch (op) {
    case BinaryOp::gt:
      return left.high <= right.low;
    case BinaryOp::ge:
      return left.high < right.low;
    case BinaryOp::lt:
      return left.low >= right.high;
    case BinaryOp::le:
      return left.low > right.high;
    case BinaryOp::eq:
      return left.high < right.low || left.low > right.high;
    default:
      return false;
  }
}

std::string span_text(Bounds bounds) {
  if (bounds.low == bounds.high) return fmt::format("is {}", rules::format_number(bounds.low));
  if (bounds.high == Bounds{}.high)
    return fmt::format("is at least {}", rules::format_number(bounds.low));
  if (bounds.low == Bounds{}.low)
    return fmt::format("is at most {}", rules::format_number(bounds.high));
  return fmt::format("is from {} to {}", rules::format_number(bounds.low),
                     rules::format_number(bounds.high));
}

// Whether every selector of the expression may match series of this service and agreement.
bool concerns(const rules::Expr& expr, std::string_view service, std::string_view agreement) {
  return std::ranges::all_of(readings(expr), [&](const Reading& reading) {
    return std::ranges::all_of(
        rules::compile(reading.selector().matchers), [&](const rules::CompiledMatcher& each) {
          if (each.matcher().name == "sla_service") return each.matches(service);
          return each.matcher().name != "sla_agreement" || each.matches(agreement);
        });
  });
}

class Comparisons {
 public:
  Comparisons(const Catalogue& catalogue, const Site& site) : catalogue_(catalogue), site_(site) {}

  std::vector<Finding> run() {
    visit_comparisons(*site_.base().expr, [&](const rules::Expr& expr) { comparison(expr); });
    return std::move(found_);
  }

 private:
  void comparison(const rules::Expr& expr) {
    if (readings(expr).empty()) return;
    const auto& node = std::get<rules::BinaryNode>(expr.node);
    if (holds_for(node, {0, 1})) return report(expr, {0, 1}, "");
    // What is out of reach only under some of the objectives agreed on.
    if (!catalogue_.input().config) return;
    std::vector<std::string> services;
    Bounds last;
    for (const AgreementTerms& terms : catalogue_.input().config->agreements) {
      for (const auto& [service, objective] : terms.objectives) {
        const Bounds fixed{objective.ratio(), objective.ratio()};
        if (!concerns(expr, service, terms.name) || !holds_for(node, fixed)) continue;
        last = fixed;
        services.push_back(
            fmt::format("\"{}\" ({})", service, config::format_objective(objective)));
      }
    }
    if (!services.empty())
      report(expr, last, fmt::format(" for service {}", config::join_names(services)));
  }

  bool holds_for(const rules::BinaryNode& node, Bounds objective) const {
    return unreachable(node.op, bounds_of(*node.left, catalogue_, objective),
                       bounds_of(*node.right, catalogue_, objective));
  }

  void report(const rules::Expr& expr, Bounds objective, const std::string& whom) {
    const auto& node = std::get<rules::BinaryNode>(expr.node);
    const auto side = [&](const rules::Expr& one) {
      return fmt::format("{} {}", rules::print(one),
                         span_text(bounds_of(one, catalogue_, objective)));
    };
    // A number says itself what it is.
    std::string why;
    for (const rules::ExprPtr* each : {&node.left, &node.right}) {
      if (std::holds_alternative<rules::NumberNode>(rules::bare(**each).node)) continue;
      why += (why.empty() ? "" : ", ") + side(**each);
    }
    found_.push_back(
        site_.finding(fmt::format("{} can never be true{}: {}", rules::print(expr), whom, why)));
  }

  const Catalogue& catalogue_;
  const Site& site_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> unreachable_thresholds(const Catalogue& catalogue) {
  std::vector<Finding> out;
  for (const Site& site : catalogue.sites()) {
    for (Finding& finding : Comparisons(catalogue, site).run()) out.push_back(std::move(finding));
  }
  return out;
}

}  // namespace exporter::lint

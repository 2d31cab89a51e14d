// What a query's author should know about a result that is nonetheless one: warnings and
// information in Prometheus' words. Equal ones count once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"

namespace rules {

class Annotations {
 public:
  void warn(std::string text, Span span);
  void inform(std::string text, Span span);
  void invalid_quantile(double quantile, Span span);
  void bad_bucket(std::string_view metric, std::string_view bound, Span span);
  void possibly_no_counter(std::string_view metric, Span span);
  void sorted_in_range(Span span);
  // Gathered over the steps: from which to which bucket, by how much at most, how often and when.
  void forced_monotonicity(std::string_view metric, Span span, std::int64_t at, double min_bucket,
                           double max_bucket, double max_difference);

  bool empty() const { return warnings_.empty() && infos_.empty(); }
  // With "(line:column)" behind each.
  std::vector<std::string> warnings(std::string_view query) const;
  std::vector<std::string> infos(std::string_view query) const;
  // Without any position, as scripts expect them.
  std::vector<std::string> warnings() const;
  std::vector<std::string> infos() const;

 private:
  struct Forced {
    Span span;
    std::int64_t first = 0, last = 0, count = 0;
    double min_bucket = 0, max_bucket = 0, max_difference = 0;
  };

  std::map<std::string, Span> warnings_, infos_;
  std::map<std::string, Forced> forced_;
};

}  // namespace rules

// Summation that carries its rounding error along (Kahan, improved by Neumaier), as Prometheus
// sums.
#pragma once

#include <cmath>

namespace rules {

struct KahanSum {
  double sum = 0, error = 0;

  void add(double value) {
    const double total = sum + value;
    if (std::isinf(total)) {
      error = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      error += (sum - total) + value;
    } else {
      error += (value - total) + sum;
    }
    sum = total;
  }

  // An infinite sum has no error worth adding: infinity and minus infinity would be no number.
  double result() const { return std::isinf(sum) ? sum : sum + error; }
};

}  // namespace rules

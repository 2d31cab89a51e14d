#include "rules/group/step.h"

namespace rules {

StepResult query_vector(const Expr& expr, const Source& source, std::int64_t at,
                        const QueryOptions& options) {
  auto answer = evaluate(expr, source, at, options);
  if (!answer) return std::unexpected(answer.error());
  if (auto* vector = std::get_if<Vector>(&answer->value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<Scalar>(&answer->value)) {
    return Vector{{.labels = {}, .sample = scalar->sample}};
  }
  return std::unexpected("rule result is not a vector or scalar");
}

}  // namespace rules

// Templates of alert labels and annotations: Go's text/template as Prometheus uses it, with
// Prometheus' functions. Parsed once, expanded at every evaluation. Any thread may expand the same
// template. No clock, no query of its own: both come in with the environment.
//
// A template cannot take the process down: nesting, calls, steps, texts and output are limited, and
// reaching a limit is an error like any other, with the place where it happened.
//
// Left out: `call` and `tmpl`, complex numbers, and argument numbers in formats ("%[1]d"), which
// are errors; methods of times and durations beyond Format, Unix, UTC, the parts of a date, String,
// Seconds, Minutes, Hours, Milliseconds, Round and Truncate.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/labels.h"

namespace rules::templates {

struct Error {
  std::string name;                  // of the template
  std::size_t line = 0, column = 0;  // from 1
  std::string message;
  std::string text() const;  // "template: name:line:column: message"
};

struct QueryResult {
  Labels labels;
  double value = 0;
};
using Query =
    std::function<std::expected<std::vector<QueryResult>, std::string>(const std::string&)>;

struct Environment {
  Labels labels, external_labels;
  double value = 0;
  std::string external_url;
  double now = 0;  // of the evaluation, in seconds since the epoch
  Query query;
  std::function<bool()> stop;  // asked now and then; true ends the expansion with an error
};

struct Tree;

class Template {
 public:
  // `name` is for error texts. $labels, $value, $externalLabels and $externalURL are defined.
  static std::expected<Template, Error> parse(std::string name, std::string_view text);
  std::expected<std::string, Error> expand(const Environment& environment) const;

 private:
  explicit Template(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

// What Prometheus puts in place of a text whose template fails.
std::string expansion_error(const Error& error);

}  // namespace rules::templates

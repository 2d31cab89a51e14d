// Reads a page of metrics as strictly as we can, because Prometheus itself is lenient: it takes
// duplicate series and families in two pieces without a word. Works on both text formats.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fakes {

struct MetricsPage {
  struct Sample {
    std::string name;
    std::map<std::string, std::string> labels;  // unescaped
    double value = 0;
  };
  std::map<std::string, std::string> types;  // by family name as the page spells it
  std::map<std::string, std::string> units;
  std::vector<Sample> samples;
  // What is wrong, one sentence each with the line: unknown syntax, a sample outside its family, a
  // split family, a duplicate series, a missing head, wrong suffixes, histograms that do not add
  // up, a missing or early end.
  std::vector<std::string> problems;

  // The value of the one series with this name that has (at least) these labels; NaN when there is
  // none or several.
  double value(std::string_view name, const std::map<std::string, std::string>& labels = {}) const;
  std::size_t count(std::string_view name) const;
};

MetricsPage check_metrics_page(std::string_view page, bool openmetrics);

}  // namespace fakes

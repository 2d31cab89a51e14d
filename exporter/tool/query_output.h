// The result of a query as people, programs and spreadsheets want it. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::tool {

enum class QueryFormat { text, json, csv };

struct QueryOutput {
  std::string text;                  // for standard output
  std::vector<std::string> remarks;  // for standard error: warnings, or that there is nothing
};

// `body` is what the API answered. The error is its sentence.
std::expected<QueryOutput, std::string> query_output(std::string_view body, QueryFormat format);

}  // namespace exporter::tool

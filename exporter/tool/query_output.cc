// The API's JSON becomes rows first: a series, its labels, and points in order.
#include "exporter/tool/query_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "exporter/web/api_json.h"
#include "rules/promql/labels.h"

namespace exporter::tool {
namespace {

using nlohmann::json;

struct Point {
  std::string at, value;
};

struct Row {
  rules::Labels labels;
  std::vector<Point> points;
};

struct Table {
  std::string type;  // scalar, string, vector, matrix
  std::vector<Row> rows;
};

// RFC 3339 to the millisecond, which is what the API's seconds hold.
std::string time_text(double seconds) {
  std::string quoted;
  api::append_instant(quoted, std::llround(seconds * 1000));
  return quoted.substr(1, quoted.size() - 2);
}

Point point_of(const json& pair) {
  return {time_text(pair.at(0).get<double>()), pair.at(1).get<std::string>()};
}

Row row_of(const json& series) {
  std::vector<rules::Labels::Pair> pairs;
  for (const auto& [name, value] : series.at("metric").items())
    pairs.emplace_back(name, value.get<std::string>());
  Row row{rules::Labels(std::move(pairs)), {}};
  if (series.contains("value")) row.points.push_back(point_of(series.at("value")));
  if (series.contains("values")) {
    for (const json& pair : series.at("values")) row.points.push_back(point_of(pair));
  }
  return row;
}

Table table_of(const json& data) {
  Table table{data.at("resultType").get<std::string>(), {}};
  const json& result = data.at("result");
  if (table.type == "scalar" || table.type == "string") {
    table.rows.push_back({{}, {point_of(result)}});
    return table;
  }
  for (const json& series : result) table.rows.push_back(row_of(series));
  return table;
}

std::string vector_text(const Table& table) {
  std::size_t series = 0, value = 0;
  for (const Row& row : table.rows) {
    series = std::max(series, row.labels.text().size());
    for (const Point& point : row.points) value = std::max(value, point.value.size());
  }
  std::string out;
  for (const Row& row : table.rows) {
    for (const Point& point : row.points) {
      out += fmt::format("{:<{}}  {:>{}}  {}\n", row.labels.text(), series, point.value, value,
                         point.at);
    }
  }
  return out;
}

std::string matrix_text(const Table& table) {
  std::string out;
  for (const Row& row : table.rows) {
    out += row.labels.text() + "\n";
    for (const Point& point : row.points) out += fmt::format("  {}  {}\n", point.at, point.value);
  }
  return out;
}

std::string text_of(const Table& table) {
  if (table.type == "matrix") return matrix_text(table);
  if (table.type == "vector") return vector_text(table);
  const Point& point = table.rows.front().points.front();
  return fmt::format("{}  {}\n", point.value, point.at);
}

// Quoted where RFC 4180 wants it.
std::string cell(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + '"';
}

// A column for each label that any series has, then the time and the value.
std::string csv_of(const Table& table) {
  std::set<std::string> names;
  for (const Row& row : table.rows) {
    for (const auto& [name, value] : row.labels.pairs()) names.insert(name);
  }
  std::string out;
  for (const std::string& name : names) out += cell(name) + ',';
  out += "time,value\r\n";
  for (const Row& row : table.rows) {
    std::string labels;
    for (const std::string& name : names) labels += cell(row.labels.get(name)) + ',';
    for (const Point& point : row.points)
      out += fmt::format("{}{},{}\r\n", labels, point.at, cell(point.value));
  }
  return out;
}

std::vector<std::string> remarks_of(const json& answer, const Table& table) {
  std::vector<std::string> remarks;
  for (const char* kind : {"warnings", "infos"}) {
    if (!answer.contains(kind)) continue;
    for (const json& remark : answer.at(kind)) remarks.push_back(remark.get<std::string>());
  }
  if (table.rows.empty()) remarks.emplace_back("nothing matches at that time");
  return remarks;
}

std::expected<QueryOutput, std::string> output_of(const json& answer, QueryFormat format) {
  if (answer.at("status") != "success")
    return std::unexpected(answer.at("error").get<std::string>());
  const Table table = table_of(answer.at("data"));
  QueryOutput output{"", remarks_of(answer, table)};
  switch (format) {
    case QueryFormat::text:
      output.text = text_of(table);
      break;
    case QueryFormat::csv:
      output.text = csv_of(table);
      break;
    case QueryFormat::json:
      output.text = answer.at("data").dump() + "\n";
  }
  return output;
}

}  // namespace

std::expected<QueryOutput, std::string> query_output(std::string_view body, QueryFormat format) {
  try {
    return output_of(json::parse(body), format);
  } catch (const json::exception&) {
    return std::unexpected("the answer is none of a query API");
  }
}

}  // namespace exporter::tool

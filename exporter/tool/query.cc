// slatool query: asks a running exporter (or any Prometheus) in PromQL and prints the answer.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "exporter/tool/api_client.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/query_output.h"
#include "exporter/tool/verbs.h"
#include "exporter/web/api_json.h"
#include "exporter/web/api_params.h"

namespace exporter::tool {
namespace {

// A range without a step is drawn with about so many points.
constexpr std::int64_t kPoints = 250;

struct Options {
  ApiServer server;
  std::string expr, time, start, end, step, format = "text";
};

std::string seconds_text(std::int64_t milliseconds) {
  std::string text;
  api::append_timestamp(text, milliseconds);
  return text;
}

struct Question {
  std::string path;
  Form form;
};

// What the options ask; the error names the option.
std::expected<Question, std::string> range_question(const Options& options) {
  const auto start = api::parse_time(options.start);
  if (!start) return std::unexpected("--start: " + start.error());
  const std::int64_t present = now().time_since_epoch().count() * 1000;
  const auto end =
      options.end.empty() ? api::Parsed<std::int64_t>(present) : api::parse_time(options.end);
  if (!end) return std::unexpected("--end: " + end.error());
  if (*end < *start) return std::unexpected("--end is before --start");
  std::string step = options.step;
  if (step.empty())
    step = std::to_string(std::max<std::int64_t>((*end - *start) / 1000 / kPoints, 1));
  return Question{"/api/v1/query_range",
                  {{"query", options.expr},
                   {"start", seconds_text(*start)},
                   {"end", seconds_text(*end)},
                   {"step", step}}};
}

std::expected<Question, std::string> question_of(const Options& options) {
  if (!options.start.empty()) {
    if (!options.time.empty())
      return std::unexpected("--time is an instant, --start begins a range: give one of them");
    return range_question(options);
  }
  if (!options.end.empty() || !options.step.empty())
    return std::unexpected("--end and --step belong to a range, which needs --start");
  Question question{"/api/v1/query", {{"query", options.expr}}};
  if (options.time.empty()) return question;
  const auto time = api::parse_time(options.time);
  if (!time) return std::unexpected("--time: " + time.error());
  question.form.emplace_back("time", seconds_text(*time));
  return question;
}

int query(const Options& options) {
  const auto question = question_of(options);
  if (!question) return complain("query", question.error(), kUsageError);
  const auto body = ask_api(options.server, question->path, question->form);
  if (!body) return complain("query", body.error());
  const QueryFormat format = options.format == "json"  ? QueryFormat::json
                             : options.format == "csv" ? QueryFormat::csv
                                                       : QueryFormat::text;
  const auto output = query_output(*body, format);
  if (!output) return complain("query", output.error());
  for (const std::string& remark : output->remarks) complain("query", remark);
  fmt::print("{}", output->text);
  return 0;
}

}  // namespace

void add_query(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("query", "Ask a running exporter, or a Prometheus, in PromQL");
  verb->add_option("URL", options->server.url, "Such as http://127.0.0.1:9849")->required();
  verb->add_option("EXPR", options->expr, "What to ask, such as 'sla_month_state == 1'")
      ->required();
  verb->add_option("--time", options->time, "RFC 3339 or Unix seconds (default: now)");
  verb->add_option("--start", options->start, "Where a range begins: as --time");
  verb->add_option("--end", options->end, "Where it ends (default: now)");
  verb->add_option("--step", options->step, "Seconds, or such as 5m (default: about 250 points)");
  verb->add_option("--format", options->format, "text, json or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}))
      ->capture_default_str();
  verb->add_option("--user", options->server.user, "Where the web server wants one");
  verb->add_option("--password-file", options->server.password_file,
                   "Its first line is the password");
  verb->add_option("--ca-file", options->server.ca_file,
                   "Certificates to trust instead of the system's");
  verb->callback([options, &exit_code] { exit_code = query(*options); });
}

}  // namespace exporter::tool

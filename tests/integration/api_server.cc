// Serves Prometheus' HTTP API from a file of samples, for tests that ask us and a real Prometheus
// the same:
//
//   api_server --listen 127.0.0.1:0 --samples FILE [--rules FILE]... [--now SECONDS]
//              [--web.config.file FILE]
//
// FILE is OpenMetrics text with timestamps, what `promtool tsdb create-blocks-from openmetrics`
// takes; the samples go into the store that the exporter serves. Rule files are evaluated at each
// of their slots from the first sample to `--now`, which is also the time of a query without one
// (by default the last sample's). The page of rules is served too. Prints the port and serves until
// SIGTERM.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>

#include "exporter/config/rule_file.h"
#include "exporter/version.h"
#include "exporter/web/api.h"
#include "exporter/web/pages.h"
#include "exporter/web/rules_page.h"
#include "rules/group/evaluate.h"
#include "rules/group/templates.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"
#include "rules/series/store.h"

namespace {

struct Options {
  std::string listen = "127.0.0.1:0", samples, web_config_file;
  std::vector<std::string> rules;
  std::optional<std::int64_t> now;
};

struct Line {
  rules::Labels labels;
  rules::Sample sample;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "api_server: {}\n", why);
  std::exit(2);
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--listen") options.listen = value;
    if (name == "--samples") options.samples = value;
    if (name == "--web.config.file") options.web_config_file = value;
    if (name == "--rules") options.rules.push_back(value);
    if (name == "--now") options.now = static_cast<std::int64_t>(std::stod(value) * 1000);
  }
  if (options.samples.empty()) give_up("--samples FILE is needed");
  return options;
}

// Where the labels end: behind the brace that closes them, or at the first blank.
std::size_t end_of_series(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && line[i] == '}') {
      return i + 1;
    } else if (!quoted && line[i] == ' ' && line.find('{') > i) {
      return i;
    }
  }
  return line.size();
}

std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

Line read_line(std::string_view line) {
  const std::size_t end = end_of_series(line);
  std::string_view rest = line.substr(end);
  const auto labels = rules::parse_labels(line.substr(0, end));
  const auto value = rules::parse_float(next_word(rest));
  const auto seconds = rules::parse_float(next_word(rest));
  if (!labels || !value || !seconds) give_up("not a sample with a time: " + std::string(line));
  // As Prometheus reads it, to the millisecond.
  return {*labels, {static_cast<std::int64_t>(*seconds * 1000), *value}};
}

std::multimap<std::int64_t, Line> read_samples(const std::string& path) {
  std::ifstream file(path);
  if (!file) give_up("cannot read " + path);
  std::multimap<std::int64_t, Line> samples;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    Line read = read_line(line);
    samples.emplace(read.sample.at, std::move(read));
  }
  if (samples.empty()) give_up(path + " holds no sample");
  return samples;
}

void fill(rules::series::Store& store, const std::multimap<std::int64_t, Line>& samples) {
  for (const auto& [at, line] : samples) store.append(line.labels, at, line.sample.value);
  store.commit(samples.rbegin()->first);
}

// Evaluates every group at all its slots, group by group.
exporter::RulesView evaluate(const std::vector<std::string>& files, rules::series::Store& store,
                             std::int64_t from, std::int64_t to) {
  exporter::RulesView view;
  rules::GroupSettings settings;
  settings.expand = rules::template_expander();
  for (const std::string& path : files) {
    auto file = exporter::read_rule_file(path, {});
    if (!file) give_up(file.error().front().text());
    for (rules::RuleGroup& group : file->groups) {
      auto one = std::make_shared<exporter::GroupView>();
      one->interval = rules::interval_of(group, settings);
      one->group = std::make_shared<const rules::RuleGroup>(std::move(group));
      for (std::int64_t slot = from; slot <= to; slot += one->interval) {
        auto done = rules::evaluate_group(*one->group, std::move(one->state), *store.snapshot(),
                                          slot, settings);
        one->state = std::move(done.state);
        one->last_evaluation = slot;
        for (const auto& [labels, sample] : done.samples)
          store.append(labels, sample.at, sample.value);
        store.commit(slot);
      }
      one->rule_seconds.assign(one->group->rules.size(), 0.001);
      one->seconds = 0.001 * static_cast<double>(one->rule_seconds.size());
      view.groups.push_back(std::move(one));
    }
  }
  return view;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, nullptr);  // in all threads to come

  const Options options = read_options(argc, argv);
  const auto samples = read_samples(options.samples);
  const std::int64_t first = samples.begin()->first;
  const std::int64_t now = options.now.value_or(samples.rbegin()->first);
  rules::series::Store store;
  fill(store, samples);
  auto view =
      std::make_shared<const exporter::RulesView>(evaluate(options.rules, store, first, now));

  exporter::ApiContext context;
  context.source = [&store] { return store.snapshot(); };
  context.rules = [&view] { return view; };
  context.now = [now] { return now; };
  context.version = SLA_VERSION;
  exporter::WebOptions web;
  web.listen = {options.listen};
  web.web_config_file = options.web_config_file;
  std::vector<exporter::Route> routes = exporter::make_routes(
      {.snapshot = [] { return nullptr; }, .ready = [] { return true; }, .reload = {}});
  std::ranges::move(exporter::api_routes(std::move(context)), std::back_inserter(routes));
  routes.push_back(exporter::rules_page_route([&view] { return view; }));
  auto server = exporter::WebServer::start(std::move(web), std::move(routes));
  if (!server) give_up(server.error());
  fmt::print("{}\n", (*server)->ports().front());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ending, &signal);
  return 0;
}

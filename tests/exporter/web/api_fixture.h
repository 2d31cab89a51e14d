// The API over samples in memory, asked without a server.
#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "exporter/web/api.h"
#include "exporter/web/router.h"
#include "rules/promqltest/memory_source.h"

namespace exporter {

using Form = std::multimap<std::string, std::string>;

class ApiTest : public testing::Test {
 protected:
  static constexpr std::int64_t kNow = 1'700'000'000'000;

  void load(const rules::Labels& labels, std::initializer_list<double> values,
            std::int64_t from = kNow - 120'000) {
    for (const double value : values) {
      source_->add(labels, {from, value});
      from += 60'000;
    }
  }

  // By GET; what the router says when there is no such address.
  WebResponse ask(const std::string& path, Form query = {}) {
    WebRequest request;
    request.method = "GET";
    request.path = "/api/v1/" + path;
    request.query = std::move(query);
    request.gone = gone_;
    const Router router(api_routes(context()));
    const auto found = router.find(request);
    if (const auto* answer = std::get_if<WebResponse>(&found)) return *answer;
    return std::get<const Route*>(found)->handler(request);
  }
  std::string text(const std::string& path, Form query = {}) {
    return ask(path, std::move(query)).body;
  }
  // "bad_data: ..." of an answer that must be an error.
  std::string error(const std::string& path, Form query = {}) {
    const auto answer = nlohmann::json::parse(text(path, std::move(query)));
    return answer.value("errorType", "none") + ": " + answer.value("error", "none");
  }

  ApiContext context() {
    ApiContext context;
    context.source = [this] { return source_; };
    context.rules = [this] { return rules_; };
    context.snapshot = [this] { return snapshot_; };
    context.now = [] { return kNow; };
    context.version = "1.2.3";
    context.limits = limits_;
    return context;
  }

  std::shared_ptr<rules::promqltest::MemorySource> source_ =
      std::make_shared<rules::promqltest::MemorySource>();
  std::shared_ptr<RulesView> rules_ = std::make_shared<RulesView>();
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
  ApiLimits limits_;
};

}  // namespace exporter

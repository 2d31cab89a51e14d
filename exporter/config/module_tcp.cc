// The tcp block of a module: a dialog of expect and send steps, TLS from the start or by STARTTLS.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/modules.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxSteps = 100;

bool is_label_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) {
           return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
         });
}

// labels: [{name: ..., value: "${1}"}], as the blackbox exporter writes them.
void read_step_labels(MapReader& reader, probes::QueryResponse& step) {
  const YamlPtr node = reader.find("labels");
  if (!node) return;
  for (const YamlPtr& item : as_list(node)) {
    std::string name, value;
    MapReader map(reader.errors(), item, "a label of query_response");
    if (map.text("name", name) && !is_label_name(name)) {
      map.error("name", fmt::format("\"{}\" cannot be the name of a label", name));
    }
    map.text("value", value);
    map.finish();
    if (item->find("name") == nullptr) reader.errors().add(*item, "labels: name: is missing");
    step.labels.emplace_back(std::move(name), std::move(value));
  }
  if (step.expect.empty()) reader.error("labels", "they need expect: in the same step");
}

probes::QueryResponse read_step(Errors& errors, const YamlPtr& node) {
  probes::QueryResponse step;
  MapReader reader(errors, node, "a step of query_response");
  read_regexp(reader, "expect", step.expect);
  reader.text("expect_bytes", step.expect_bytes);
  if (!step.expect.empty() && !step.expect_bytes.empty()) {
    reader.error("expect_bytes", "expect: is given too; keep one of them");
  }
  reader.text("send", step.send);
  reader.boolean("starttls", step.starttls);
  read_step_labels(reader, step);
  reader.finish();
  if (reader.valid() && node->entries.empty()) {
    errors.add(*node, "query_response: an empty step; it needs expect, send or starttls");
  }
  return step;
}

}  // namespace

probes::TcpModule read_tcp(ModuleReading reading, const YamlPtr& block, const std::string& what) {
  probes::TcpModule tcp;
  MapReader reader(reading.errors, block, what);
  tcp.ip = read_ip_preference(reader);
  read_source_address(reader, tcp.source_ip_address);
  reader.boolean("tls", tcp.tls);
  tcp.tls_options = read_tls_config(reading, reader);
  if (const YamlPtr steps = reader.find("query_response")) {
    const std::vector<YamlPtr> items = as_list(steps);
    if (items.size() > kMaxSteps) {
      reader.error("query_response", fmt::format("more than {} steps", kMaxSteps));
    } else {
      for (const YamlPtr& item : items) {
        tcp.query_response.push_back(read_step(reading.errors, item));
      }
    }
  }
  const auto upgrades = std::ranges::count_if(tcp.query_response, &probes::QueryResponse::starttls);
  if (upgrades + (tcp.tls ? 1 : 0) > 1) {
    reader.error("query_response",
                 "TLS can begin only once: keep tls: true or a single step with starttls: true");
  }
  reader.finish();
  return tcp;
}

}  // namespace exporter::config

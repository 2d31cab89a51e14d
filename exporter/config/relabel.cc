// Relabelling, key by key as Prometheus has it, with its rules for what an action may be given.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "exporter/config/http_client.h"
#include "exporter/config/sections.h"
#include "rules/promql/quote.h"

namespace exporter::config {
namespace {

using Action = Relabel::Action;

constexpr std::size_t kMaxRelabels = 1000;

// Whether a target label must be named, and which keys the action has no use for.
struct ActionKeys {
  std::string_view name;
  Action action;
  bool needs_target;
  std::vector<std::string_view> useless;
};

const std::vector<ActionKeys>& actions() {
  static const std::vector<ActionKeys> kActions = {
      {"replace", Action::replace, true, {}},
      {"keep", Action::keep, false, {}},
      {"drop", Action::drop, false, {}},
      {"keepequal", Action::keepequal, true, {"regex", "modulus", "separator", "replacement"}},
      {"dropequal", Action::dropequal, true, {"regex", "modulus", "separator", "replacement"}},
      {"hashmod", Action::hashmod, true, {}},
      {"labelmap", Action::labelmap, false, {}},
      {"labeldrop",
       Action::labeldrop,
       false,
       {"source_labels", "target_label", "modulus", "separator", "replacement"}},
      {"labelkeep",
       Action::labelkeep,
       false,
       {"source_labels", "target_label", "modulus", "separator", "replacement"}},
      {"lowercase", Action::lowercase, true, {"replacement"}},
      {"uppercase", Action::uppercase, true, {"replacement"}},
  };
  return kActions;
}

const ActionKeys& keys_of(Action action) {
  return *std::ranges::find(actions(), action, &ActionKeys::action);
}

Parsed<Action> parse_action(std::string_view text) {
  std::vector<std::string> names;
  for (const ActionKeys& known : actions()) {
    if (known.name == lower_case(text)) return known.action;
    names.emplace_back(known.name);
  }
  return std::unexpected(
      fmt::format("\"{}\" is not an action; choose from {}", text, join_names(names)));
}

Parsed<std::uint64_t> parse_modulus(std::string_view text) {
  const auto number = parse_integer(text);
  if (number && *number >= 1) return static_cast<std::uint64_t>(*number);
  return std::unexpected(fmt::format("\"{}\" is not a number from 1", text));
}

void check_regex(MapReader& map, const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 compiled(regex, options);
  if (!compiled.ok()) {
    map.error("regex",
              fmt::format("\"{}\" is not a regular expression: {}", regex, compiled.error()));
  }
}

// What the action is given must make sense for it.
void check_relabel(MapReader& map, const Relabel& relabel) {
  const ActionKeys& keys = keys_of(relabel.action);
  for (const std::string_view useless : keys.useless) {
    if (map.has(useless)) {
      map.error(useless, fmt::format("the action {} has no use for it; remove it", keys.name));
    }
  }
  if (keys.needs_target && relabel.target_label.empty()) {
    map.errors().add(map.node(),
                     fmt::format("relabelling: the action {} needs target_label: ...", keys.name));
  }
  if (!relabel.target_label.empty() && !rules::is_utf8(relabel.target_label)) {
    map.error("target_label", "not the name of a label");
  }
  if (relabel.action == Action::hashmod && relabel.modulus == 0) {
    map.errors().add(map.node(), "relabelling: the action hashmod needs modulus: ...");
  }
  if (relabel.action == Action::labelmap && !rules::is_utf8(relabel.replacement)) {
    map.error("replacement", "not the name of a label");
  }
}

}  // namespace

std::vector<Relabel> read_relabel_configs(MapReader& reader, std::string_view key) {
  std::vector<Relabel> relabels;
  const YamlPtr node = reader.find(key);
  if (!node) return relabels;
  if (as_list(node).size() > kMaxRelabels) {
    reader.error(key, fmt::format("more than {}", kMaxRelabels));
    return relabels;
  }
  for (const YamlPtr& item : as_list(node)) {
    MapReader map(reader.errors(), item, fmt::format("an item of {}", key));
    if (!map.valid()) continue;
    Relabel relabel;
    map.texts("source_labels", relabel.source_labels);
    map.text("separator", relabel.separator);
    if (map.text("regex", relabel.regex)) check_regex(map, relabel.regex);
    map.value("modulus", relabel.modulus, parse_modulus);
    map.text("target_label", relabel.target_label);
    map.text("replacement", relabel.replacement);
    const bool unknown = map.has("action") && !map.value("action", relabel.action, parse_action);
    map.finish();
    if (!unknown) check_relabel(map, relabel);
    relabels.push_back(std::move(relabel));
  }
  return relabels;
}

}  // namespace exporter::config

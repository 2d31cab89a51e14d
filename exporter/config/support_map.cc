// How values of the agreement are read from what a help desk knows of a ticket: its level from the
// queue, its region from a custom field. Values that become labels are listed one by one, so that a
// help desk cannot invent them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "exporter/config/support_reading.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxValues = 1000;
constexpr std::size_t kMaxLabels = 50;  // different values of ours in one map
constexpr std::size_t kMaxProofs = 20;  // of one item

constexpr std::array<std::string_view, 8> kAttributes = {
    "queue", "group", "priority", "tag", "channel", "language", "organization", "custom_field"};

// What a field's values must name; a label when `known` is empty.
struct Meaning {
  std::string_view kind;
  std::vector<std::string> known;
};

// What this help desk does not know under this name, with the remedy; or nothing.
std::string_view foreign(TicketSource::Type type, std::string_view attribute) {
  const bool rt = type == TicketSource::Type::rt;
  if (rt && attribute == "group") return "RT has queues; write queue: instead";
  if (rt && attribute == "tag") return "RT has no tags; use a custom_field:";
  if (!rt && attribute == "queue") return "Zammad has groups; write group: instead";
  return "";
}

void read_values(Loading& loading, const YamlPtr& node, std::string_view key,
                 const Meaning& meaning, TicketField& out) {
  MapReader map(loading.errors, node, std::string(key));
  if (!map.valid()) return;
  std::set<std::string> ours;
  for (const YamlEntry& entry : node->entries) {
    const auto value = scalar_text(loading.errors, *entry.value, key);
    if (!value) continue;
    const bool good =
        meaning.known.empty()
            ? check_name(loading.errors, *entry.value, *value, meaning.kind)
            : check_known(loading.errors, *entry.value, meaning.kind, *value, meaning.known);
    if (!good) continue;
    ours.insert(*value);
    out.values[entry.key->text] = *value;
  }
  if (node->entries.empty()) {
    loading.errors.add(*node, fmt::format("{}: the map is empty; write their value: ours", key));
  } else if (node->entries.size() > kMaxValues || ours.size() > kMaxLabels) {
    loading.errors.add(*node, fmt::format("{}: more than {} values, or more than {} of ours", key,
                                          kMaxValues, kMaxLabels));
  }
}

// `{queue: {support: first}}` or `{custom_field: Region, values: {EU: europe}}`.
TicketField read_field(Loading& loading, TicketSource::Type type, const YamlPtr& node,
                       std::string_view key, const Meaning& meaning) {
  TicketField field;
  MapReader map(loading.errors, node, fmt::format("map: {}", key));
  if (!map.valid()) return field;
  std::vector<std::string_view> found;
  for (std::string_view attribute : kAttributes) {
    if (map.has(attribute)) found.push_back(attribute);
  }
  const YamlPtr values = map.find("values");
  map.finish(MapReader::UserKeys::ignored);
  if (found.size() != 1) {
    loading.errors.add(*node, fmt::format("{}: give one of {}", map.what(),
                                          join_names({kAttributes.begin(), kAttributes.end()})));
    return field;
  }
  field.attribute = found.front();
  if (const std::string_view why = foreign(type, field.attribute); !why.empty()) {
    map.error(field.attribute, std::string(why));
    return field;
  }
  if (field.attribute != "custom_field") {
    if (values) map.error("values", "only a custom field has them apart");
    read_values(loading, map.find(field.attribute), field.attribute, meaning, field);
    return field;
  }
  map.text("custom_field", field.name);
  if (field.name.empty()) map.error("custom_field", "the name is empty");
  if (!values) {
    loading.errors.add(*node, fmt::format("{}: values: is missing; write it like {{custom_field: "
                                          "Region, values: {{EU: europe}}}}",
                                          map.what()));
    return field;
  }
  read_values(loading, values, "values", meaning, field);
  return field;
}

ChecklistProof read_proof(Loading& loading, TicketSource::Type type, const YamlPtr& node,
                          const std::string& item) {
  ChecklistProof proof;
  proof.item = item;
  MapReader map(loading.errors, node, fmt::format("checklist item \"{}\"", item));
  if (!map.valid()) return proof;
  int ways = 0;
  ways += map.text("custom_field", proof.custom_field) ? 1 : 0;
  if (map.text("tag", proof.tag)) {
    ++ways;
    const std::string_view why = foreign(type, "tag");
    if (!why.empty()) map.error("tag", std::string(why));
  }
  ways += map.text("comment", proof.comment) ? 1 : 0;
  map.texts("values", proof.values);
  if (map.has("values") && proof.custom_field.empty()) {
    map.error("values", "only a custom_field: has values");
  }
  const bool empty = proof.custom_field.empty() && proof.tag.empty() && proof.comment.empty();
  if (ways != 1 || empty) {
    loading.errors.add(*node, fmt::format("{}: give one of custom_field, tag and comment, or a "
                                          "list of such maps",
                                          map.what()));
  }
  map.finish();
  return proof;
}

void read_proofs(Loading& loading, MapReader& map, TicketSource& source) {
  const YamlPtr node = map.find("checklist");
  if (!node) return;
  MapReader items(loading.errors, node, "map: checklist");
  if (!items.valid()) return;
  const std::vector<std::string>& known = loading.config.support.terms.checklist;
  for (const YamlEntry& entry : node->entries) {
    const std::string& item = entry.key->text;
    if (item.starts_with("x-")) continue;
    if (!check_known(loading.errors, *entry.key, "item of the checklist", item, known)) continue;
    const std::vector<YamlPtr> proofs = as_list(entry.value);
    if (proofs.size() > kMaxProofs) {
      loading.errors.add(*entry.value, fmt::format("checklist: more than {} ways", kMaxProofs));
      continue;
    }
    for (const YamlPtr& proof : proofs) {
      source.map.checklist.push_back(read_proof(loading, source.type, proof, item));
    }
  }
}

}  // namespace

void read_ticket_map(Loading& loading, MapReader& source, TicketSource& out) {
  const YamlPtr node = source.find("map");
  if (!node) return;
  MapReader map(loading.errors, node, "map");
  if (!map.valid()) return;
  const auto read = [&](const YamlPtr& field, std::string_view key, TicketField& into,
                        const Meaning& meaning) {
    if (field) into = read_field(loading, out.type, field, key, meaning);
  };
  const Support& support = loading.config.support;
  std::vector<std::string> agreements;
  for (const AgreementTerms& terms : loading.config.agreements) agreements.push_back(terms.name);
  TicketMap& into = out.map;
  read(map.find("level"), "level", into.level, {"level", level_names(support)});
  read(map.find("region"), "region", into.calendar, {"calendar", calendar_names(support)});
  read(map.find("agreement"), "agreement", into.agreement, {"agreement", agreements});
  read(map.find("channel"), "channel", into.channel, {"a channel", {}});
  read(map.find("language"), "language", into.language, {"a language", {}});
  read(map.find("destination"), "destination", into.destination, {"a destination", {}});
  read_proofs(loading, map, out);
  map.finish();
}

}  // namespace exporter::config

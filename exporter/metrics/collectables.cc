// The page as a list of families, in the order of the table.
#include "exporter/metrics/families.h"
#include "exporter/metrics/page.h"

namespace exporter {

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !letter(name[0]) || name.starts_with("__")) return false;
  for (char c : name) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

std::vector<std::shared_ptr<prometheus::Collectable>> make_collectables(
    std::shared_ptr<const Snapshot> snapshot, const ExporterStats& stats, const WebStats* web) {
  const auto begun = std::chrono::steady_clock::now();
  Families families;
  if (snapshot) {
    add_agreement_families(families, snapshot);
    add_service_families(families, snapshot);
    add_reaction_families(families, snapshot);
    add_desk_families(families, snapshot);
    add_check_families(families, snapshot);
  }
  add_exporter_families(families, snapshot, stats, web);
  add_process_families(families);
  add_scrape_family(families, begun);
  return families;
}

}  // namespace exporter

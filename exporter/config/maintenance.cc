// Maintenance: windows written in the file, and the iCalendar files to read besides. Windows are
// only read here; whether one excludes anything is for the ledger, which knows when it was first
// seen.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxCalendarBytes = 16u << 20;

// FNV-1a, 64 bits: short, stable over versions of this program, and no secret depends on it.
std::string content_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return fmt::format("{:016x}", hash);
}

// A window without an id of its own is known by what it says: change it, and it is another window.
std::string window_id(const MaintenanceWindow& window) {
  return "window-" +
         content_hash(fmt::format(
             "{}|{}|{}|{}|{}", fmt::join(window.services, ","), fmt::join(window.agreements, ","),
             window.from.time_since_epoch().count(), window.to.time_since_epoch().count(),
             window.announced ? window.announced->time_since_epoch().count() : -1));
}

bool read_time(Loading& loading, MapReader& reader, std::string_view key, Seconds& out) {
  return reader.value(key, out,
                      [&](std::string_view text) { return parse_time(text, loading.zone); });
}

// Reads a list of names that must be among `known` (written name -> name of today).
void read_names(Loading& loading, MapReader& reader, std::string_view key, std::string_view kind,
                const std::map<std::string, std::string>& known, std::vector<std::string>& out) {
  const YamlPtr node = reader.find(key);
  if (!node) return;
  std::vector<std::string> hints;
  for (const auto& [written, today] : known) hints.push_back(written);
  std::set<std::string> names;
  for (const YamlPtr& item : as_list(node)) {
    const auto written = scalar_text(loading.errors, *item, key);
    if (!written) continue;
    if (const auto found = known.find(*written); found != known.end()) {
      names.insert(found->second);
      continue;
    }
    loading.errors.add(*item, fmt::format("{}: there is no {} \"{}\"{}", key, kind, *written,
                                          did_you_mean(*written, hints)));
  }
  if (as_list(node).empty()) {
    loading.errors.add(*node, fmt::format("{}: the list is empty; leave it out for all", key));
  }
  out.assign(names.begin(), names.end());
}

// A window may name a service by a former name, so that renaming one does not break the file.
std::map<std::string, std::string> known_services(const Loading& loading) {
  std::map<std::string, std::string> known;
  for (const Service& service : loading.config.services) {
    known[service.name] = service.name;
    for (const std::string& former : service.formerly) known[former] = service.name;
  }
  return known;
}

std::map<std::string, std::string> known_agreements(const Loading& loading) {
  std::map<std::string, std::string> known;
  for (const AgreementTerms& terms : loading.config.agreements) known[terms.name] = terms.name;
  return known;
}

// A slot is excluded only when it lies wholly inside, so a ragged edge gives up part of the window.
void warn_unaligned(Loading& loading, const Yaml& node, const MaintenanceWindow& window) {
  for (const Service& service : loading.config.services) {
    const bool named = std::ranges::find(window.services, service.name) != window.services.end();
    if (!window.services.empty() && !named) continue;
    const std::chrono::seconds every = service.terms.every;
    if (window.from.time_since_epoch() % every == 0s &&
        window.to.time_since_epoch() % every == 0s) {
      continue;
    }
    loading.warn(node, fmt::format("this window does not begin and end on a slot of service \"{}\" "
                                   "(every {}); the slots it covers in part are not excluded",
                                   service.name, format_duration(every)));
    return;
  }
}

void read_window(Loading& loading, const YamlPtr& node) {
  MaintenanceWindow window;
  MapReader reader(loading.errors, node, "a maintenance window");
  if (!reader.valid()) return;
  const std::size_t errors_before = loading.errors.size();
  reader.text("id", window.id);
  read_names(loading, reader, "services", "service", known_services(loading), window.services);
  read_names(loading, reader, "agreements", "agreement", known_agreements(loading),
             window.agreements);
  reader.text("summary", window.summary);
  const bool from = read_time(loading, reader, "from", window.from);
  const bool to = read_time(loading, reader, "to", window.to);
  Seconds announced;
  if (read_time(loading, reader, "announced", announced)) window.announced = announced;
  for (const char* key : {"from", "to"}) {
    if (node->find(key) == nullptr) {
      loading.errors.add(*node, fmt::format("a maintenance window needs from: and to:, but {}: is "
                                            "missing",
                                            key));
    }
  }
  if (from && to && window.from >= window.to)
    reader.error("to", "the window ends before it begins");
  if (from && to && window.to - window.from > 24h * 366) {
    reader.error("to", "the window is longer than a year");
  }
  reader.finish();
  if (loading.errors.size() != errors_before) return;

  if (window.id.empty()) window.id = window_id(window);
  const auto same = std::ranges::find(loading.config.windows, window.id, &MaintenanceWindow::id);
  if (same != loading.config.windows.end()) {
    loading.errors.add(*node, "this maintenance window is listed twice");
    return;
  }
  warn_unaligned(loading, *node, window);
  loading.config.windows.push_back(std::move(window));
}

void read_calendars(Loading& loading, const YamlPtr& node) {
  for (const YamlPtr& item : as_list(node)) {
    const auto name = scalar_text(loading.errors, *item, "calendars");
    if (!name) continue;
    const std::filesystem::path path = resolve_path(*item, *name);
    if (auto text = loading.files.read(path, kMaxCalendarBytes); !text) {
      loading.errors.add(*item, fmt::format("calendars: {}: {}", path.string(), text.error()));
      continue;
    }
    auto& calendars = loading.config.maintenance_calendars;
    if (std::ranges::find(calendars, path) == calendars.end()) calendars.push_back(path);
  }
}

}  // namespace

void read_maintenance(Loading& loading, const YamlPtr& node) {
  if (!node) return;
  MapReader reader(loading.errors, node, "maintenance");
  if (const YamlPtr calendars = reader.find("calendars")) read_calendars(loading, calendars);
  if (const YamlPtr windows = reader.find("windows")) {
    for (const YamlPtr& window : as_list(windows)) read_window(loading, window);
  }
  reader.finish();
}

}  // namespace exporter::config

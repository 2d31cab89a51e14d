// Maintenance: windows written in the file, and the iCalendar files to read besides. Windows are
// only read here; whether one excludes anything is for the ledger, which knows when it was first
// seen.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "exporter/config/sections.h"
#include "exporter/sla/icalendar.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxCalendars = 1000;
constexpr std::size_t kMaxWindows = 10'000;

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

// Written name -> name of today.
using Names = std::map<std::string, std::string>;

class Reader {
 public:
  explicit Reader(Loading& loading) : loading_(loading) {
    for (const Service& service : loading.config.services) {
      services_[service.name] = service.name;
      // A window may name a service by a former name, so that renaming one does not break the file.
      for (const std::string& former : service.formerly) services_[former] = service.name;
      every_[service.name] = service.terms.every;
      if (std::ranges::find(cadences_, service.terms.every, &Cadence::every) == cadences_.end()) {
        cadences_.push_back({service.name, service.terms.every});
      }
    }
    for (const AgreementTerms& terms : loading.config.agreements) {
      agreements_[terms.name] = terms.name;
    }
  }

  void read(const YamlPtr& node) {
    MapReader reader(loading_.errors, node, "maintenance");
    if (const YamlPtr calendars = reader.find("calendars")) {
      for (const YamlPtr& item : as_list(calendars)) read_calendar(*item);
    }
    if (const YamlPtr windows = reader.find("windows")) {
      for (const YamlPtr& window : as_list(windows)) read_window(window);
    }
    reader.finish();
  }

 private:
  struct Cadence {
    std::string service;  // the first that has it
    std::chrono::seconds every;
  };

  void read_names(MapReader& reader, std::string_view key, std::string_view kind,
                  const Names& known, std::vector<std::string>& out) {
    const YamlPtr node = reader.find(key);
    if (!node) return;
    std::set<std::string> names;
    for (const YamlPtr& item : as_list(node)) {
      if (loading_.errors.full()) return;
      const auto written = scalar_text(loading_.errors, *item, key);
      if (!written) continue;
      if (const auto found = known.find(*written); found != known.end()) {
        names.insert(found->second);
        continue;
      }
      std::vector<std::string> hints;
      for (const auto& [name, today] : known) hints.push_back(name);
      loading_.errors.add(*item, fmt::format("{}: there is no {} \"{}\"{}", key, kind, *written,
                                             did_you_mean(*written, hints)));
    }
    if (as_list(node).empty()) {
      loading_.errors.add(*node, fmt::format("{}: the list is empty; leave it out for all", key));
    }
    out.assign(names.begin(), names.end());
  }

  // A slot is excluded only when it lies wholly inside, so a ragged edge gives up part of the
  // window.
  void warn_unaligned(const Yaml& node, const MaintenanceWindow& window) {
    std::vector<Cadence> concerned = cadences_;
    if (!window.services.empty()) concerned.clear();
    for (const std::string& name : window.services) concerned.push_back({name, every_.at(name)});
    for (const Cadence& cadence : concerned) {
      const auto from = window.from.time_since_epoch(), to = window.to.time_since_epoch();
      if (from % cadence.every == 0s && to % cadence.every == 0s) continue;
      loading_.warn(node,
                    fmt::format("this window does not begin and end on a slot of service "
                                "\"{}\" (every {}); the slots it covers in part are not excluded",
                                cadence.service, format_duration(cadence.every)));
      return;
    }
  }

  bool read_moment(MapReader& reader, std::string_view key, Seconds& out) {
    return reader.value(key, out,
                        [&](std::string_view text) { return parse_time(text, loading_.zone); });
  }

  void read_span(MapReader& reader, MaintenanceWindow& window) {
    const bool from = read_moment(reader, "from", window.from);
    const bool to = read_moment(reader, "to", window.to);
    Seconds announced;
    if (read_moment(reader, "announced", announced)) window.announced = announced;
    for (const char* key : {"from", "to"}) {
      if (reader.node().find(key) != nullptr) continue;
      loading_.errors.add(
          reader.node(),
          fmt::format("a maintenance window needs from: and to:, but {}: is missing", key));
    }
    if (from && to && window.from >= window.to) {
      reader.error("to", "the window ends before it begins");
    } else if (from && to && window.to - window.from > 24h * 366) {
      reader.error("to", "the window is longer than a year");
    }
  }

  void read_window(const YamlPtr& node) {
    MaintenanceWindow window;
    MapReader reader(loading_.errors, node, "a maintenance window");
    if (!reader.valid()) return;
    const std::size_t errors_before = loading_.errors.size();
    reader.text("id", window.id);
    read_names(reader, "services", "service", services_, window.services);
    read_names(reader, "agreements", "agreement", agreements_, window.agreements);
    reader.text("summary", window.summary);
    read_span(reader, window);
    reader.finish();
    if (loading_.errors.size() != errors_before) return;

    if (window.id.empty()) window.id = window_id(window);
    if (!ids_.insert(window.id).second) {
      loading_.errors.add(*node, "this maintenance window is listed twice");
      return;
    }
    if (ids_.size() > kMaxWindows) {
      loading_.errors.add(*node, fmt::format("more than {} maintenance windows", kMaxWindows));
      return;
    }
    warn_unaligned(*node, window);
    loading_.config.windows.push_back(std::move(window));
  }

  void read_calendar(const Yaml& item) {
    auto& calendars = loading_.config.maintenance_calendars;
    const auto name = scalar_text(loading_.errors, item, "calendars");
    if (!name) return;
    const std::filesystem::path path = resolve_path(item, *name);
    if (std::ranges::find(calendars, path) != calendars.end()) return;
    if (calendars.size() >= kMaxCalendars) {
      loading_.errors.add(item, fmt::format("calendars: more than {}", kMaxCalendars));
      return;
    }
    if (auto text = loading_.files.read(path, kMaxCalendarBytes); !text) {
      loading_.errors.add(item, fmt::format("calendars: {}: {}", path.string(), text.error()));
      return;
    }
    calendars.push_back(path);
  }

  Loading& loading_;
  Names services_, agreements_;
  std::map<std::string, std::chrono::seconds> every_;
  std::vector<Cadence> cadences_;  // one of each
  std::set<std::string> ids_;
};

}  // namespace

void read_maintenance(Loading& loading, const std::vector<Document>& documents) {
  Reader reader(loading);
  for (const Document& document : documents) {
    if (document.maintenance) reader.read(document.maintenance);
  }
}

}  // namespace exporter::config

// What has been told by mail, and what is to be told next. Mail stands in for Alertmanagers when
// none of them has answered for a set time, or is the only way when none is configured: then every
// alert is told when it begins to fire and when it is resolved, and not at each resend. When an
// Alertmanager answers again, a last mail says so. Pure; loop thread, but for the owner's lock
// around it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/alerts/message.h"
#include "exporter/alerts/rows.h"
#include "probes/outcome.h"

namespace exporter {

// What is known of all Alertmanagers together.
struct AlertmanagersState {
  bool any_configured = false;
  bool any_answers = false;
  std::optional<probes::TimePoint> all_failing_since;
};

// What one mail tells.
struct MailNews {
  enum class Kind { begins, goes_on, over, only_way };
  Kind kind = Kind::goes_on;
  std::vector<OutgoingAlert> firing, resolved;  // newly so; of `over` those that fire on
};

class MailBook {
 public:
  static constexpr std::string_view kTarget = "mail";  // of its rows
  static constexpr std::size_t kMaxAlerts = 10'000;    // what comes beyond is not told by mail

  // Every alert on its way out. `now` is in milliseconds since the epoch.
  void note(const OutgoingAlert& alert);
  void watch(const AlertmanagersState& state, std::chrono::seconds after, probes::TimePoint now,
             std::int64_t wall_now);

  // Nothing while there is no news.
  std::optional<MailNews> news(std::int64_t now);
  // The mail with this news was taken.
  void told(const MailNews& news);

  bool active() const { return mode_ == Mode::active; }
  std::size_t size() const { return entries_.size(); }

  void restore(const std::string& key, const std::string& json);
  std::vector<DeliveryChange> changes();
  std::vector<DeliveryChange> farewell() const;  // its rows, gone

 private:
  enum class Mode { idle, active, closing };
  enum class Told { nothing, firing, resolved };
  struct Entry {
    OutgoingAlert alert;
    Told told = Told::nothing;
  };

  void set_mode(Mode mode);
  void forget_old(std::int64_t now);
  std::optional<std::string> row_of(const std::string& key) const;

  Mode mode_ = Mode::idle;
  bool alone_ = false;      // there is no Alertmanager
  bool begun_ = false;      // a mail of this outage was taken
  std::int64_t begin_ = 0;  // of the outage; what ended before it is not told
  std::map<std::string, Entry> entries_;
  std::set<std::string> changed_;  // keys of rows
  std::map<std::string, std::string> stored_;
};

}  // namespace exporter

#include "exporter/sla/ical_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/sla/ical_time.h"

namespace exporter {

std::string_view text_or_empty(const char* text) { return text ? text : ""; }

std::expected<IcalEvents, std::string> IcalEvents::parse(std::string_view text, std::string file,
                                                         const Bounds& bounds) {
  if (text.size() > bounds.bytes) {
    return std::unexpected(
        fmt::format("{}: larger than {} MiB; {}", file, bounds.bytes >> 20, bounds.remedy));
  }
  auto alone = hold_libical();
  icalerror_set_errors_are_fatal(0);
  icalerror_clear_errno();
  Component root(icalparser_parse_string(std::string(text).c_str()), icalcomponent_free);
  const bool calendar =
      root && (icalcomponent_isa(root.get()) == ICAL_VCALENDAR_COMPONENT ||
               icalcomponent_get_first_component(root.get(), ICAL_VCALENDAR_COMPONENT));
  if (!calendar) {
    return std::unexpected(
        fmt::format("{}:1: no iCalendar file; expected BEGIN:VCALENDAR ... END:VCALENDAR", file));
  }
  IcalEvents events(std::move(alone), std::move(root), std::move(file));
  events.most_ = bounds.events;
  std::size_t line = 1;
  for (std::size_t i = 0; i < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', i), text.size());
    if (text.substr(i, end - i).starts_with("BEGIN:VEVENT")) events.lines_.push_back(line);
    i = end + 1;
  }
  return events;
}

std::unexpected<std::string> IcalEvents::fail(const IcalEvent& event, std::string_view what) const {
  return std::unexpected(fmt::format("{}:{}: event {}: {}", file_, event.line,
                                     event.uid.empty() ? "without UID" : event.uid, what));
}

std::expected<void, std::string> IcalEvents::collect(const Original& original) {
  return collect(root_.get(), 0, original);
}

// Calendars may stand side by side in a file, but not inside each other.
std::expected<void, std::string> IcalEvents::collect(icalcomponent* component, int depth,
                                                     const Original& original) {
  for (icalcomponent* c = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT); c;
       c = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT)) {
    const icalcomponent_kind kind = icalcomponent_isa(c);
    std::expected<void, std::string> taken;
    if (kind == ICAL_VCALENDAR_COMPONENT && depth == 0) taken = collect(c, depth + 1, original);
    if (kind == ICAL_VEVENT_COMPONENT) taken = take(c, original);
    if (!taken) return taken;
  }
  return {};
}

std::expected<void, std::string> IcalEvents::take(icalcomponent* component,
                                                  const Original& original) {
  IcalEvent event{.component = component, .uid = {}, .line = 0, .cancelled = false};
  event.line = seen_ < lines_.size() ? lines_[seen_] : 0;
  if (++seen_ > most_) return fail(event, fmt::format("more than {} events", most_));
  event.uid = text_or_empty(icalcomponent_get_uid(component));
  if (event.uid.empty()) return fail(event, "UID is missing; give every event a stable UID");
  icalproperty* broken = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY);
  if (broken) return fail(event, text_or_empty(icalproperty_get_xlicerror(broken)));
  event.cancelled = icalcomponent_get_status(component) == ICAL_STATUS_CANCELLED;

  icalproperty* id = icalcomponent_get_first_property(component, ICAL_RECURRENCEID_PROPERTY);
  IcalEvent* place = nullptr;
  if (id) {
    if (icalproperty_get_first_parameter(id, ICAL_RANGE_PARAMETER)) {
      return fail(event, "RANGE=THISANDFUTURE is not supported; split the event instead");
    }
    const auto which = original(event, id);
    if (!which) return std::unexpected(which.error());
    place = &replacements_[event.uid][*which];
  } else {
    place = &masters_[event.uid];
  }
  const bool newer = !place->component || icalcomponent_get_sequence(component) >=
                                              icalcomponent_get_sequence(place->component);
  if (newer) *place = event;
  return {};
}

bool IcalEvents::is_replaced(const IcalEvent& event, std::int64_t original) const {
  if (icalcomponent_get_first_property(event.component, ICAL_RECURRENCEID_PROPERTY)) return false;
  const auto replaced = replacements_.find(event.uid);
  return replaced != replacements_.end() && replaced->second.contains(original);
}

bool IcalEvents::is_cancelled(const std::string& uid) const {
  const auto master = masters_.find(uid);
  return master != masters_.end() && master->second.cancelled;
}

}  // namespace exporter

#include "exporter/notices/notice_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporter/alerts/mail_text.h"
#include "exporter/ticket/support_timeline.h"

namespace exporter {
namespace {

using Json = nlohmann::ordered_json;

// More would not be read; the page of tickets shows them all.
constexpr std::size_t kMaxListed = 200;
constexpr std::size_t kMaxName = 100;  // bytes of an id or a name

std::string line(std::string_view text) { return one_line(text, kMaxName); }

std::string_view agreement_of(const ReactionClock& clock) {
  return clock.agreement.empty() ? kPublishedAgreement : std::string_view(clock.agreement);
}

// "6 h 05 min"
std::string time_words(std::chrono::seconds time) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time).count();
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string due_words(const OpenClockView& clock, const NoticeFrame& frame) {
  if (!clock.reading.due) return "never, by its calendar";
  return fmt::format("{} ({})", frame.zone.format_short(clock.reading.due->due), frame.zone.name());
}

std::string used_words(const OpenClockView& clock) {
  return fmt::format("{} of {}", time_words(clock.reading.business),
                     time_words(clock.clock.target));
}

std::string url_of(const OpenClockView& clock, const NoticeFrame& frame) {
  const auto source = frame.sources->find(clock.source);
  return source == frame.sources->end() ? std::string() : ticket_url(source->second, clock.ticket);
}

std::string foot(const NoticeFrame& frame) {
  return fmt::format("\n-- \nSLA Exporter at {}\n", line(frame.place));
}

Json clock_json(const OpenClockView& clock, const NoticeFrame& frame) {
  const auto& due = clock.reading.due;
  const std::string url = url_of(clock, frame);
  Json json;
  json["source"] = clock.source;
  json["ticket"] = clock.ticket;
  json["level"] = clock.clock.level;
  json["agreement"] = agreement_of(clock.clock);
  json["instance"] = clock.clock.instance;
  json["state"] = name_of(clock.reading.state);
  json["due"] = due ? Json(format_utc(due->due)) : Json();
  json["breach_after"] = due ? Json(format_utc(due->breach_after)) : Json();
  json["business_seconds"] = clock.reading.business.count();
  json["target_seconds"] = clock.clock.target.count();
  json["url"] = url.empty() ? Json() : Json(url);
  return json;
}

// Ids come from elsewhere: bytes that are no UTF-8 are replaced.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

using Titled = std::pair<std::string_view, const std::vector<OpenClockView>*>;
std::array<Titled, 3> parts_of(const MorningList& list) {
  return {
      {{"breached", &list.breached}, {"at_risk", &list.at_risk}, {"due_today", &list.due_today}}};
}

constexpr std::array<std::string_view, 3> kMorningTitles = {"Breached", "At risk", "Due today"};

}  // namespace

std::string ticket_url(const TicketSource& source, std::string_view ticket) {
  const bool number =
      !ticket.empty() && std::ranges::all_of(ticket, [](char c) { return c >= '0' && c <= '9'; });
  if (source.url.empty() || !number) return "";
  switch (source.type) {
    case TicketSource::Type::rt:
      return fmt::format("{}/Ticket/Display.html?id={}", source.url, ticket);
    case TicketSource::Type::zammad:
      return fmt::format("{}/#ticket/zoom/{}", source.url, ticket);
    case TicketSource::Type::webhook:
    case TicketSource::Type::file:
      break;
  }
  return "";
}

std::string notice_mail(const NoticeKey& key, const OpenClockView& clock,
                        const NoticeFrame& frame) {
  const bool breached = key.stage == NoticeStage::breached;
  const std::string due = due_words(clock, frame);
  const std::string ticket = line(key.ticket), level = line(key.level);
  std::string mail =
      breached ? fmt::format("[BREACHED] ticket {}, level {}: was due {}\n", ticket, level, due)
               : fmt::format("[AT RISK] ticket {}, level {}: due {}\n", ticket, level, due);
  mail += breached ? "Nobody has reacted in time.\n\n" : "Nobody has reacted yet.\n\n";
  const auto put = [&mail](std::string_view name, std::string_view value) {
    mail += fmt::format("{:<11}{}\n", name, value);
  };
  put("Ticket:", ticket);
  put("Source:", line(key.source));
  put("Level:", level);
  put("Agreement:", line(agreement_of(clock.clock)));
  put("State:", breached ? "breached" : "at risk");
  put("Due:", due);
  put("Used:", used_words(clock));
  if (const std::string url = url_of(clock, frame); !url.empty()) put("Link:", url);
  return mail + foot(frame);
}

std::string notice_json(const NoticeKey& key, const OpenClockView& clock,
                        const NoticeFrame& frame) {
  Json json;
  json["stage"] = name_of(key.stage);
  json.update(clock_json(clock, frame));
  return text_of(json);
}

std::string notice_note(const NoticeKey& key, const OpenClockView& clock,
                        const NoticeFrame& frame) {
  const bool breached = key.stage == NoticeStage::breached;
  return fmt::format("SLA: the reaction of level {} {} {}. Used: {}. (SLA Exporter, notice {})",
                     line(key.level), breached ? "is late; it was due" : "is at risk; it is due",
                     due_words(clock, frame), used_words(clock),
                     notice_id(key, NoticeChannel::note));
}

std::string morning_mail(const NoticeKey& key, const MorningList& list, const NoticeFrame& frame) {
  std::string mail = fmt::format("[TODAY] level {}, {}: {} breached, {} at risk, {} due today\n",
                                 line(key.level), line(key.ticket), list.breached.size(),
                                 list.at_risk.size(), list.due_today.size());
  mail += fmt::format("Open tickets of level {}; times are of {}.\n", line(key.level),
                      frame.zone.name());
  const auto parts = parts_of(list);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const std::vector<OpenClockView>& clocks = *parts[part].second;
    if (clocks.empty()) continue;
    mail += fmt::format("\n{}:\n\n", kMorningTitles[part]);
    for (std::size_t i = 0; i < std::min(clocks.size(), kMaxListed); ++i) {
      const OpenClockView& each = clocks[i];
      const std::string due =
          each.reading.due ? frame.zone.format_short(each.reading.due->due) : "never";
      mail += fmt::format("* {} ({}), due {}, used {}\n", line(each.ticket), line(each.source), due,
                          used_words(each));
      if (const std::string url = url_of(each, frame); !url.empty()) {
        mail += fmt::format("  {}\n", url);
      }
    }
    if (clocks.size() > kMaxListed) {
      mail += fmt::format("... and {} more\n", clocks.size() - kMaxListed);
    }
  }
  return mail + foot(frame);
}

std::string morning_json(const NoticeKey& key, const MorningList& list, const NoticeFrame& frame) {
  Json json;
  json["stage"] = name_of(key.stage);
  json["level"] = key.level;
  json["day"] = key.ticket;
  json["timezone"] = frame.zone.name();
  for (const auto& [name, clocks] : parts_of(list)) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < std::min(clocks->size(), kMaxListed); ++i) {
      rows.push_back(clock_json((*clocks)[i], frame));
    }
    json[std::string(name)] = std::move(rows);
    json[fmt::format("{}_total", name)] = clocks->size();
  }
  return text_of(json);
}

}  // namespace exporter

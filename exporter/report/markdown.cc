#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "exporter/report/figures_text.h"
#include "exporter/report/render.h"
#include "exporter/sla/canonical.h"

namespace exporter {
namespace {

// Stretches listed of each service; the JSON has them all.
constexpr std::size_t kMaxListed = 50;
// Of texts that people or peers wrote.
constexpr std::size_t kMaxFreeText = 500;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

std::string month_name(std::chrono::year_month month) {
  return fmt::format("{} {}", kMonths[static_cast<unsigned>(month.month()) - 1],
                     static_cast<int>(month.year()));
}

// Free text inside a cell or a line: no markup, no HTML, no line break of its own.
std::string plain(std::string_view text) {
  std::string escaped;
  for (const char c : text.substr(0, kMaxFreeText)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      escaped += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]<>#|!&~").contains(c)) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// "2026-11-22 21:30", or to the second.
std::string moment(const Zone& zone, Seconds at, bool to_the_second) {
  const std::string text = zone.format(at);
  return text.substr(0, 10) + " " + text.substr(11, to_the_second ? 8 : 5);
}

bool within_a_minute(std::chrono::seconds time) { return time.count() % 60 != 0; }

// With seconds where there are some.
std::string moment(const Zone& zone, Seconds at) {
  return moment(zone, at, within_a_minute(at.time_since_epoch()));
}

std::string or_dash(std::optional<std::string> text) { return text ? *std::move(text) : "–"; }

std::string service_row(const ServiceReport& service) {
  const MonthFigures& figures = service.figures;
  return fmt::format("| {} | {} | **{}** | {} | {} to {} | {} | {} | {} | {} |\n",
                     plain(service.service), objective_text(service.objective),
                     name_of(figures.state), or_dash(percent_text(figures.availability)),
                     or_dash(percent_text(figures.low)), or_dash(percent_text(figures.high)),
                     budget_text(service.objective, figures.eligible, service.every),
                     minutes_text(figures.counts.bad, service.every),
                     minutes_text(figures.remaining, service.every),
                     or_dash(percent_text(service.unexcluded.availability)));
}

std::string slots_row(const ServiceReport& service) {
  const MonthFigures& figures = service.figures;
  const SlotCounts& counts = figures.counts;
  return fmt::format("| {} | {} s | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                     plain(service.service), service.every.count(), figures.expected, counts.good,
                     counts.bad, counts.unknown, counts.excluded, figures.pending, figures.allowed,
                     figures.remaining, service.rescued);
}

std::string result_of(const MonthReport& report) {
  std::array<int, 4> by_state{};
  for (const ServiceReport& service : report.services)
    ++by_state[static_cast<std::size_t>(service.figures.state)];
  std::string text;
  for (const MonthState state :
       {MonthState::met, MonthState::missed, MonthState::unproven, MonthState::open}) {
    const int services = by_state[static_cast<std::size_t>(state)];
    if (services == 0) continue;
    text += fmt::format("{}{} of {} {}", text.empty() ? "" : ", ", services, report.services.size(),
                        name_of(state));
  }
  return text;
}

std::string head(const MonthReport& report, const ReportPlace& place) {
  const AgreementTerms& terms = report.terms.terms;
  std::string text = fmt::format("# Availability in {}\n\n", month_name(report.period.month));
  text += fmt::format("{}agreement {}, {}{}, as known on {} ({}).\n\n",
                      terms.provider.empty() ? "" : plain(terms.provider) + ": ", plain(terms.name),
                      name_of(report.stage),
                      report.revision() == 0 ? "" : fmt::format(", revision {}", report.revision()),
                      moment(report.zone, report.as_of), terms.timezone);
  text += fmt::format("**Result: {}.**\n\n", result_of(report));
  text += fmt::format("The month runs from {} to {}.", moment(report.zone, report.period.begin),
                      moment(report.zone, report.period.end));
  if (const std::string from = place.of(report); !from.empty())
    text += fmt::format(" Measured from {}.", plain(from));
  return text + "\n\n";
}

std::string figures(const MonthReport& report) {
  std::string text =
      "| Service | Objective | State | Availability | Proven between | Budget | Used | Left | "
      "Without exclusions and corrections |\n"
      "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const ServiceReport& service : report.services) text += service_row(service);
  text +=
      "\nIn slots, which are what is counted:\n\n"
      "| Service | Slot | Expected | Good | Bad | Unknown | Excluded | Pending | Allowed | Left | "
      "Saved by confirmation |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const ServiceReport& service : report.services) text += slots_row(service);
  std::map<Seconds, std::vector<std::string>> partial;
  for (const ServiceReport& service : report.services) {
    if (service.figures.partial)
      partial[service.figures.observed_from].push_back(plain(service.service));
  }
  for (const auto& [from, services] : partial) {
    text += fmt::format("\nNot accounted over the whole month, but from {}: {}.\n",
                        moment(report.zone, from), fmt::join(services, ", "));
  }
  return text + "\n";
}

std::string why(const ReportStretch& stretch) {
  if (stretch.cause != Cause::none) return std::string(name_of(stretch.cause));
  std::string text;
  for (const auto& [reason, attempts] : stretch.reasons) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", probes::name_of(reason), attempts);
  }
  return text;
}

using Stretches = std::vector<ReportStretch> ServiceReport::*;

// The longest ones in order of time, and a line about the rest.
std::string stretches(const MonthReport& report, Stretches member, std::string_view title,
                      std::string_view nothing) {
  std::string rows, rest;
  for (const ServiceReport& service : report.services) {
    std::vector<ReportStretch> listed = service.*member;
    std::ranges::sort(listed, std::ranges::greater{}, &ReportStretch::slots);
    std::int64_t left_out = 0;
    for (std::size_t i = kMaxListed; i < listed.size(); ++i) left_out += listed[i].slots;
    if (left_out > 0) {
      rest += fmt::format("\nOf {} {} shorter ones with {} slots are in the JSON report.\n",
                          plain(service.service), listed.size() - kMaxListed, left_out);
      listed.resize(kMaxListed);
    }
    std::ranges::sort(listed, {}, &ReportStretch::from);
    const bool fine = within_a_minute(service.every);
    for (const ReportStretch& stretch : listed) {
      rows += fmt::format(
          "| {} | {} | {} | {} | {} | {} |\n", plain(service.service),
          moment(report.zone, stretch.from, fine), moment(report.zone, stretch.to, fine),
          stretch.slots, minutes_text((stretch.to - stretch.from).count(), std::chrono::seconds(1)),
          why(stretch));
    }
  }
  std::string text = fmt::format("## {}\n\n", title);
  if (rows.empty()) return text + fmt::format("{}\n\n", nothing);
  return text +
         "| Service | From | To | Slots | Time | Why |\n| --- | --- | --- | ---: | ---: | --- |\n" +
         rows + rest + "\n";
}

std::string listed_names(const std::vector<std::string>& names) {
  if (names.empty()) return "all";
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + plain(name);
  return text;
}

std::string maintenance(const MonthReport& report) {
  std::string text = "## Maintenance\n\n";
  text += report.terms.terms.exclude_maintenance
              ? "Slots wholly inside a window that was recorded before they began are excluded.\n\n"
              : "Maintenance is not excluded under this agreement.\n\n";
  if (report.windows.empty()) return text + "No window touches this month.\n\n";
  text +=
      "| Services | From | To | Announced | Recorded | Withdrawn | What |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";
  const auto known = [&report](const std::optional<Seconds>& at) {
    return at ? moment(report.zone, *at) : std::string("–");
  };
  for (const RecordedWindow& recorded : report.windows) {
    const MaintenanceWindow& window = recorded.window;
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", listed_names(window.services),
                        moment(report.zone, window.from), moment(report.zone, window.to),
                        known(window.announced), moment(report.zone, recorded.first_seen),
                        known(recorded.withdrawn), plain(window.summary));
  }
  return text + "\n";
}

std::string corrections(const MonthReport& report) {
  std::string text = "## Corrections\n\n";
  if (report.corrections.empty()) return text + "None.\n\n";
  text +=
      "The verdicts as they were committed stay in the ledger; later entries win.\n\n"
      "| No. | Service | From | To | Verdict | Signed by | Why | Entered |\n"
      "| ---: | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Correction& correction : report.corrections) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", correction.id,
                        plain(correction.service), moment(report.zone, correction.from),
                        moment(report.zone, correction.to), name_of(correction.verdict),
                        plain(correction.by), plain(correction.why),
                        moment(report.zone, correction.committed));
  }
  return text + "\n";
}

std::string policy(const AgreementTerms& terms) {
  switch (terms.unknown_slots) {
    case UnknownPolicy::unproven:
      return "a month is met only when its unknown slots, were they bad, would still fit";
    case UnknownPolicy::bad:
      return "unknown slots count as bad";
    case UnknownPolicy::good:
      return "unknown slots count as good";
    case UnknownPolicy::excluded:
      return "unknown slots are taken out of the eligible ones";
  }
  return {};
}

std::string how_counted(const MonthReport& report) {
  const AgreementTerms& terms = report.terms.terms;
  std::string text = "## How it was counted\n\n";
  text += fmt::format(
      "- By calendar {} in the zone {}; time zone data {}.\n"
      "- A service may have (1 - objective) x eligible slots bad, cut to whole slots; eligible is "
      "expected less excluded.\n"
      "- Unknown means that nobody observed the slot or that the fault was ours; {} "
      "(unknown_slots: {}).\n",
      terms.period, terms.timezone,
      report.terms.tzdata_version.empty() ? "unknown" : report.terms.tzdata_version, policy(terms),
      name_of(terms.unknown_slots));
  if (terms.notice.count() > 0) {
    text += fmt::format("- A window excludes only if it was announced {} hours before it begins.\n",
                        static_cast<double>(terms.notice.count()) / 3600);
  }
  text += fmt::format(
      "- The month closes {} hours after its end; until then it is provisional.\n"
      "- Terms {}, in force since {}{}.\n",
      terms.close_after.count() / 3600, report.terms.hash, moment(report.zone, report.terms.from),
      report.terms.signed_by.empty() ? "" : ", signed by " + plain(report.terms.signed_by));
  for (const Statement& statement : report.statements) {
    text += fmt::format("- Statement, revision {}, {}: {}, entered {}.\n", statement.revision,
                        statement.closed ? "closed" : "provisional", statement.hash,
                        moment(report.zone, statement.committed));
  }
  return text;
}

}  // namespace

std::string ReportPlace::of(const MonthReport& report) const {
  if (!report.place.empty() && report.place != name) return report.place;
  return network.empty() ? name : fmt::format("{} ({})", name, network);
}

std::string report_markdown(const MonthReport& report, const ReportPlace& place) {
  return head(report, place) + figures(report) +
         stretches(report, &ServiceReport::outages, "Outages", "None.") +
         stretches(report, &ServiceReport::unknown, "Not known", "Every slot was observed.") +
         maintenance(report) + corrections(report) + how_counted(report);
}

}  // namespace exporter

// What a good configuration means once it is loaded.
#include "exporter/config/load.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/config/support_summary.h"
#include "exporter/sla/zone.h"
#include "exporter/ticket/support_rules.h"
#include "tests/exporter/config/memory_files.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Config good(std::string_view text, std::map<std::string, std::string> files = {}) {
  ConfigResult config = load_text(text, std::move(files));
  EXPECT_TRUE(config.has_value()) << errors_of(config);
  return config ? *config : Config{};
}

// A service with one TCP check; `extra` are further lines of the service.
std::string service(const std::string& name, const std::string& extra = "") {
  return "  " + name + ":\n    objective: 99%\n" + extra +
         "    checks: [{module: tcp_connect, target: \"a.example:25\"}]\n";
}

TEST(Config, NoServicesIsAChoiceThatLoads) {
  const Config config = good("services: {}\n");
  EXPECT_TRUE(config.services.empty());
  ASSERT_THAT(config.agreements, SizeIs(1));
  EXPECT_EQ(config.agreements[0].name, "published");
  EXPECT_EQ(config.place.name, "test-host");
  EXPECT_EQ(config.retention.outcomes, 24h * 457);
  EXPECT_TRUE(config.warnings.empty());
}

TEST(Config, CommentedOutSectionsCountAsEmpty) {
  const Config config = good("services:\n#  web: {}\nmodules:\nplace:\nmaintenance:\n  windows:\n");
  EXPECT_TRUE(config.services.empty());
}

TEST(Config, AServiceTakesTheDefaultsAndACheckTakesItsServices) {
  const Config config = good(R"(
defaults: {objective: 99.5%, every: 2m, timeout: 4s, slow_after: 2s, confirm: {retries: 2, after: 3s}}
services:
  one: {checks: [{module: tcp_connect, target: "a.example:25"}]}
  two:
    objective: 99.9%
    every: 5m
    timeout: 6s
    confirm: {after: 7s}
    degraded: bad
    checks: [{module: tcp_connect, target: "a.example:25", timeout: 8s, slow_after: 1s}]
)");
  const Check& one = config.services[0].checks[0];
  EXPECT_EQ(one.every, 2min);
  EXPECT_EQ(one.timeout, 4s);
  EXPECT_EQ(one.slow_after, 2s);
  EXPECT_EQ(one.confirm.retries, 2);
  EXPECT_EQ(one.confirm.after, 3s);
  EXPECT_EQ(one.work(), 3 * 4s + 2 * 3s + 1s);
  const Check& two = config.services[1].checks[0];
  EXPECT_EQ(two.every, 5min);
  EXPECT_EQ(two.timeout, 8s);
  EXPECT_EQ(two.slow_after, 1s);
  EXPECT_EQ(two.confirm.retries, 2);
  EXPECT_EQ(two.confirm.after, 7s);
  EXPECT_FALSE(config.services[1].terms.degraded_is_good);
  EXPECT_EQ(config.agreements[0].objectives.at("one").parts_per_million, 995'000);
  EXPECT_EQ(config.agreements[0].objectives.at("two").parts_per_million, 999'000);
}

struct DefaultTimes {
  const char* every;
  int retries;
  Duration after, timeout;
};

class TimesBySlot : public testing::TestWithParam<DefaultTimes> {};

TEST_P(TimesBySlot, FollowTheRuleAndFitTheSlot) {
  const DefaultTimes& want = GetParam();
  const Config config =
      good(fmt::format("defaults: {{every: {}, confirm: {{retries: {}}}}}\nservices:\n{}",
                       want.every, want.retries, service("web")));
  ASSERT_THAT(config.services, SizeIs(1));
  const Check& check = config.services[0].checks[0];
  EXPECT_EQ(check.confirm.after, want.after);
  EXPECT_EQ(check.timeout, want.timeout);
  EXPECT_LE(check.work(), check.every);
}

INSTANTIATE_TEST_SUITE_P(
    Config, TimesBySlot,
    testing::Values(DefaultTimes{"5m", 1, 10s, 10s}, DefaultTimes{"1m", 1, 10s, 10s},
                    DefaultTimes{"30s", 1, 5s, 10s}, DefaultTimes{"12s", 1, 2s, 4500ms},
                    DefaultTimes{"10s", 1, 1666ms, 3667ms}, DefaultTimes{"10s", 2, 1666ms, 1889ms},
                    DefaultTimes{"5s", 0, 833ms, 4s}, DefaultTimes{"2s", 0, 333ms, 1s}));

TEST(Config, TheNearestTimeoutWinsAndAModulesGoesBeforeTheDefaults) {
  const Config config = good(R"(
modules: {quick: {prober: tcp, timeout: 3s}}
defaults: {objective: 99%, timeout: 5s}
services:
  module: {checks: [{module: quick, target: "a.example:25"}]}
  service: {timeout: 4s, checks: [{module: quick, target: "a.example:25"}]}
  check: {timeout: 4s, checks: [{module: quick, target: "a.example:25", timeout: 2s}]}
  default: {checks: [{module: tcp_connect, target: "a.example:25"}]}
)");
  EXPECT_EQ(config.services[0].checks[0].timeout, 3s);
  EXPECT_EQ(config.services[1].checks[0].timeout, 4s);
  EXPECT_EQ(config.services[2].checks[0].timeout, 2s);
  EXPECT_EQ(config.services[3].checks[0].timeout, 5s);
}

TEST(Config, SeveralTargetsBecomeSeveralChecks) {
  const Config config = good(R"(
services:
  web:
    objective: 99%
    require: 2
    checks:
      - {name: list, module: http_2xx, targets: ["https://a.example/", "https://b.example/"]}
      - {name: map, module: http_2xx, targets: {left: "https://c.example/", right: "https://d.example/"}}
      - {name: single, module: http_2xx, targets: ["https://e.example/"]}
      - {module: http_2xx, target: "https://f.example/"}
)");
  std::vector<std::string> names;
  for (const Check& check : config.services[0].checks) names.push_back(check.name);
  EXPECT_THAT(names,
              ElementsAre("list/1", "list/2", "map/left", "map/right", "single", "http_2xx"));
  EXPECT_EQ(config.services[0].terms.require, 2);
}

TEST(Config, OnlyAChecksThatDoesNotCountHasItsOwnCadence) {
  const Config config = good(R"(
services:
  smtp:
    objective: 99%
    checks:
      - {module: smtp_starttls, target: "smtp.example.com:587"}
      - {name: inbox, module: tcp_connect, target: "imap.example.com:993", every: 5m, counts: false}
)");
  EXPECT_EQ(config.services[0].checks[0].every, 1min);
  EXPECT_TRUE(config.services[0].checks[0].counts);
  EXPECT_EQ(config.services[0].checks[1].every, 5min);
  EXPECT_FALSE(config.services[0].checks[1].counts);
}

TEST(Config, WithOverridesKeysOfTheModuleDeeply) {
  const Config config = good(R"(
modules:
  api:
    prober: http
    http: {method: POST, headers: {Accept: application/json, X-From: monitor}, valid_status_codes: [200]}
services:
  api:
    objective: 99%
    checks:
      - {name: plain, module: api, target: "https://api.example.com/"}
      - {name: own, module: api, target: "https://api.example.com/", with: {headers: {X-From: other}, valid_status_codes: [204]}}
)");
  const auto& plain = std::get<probes::HttpModule>(config.services[0].checks[0].module->spec);
  const auto& own = std::get<probes::HttpModule>(config.services[0].checks[1].module->spec);
  EXPECT_THAT(plain.valid_status_codes, ElementsAre(200));
  EXPECT_THAT(own.valid_status_codes, ElementsAre(204));
  EXPECT_EQ(own.method, "POST");
  using Header = std::pair<std::string, std::string>;
  EXPECT_THAT(own.headers,
              ElementsAre(Header{"Accept", "application/json"}, Header{"X-From", "other"}));
  EXPECT_EQ(config.services[0].checks[0].module, config.modules.at("api"));
}

TEST(Config, MergeKeysFillInWhatTheMapDoesNotSay) {
  const Config config = good(R"(
x-slow: &slow {every: 5m, timeout: 20s}
x-web: &web {timeout: 8s, labels: {team: web}}
services:
  one:
    <<: [*web, *slow]
    objective: 99%
    checks: &checks [{module: tcp_connect, target: "a.example:25"}]
  two:
    <<: *slow
    timeout: 9s
    objective: 99%
    checks: *checks
)");
  EXPECT_EQ(config.services[0].terms.every, 5min);
  EXPECT_EQ(config.services[0].checks[0].timeout, 8s) << "the first map of the list wins";
  EXPECT_EQ(config.services[0].labels.at("team"), "web");
  EXPECT_EQ(config.services[1].checks[0].timeout, 9s) << "the map itself wins";
}

TEST(Config, AnErrorInAMergedValueIsReportedWhereItIsWritten) {
  const ConfigResult config =
      load_text("x-a: &a {every: soon}\ndefaults:\n  <<: *a\nservices: {}\n");
  EXPECT_THAT(errors_of(config), HasSubstr("/etc/sla/sla.yml:1:17: every: \"soon\""));
}

TEST(Config, IncludedFilesAddServicesModulesAndWindows) {
  const Config config =
      good("include: [teams/*.yml]\ndefaults: {objective: 99.9%}\nservices:\n" + service("web"),
           {{"/etc/sla/teams/b.yml", "services:\n" + service("b")},
            {"/etc/sla/teams/a.yml",
             "modules: {own: {prober: tcp}}\nservices:\n"
             "  a: {checks: [{module: own, target: \"a.example:1\"}]}\n"
             "maintenance: {calendars: [a.ics]}\n"},
            {"/etc/sla/teams/a.ics", "BEGIN:VCALENDAR\n"}});
  std::vector<std::string> names;
  for (const Service& each : config.services) names.push_back(each.name);
  EXPECT_THAT(names, ElementsAre("web", "a", "b"));
  EXPECT_EQ(config.agreements[0].objectives.at("a").parts_per_million, 999'000);
  EXPECT_THAT(config.maintenance_calendars, ElementsAre("/etc/sla/teams/a.ics"))
      << "relative to the file that names it";
}

TEST(Config, APatternThatMatchesNothingIsAWarning) {
  const Config config = good("include: [teams/*.yml]\nservices: {}\n");
  EXPECT_THAT(config.warnings,
              ElementsAre("/etc/sla/sla.yml:1:11: include: no file matches \"teams/*.yml\""));
}

TEST(Config, APatternMayCatchTheFileItStandsIn) {
  const Config config = good("include: ['*.yml']\nservices: {}\n",
                             {{"/etc/sla/sla.yml", "not read again"},
                              {"/etc/sla/web.yml", "services:\n" + service("web")}});
  EXPECT_THAT(config.services, SizeIs(1));
}

TEST(Config, ErrorsInAnIncludedFileNameThatFile) {
  const ConfigResult config =
      load_text("include: [teams/*.yml]\nservices:\n" + service("web"),
                {{"/etc/sla/teams/a.yml", "services:\n" + service("web", "    evry: 1m\n")}});
  EXPECT_EQ(errors_of(config),
            "/etc/sla/teams/a.yml:2:3: service \"web\" is defined twice; the other one is at "
            "/etc/sla/sla.yml:3\n");
}

TEST(Config, WindowsAreReadInTheAgreementsZone) {
  const Config config = good(R"(
agreement: {timezone: UTC+01:00}
services: {}
maintenance:
  windows:
    - {from: 2026-12-06T02:00, to: 2026-12-06T04:00+02:00, announced: 2026-12-01, summary: New disks}
)");
  ASSERT_THAT(config.windows, SizeIs(1));
  const MaintenanceWindow& window = config.windows[0];
  EXPECT_EQ(format_utc(window.from), "2026-12-06T01:00:00Z");
  EXPECT_EQ(format_utc(window.to), "2026-12-06T02:00:00Z");
  EXPECT_EQ(format_utc(*window.announced), "2026-11-30T23:00:00Z");
  EXPECT_EQ(window.summary, "New disks");
  EXPECT_THAT(window.id, HasSubstr("window-"));
}

TEST(Config, AWindowsIdFollowsItsContentAndNotItsSummary) {
  const auto id = [](const std::string& extra) {
    return good(
               "services: {}\nmaintenance: {windows: [{from: 2026-12-06T02:00Z, to: "
               "2026-12-06T04:00Z" +
               extra + "}]}\n")
        .windows.at(0)
        .id;
  };
  EXPECT_EQ(id(""), id(", summary: New disks"));
  EXPECT_NE(id(""), id(", announced: 2026-12-01"));
}

TEST(Config, AWindowMayNameAServiceByItsFormerName) {
  const Config config = good("services:\n" + service("web", "    formerly: [www]\n") + R"(
maintenance: {windows: [{services: [www], from: 2026-12-06T02:00Z, to: 2026-12-06T04:00Z}]}
)");
  EXPECT_THAT(config.windows[0].services, ElementsAre("web"));
}

TEST(Config, WarnsOfWindowsThatDoNotMeetTheSlots) {
  const Config config = good("services:\n" + service("web", "    every: 5m\n") + R"(
maintenance: {windows: [{from: 2026-12-06T02:01Z, to: 2026-12-06T04:00Z}]}
)");
  ASSERT_THAT(config.warnings, SizeIs(1));
  EXPECT_THAT(config.warnings[0],
              HasSubstr("does not begin and end on a slot of service \"web\" (every 5m)"));
}

TEST(Config, WarnsOfCadencesThatDoNotDivideADayAndOfMissingObjectives) {
  const Config config = good(
      "services:\n  web:\n    every: 7m\n    checks: [{module: tcp_connect, target: "
      "\"a.example:25\"}]\n");
  ASSERT_THAT(config.warnings, SizeIs(2));
  EXPECT_THAT(config.warnings[0], HasSubstr(":3:5: every: 7m does not divide a day"));
  EXPECT_THAT(config.warnings[1], HasSubstr("has no objective; 99% is assumed"));
}

TEST(Config, APrivateAgreementIsThePublishedOneWithWhatDiffers) {
  const Config config =
      good("agreement: {provider: Maxony, timezone: UTC+01:00, notice: 2d}\nservices:\n" +
           service("web") + service("api") + R"(
private_agreements:
  acme: {timezone: America/Chicago, unknown_slots: bad, services: {api: {objective: 99.9%}}}
  tiny: {covers: [web]}
)");
  ASSERT_THAT(config.agreements, SizeIs(3));
  const AgreementTerms& acme = config.agreements[1];
  EXPECT_EQ(acme.name, "acme");
  EXPECT_EQ(acme.provider, "Maxony");
  EXPECT_EQ(acme.timezone, "America/Chicago");
  EXPECT_EQ(acme.unknown_slots, UnknownPolicy::bad);
  EXPECT_EQ(acme.notice, 48h);
  EXPECT_EQ(acme.objectives.at("api").parts_per_million, 999'000);
  EXPECT_EQ(acme.objectives.at("web").parts_per_million, 990'000);
  EXPECT_THAT(config.agreements[2].objectives, SizeIs(1));
}

TEST(Config, RetentionIsATimeOrAMap) {
  EXPECT_EQ(good("retention: 15 months\nservices: {}\n").retention.outcomes, 24h * 457);
  EXPECT_EQ(good("retention: 400d\nservices: {}\n").retention.outcomes, 24h * 400);
  const Config config = good("retention: {outcomes: 2y, evidence: 1GiB}\nservices: {}\n");
  EXPECT_EQ(config.retention.outcomes, 24h * 730);
  EXPECT_EQ(config.retention.evidence_bytes, 1ull << 30);
}

TEST(Config, ReadsTheServiceInFull) {
  const Config config = good("agreement: {timezone: UTC+01:00}\nservices:\n" + service("base") +
                             service("web", R"(    title: {de: Netz, en: Web}
    labels: {team: web, severity: page}
    runbook_url: https://wiki.example.com/web
    depends_on: [base]
    formerly: [www]
    valid_from: 2026-01-01
    valid_until: 2027-01-01T12:00Z
    require: any
)"));
  const Service& web = config.services[1];
  EXPECT_EQ(web.title.at("de"), "Netz");
  EXPECT_EQ(web.labels.at("severity"), "page");
  EXPECT_EQ(web.runbook_url, "https://wiki.example.com/web");
  EXPECT_THAT(web.depends_on, ElementsAre("base"));
  EXPECT_THAT(web.formerly, ElementsAre("www"));
  EXPECT_EQ(format_utc(std::chrono::floor<std::chrono::seconds>(*web.valid_from)),
            "2025-12-31T23:00:00Z");
  EXPECT_EQ(web.terms.require, 1);
}

TEST(Config, ThousandsOfServicesLoad) {
  std::string text = "defaults: {objective: 99%}\nservices:\n";
  for (int i = 0; i < 2000; ++i) {
    text += fmt::format(
        "  s{}: {{depends_on: [s{}], checks: [{{module: http_2xx, target: "
        "\"https://s{}.example/\"}}]}}\n",
        i, i + 1, i);
  }
  text += "  s2000: {checks: [{module: http_2xx, target: \"https://s.example/\"}]}\n";
  EXPECT_THAT(good(text).services, SizeIs(2001));
}

TEST(Config, ErrorsAreBoundedAndSayHowManyMoreThereAre) {
  std::string text = "services: {}\n";
  for (int i = 0; i < 80; ++i) text += fmt::format("unknown{}: 1\n", i);
  const ConfigResult config = load_text(text);
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error(), SizeIs(51));
  EXPECT_EQ(config.error().back().text(), "/etc/sla/sla.yml: 30 more errors are not shown");
}

TEST(ExampleConfig, OfTheAgreementLoadsWithoutAWarning) {
  const ConfigResult config =
      load_config(std::filesystem::path(SLA_SOURCE_DIR) / "deploy/examples/maxony/sla.yml");
  ASSERT_TRUE(config.has_value()) << errors_of(config);
  EXPECT_TRUE(config->warnings.empty());
  std::map<std::string, std::chrono::seconds> cadences;
  for (const Service& each : config->services) cadences[each.name] = each.terms.every;
  EXPECT_EQ(cadences, (std::map<std::string, std::chrono::seconds>{{"website", 5min},
                                                                   {"applications", 1min},
                                                                   {"api", 1min},
                                                                   {"smtp", 1min},
                                                                   {"sms", 1min}}));
  const AgreementTerms& terms = config->agreements.front();
  EXPECT_EQ(terms.timezone, "UTC+01:00");
  for (const auto& [name, objective] : terms.objectives) {
    EXPECT_EQ(objective.parts_per_million, 990'000) << name;
  }
}

TEST(ExampleConfig, PromisesReactionsOfTheAgreement) {
  const ConfigResult config =
      load_config(std::filesystem::path(SLA_SOURCE_DIR) / "deploy/examples/maxony/sla.yml");
  ASSERT_TRUE(config.has_value()) << errors_of(config);
  const Support& support = config->support;
  EXPECT_THAT(
      calendar_lines(support),
      testing::ElementsAre(
          "calendar europe: open 45 h a week, UTC+01:00; holidays known until 2028-12-31",
          "calendar america: open 100 h a week, UTC-06:00; no holidays",
          "calendar all: open 100 h a week, the union of europe and america; a ticket of unknown "
          "region counts on it"));
  // Four and eight hours, and five days of nine.
  const auto rules = SupportRules::compile(support.terms);
  ASSERT_TRUE(rules.has_value()) << rules.error();
  std::map<std::string, std::chrono::seconds> targets;
  for (const LevelTerms& level : support.terms.levels) {
    targets[level.name] = (*rules)->rule(level, "", "america").target;
  }
  EXPECT_EQ(targets, (std::map<std::string, std::chrono::seconds>{
                         {"first", 4h}, {"second", 8h}, {"legal", 45h}}));
  EXPECT_TRUE((*rules)->level("second")->note_reacts);
  EXPECT_FALSE((*rules)->level("legal")->note_reacts) << "an answer is promised";
  EXPECT_EQ(support.terms.number_mail_within, 10min);
  EXPECT_THAT(support.terms.checklist,
              testing::ElementsAre("customer_data", "reproduction", "faq", "deliverability"));
}

// Easter by the algorithm of Gauss as amended, for 1900 to 2099.
std::chrono::sys_days easter_sunday(int year) {
  const int a = year % 19, b = year % 4, c = year % 7;
  const int d = (19 * a + 24) % 30, e = (2 * b + 4 * c + 6 * d + 5) % 7;
  int after = 22 + d + e;  // of March
  if (after == 57 || (after == 56 && d == 28 && a > 10)) after -= 7;
  return std::chrono::sys_days(std::chrono::year(year) / 3 / 1) + std::chrono::days(after - 1);
}

TEST(ExampleConfig, KnowsTheHolidaysOfGeneva) {
  using namespace std::chrono;
  const ConfigResult config =
      load_config(std::filesystem::path(SLA_SOURCE_DIR) / "deploy/examples/maxony/sla.yml");
  ASSERT_TRUE(config.has_value()) << errors_of(config);
  std::vector<local_days> expected;
  for (int number = 2026; number <= 2028; ++number) {
    const auto y = std::chrono::year(number);
    const sys_days easter = easter_sunday(number);
    // Jeûne genevois is the Thursday after the first Sunday of September.
    for (const sys_days day :
         {sys_days(y / 1 / 1), easter - days(2), easter + days(1), easter + days(39),
          easter + days(50), sys_days(y / 8 / 1), sys_days(y / 9 / Sunday[1]) + days(4),
          sys_days(y / 12 / 25), sys_days(y / 12 / 31)}) {
      expected.push_back(local_days(day.time_since_epoch()));
    }
  }
  EXPECT_EQ(config->support.terms.calendars.at(0).holidays, expected);
}

}  // namespace
}  // namespace exporter

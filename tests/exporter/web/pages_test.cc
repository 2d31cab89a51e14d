// The operator's pages: what they say, and that nothing foreign gets onto them unescaped.
#include "exporter/web/pages.h"

#include <gtest/gtest.h>

#include "exporter/web/html.h"
#include "tests/fakes/sample_snapshot.h"

namespace exporter {
namespace {

const Route& route_of(const std::vector<Route>& routes, const std::string& path) {
  for (const Route& route : routes) {
    if (route.path == path) return route;
  }
  throw std::runtime_error("no route " + path);
}

std::vector<Route> routes(std::function<std::expected<std::string, std::string>()> reload = {},
                          bool ready = true) {
  return make_routes({.snapshot = [] { return fakes::sample_snapshot(2); },
                      .ready = [ready] { return ready; },
                      .reload = std::move(reload)});
}

TEST(PagesTest, ShowServicesWithStateAndBudget) {
  const std::string page = landing_page(fakes::sample_snapshot(2).get(), true);
  EXPECT_NE(page.find("Agreement published"), std::string::npos);
  EXPECT_NE(page.find("Maxony, 2026-11 in UTC+01:00"), std::string::npos);
  EXPECT_NE(page.find("href=\"https://wiki.example.com/service-1\">service-1</a>"),
            std::string::npos);
  EXPECT_NE(page.find("<td class=\"number\">421 of 431</td>"), std::string::npos);
  EXPECT_NE(page.find("421.0 min"), std::string::npos);
  EXPECT_NE(page.find("99.950 %"), std::string::npos);
  EXPECT_NE(page.find("status 503, expected 2xx"), std::string::npos);
  EXPECT_NE(page.find("Seen from Geneva outside (AS64496)"), std::string::npos);
}

TEST(PagesTest, NeverRoundAvailabilityUp) {
  const auto snapshot = fakes::sample_snapshot(1);
  auto view = std::make_shared<ServiceView>(*snapshot->services[0]);
  view->current.availability = 0.9999999;
  snapshot->services[0] = view;
  const std::string page = landing_page(snapshot.get(), true);
  EXPECT_NE(page.find("99.999 %"), std::string::npos);
  EXPECT_EQ(page.find("100.000 %"), std::string::npos);
}

TEST(PagesTest, EscapeWhatTargetsAndConfigurationsSay) {
  const auto snapshot = fakes::sample_snapshot(1);
  auto config = std::make_shared<Config>(*snapshot->config);
  config->place.name = "<img src=x>";
  config->services[0].runbook_url = "javascript:alert(1)";
  snapshot->config = config;
  auto check = std::make_shared<CheckView>(*snapshot->checks[0]);
  check->outcome = std::make_shared<probes::Outcome>(
      probes::Outcome::down(probes::Reason::body, "<script>alert('x')</script>&\""));
  snapshot->checks[0] = check;
  const std::string page = landing_page(snapshot.get(), true);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("javascript:"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"),
            std::string::npos);
}

TEST(PagesTest, ExistBeforeTheFirstCommit) {
  const std::string page = landing_page(nullptr, false);
  EXPECT_NE(page.find("No figures were committed yet"), std::string::npos);
  EXPECT_NE(page.find("not ready"), std::string::npos);
}

TEST(PagesTest, TellHealthAndReadiness) {
  EXPECT_EQ(route_of(routes(), "/-/healthy").handler({}).body, "healthy\n");
  EXPECT_EQ(route_of(routes(), "/-/ready").handler({}).status, 200);
  EXPECT_EQ(route_of(routes({}, false), "/-/ready").handler({}).status, 503);
}

TEST(PagesTest, ReloadWhenTheLifecycleIsEnabled) {
  const auto ask = [](std::function<std::expected<std::string, std::string>()> reload) {
    return route_of(routes(std::move(reload)), "/-/reload").handler({});
  };
  EXPECT_EQ(ask({}).status, 403);
  EXPECT_EQ(ask([] { return "reloaded"; }).body, "reloaded\n");
  const auto failed = ask([] { return std::unexpected<std::string>("sla.yml:3:1: unknown key"); });
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "failed to reload the configuration: sla.yml:3:1: unknown key\n");
  EXPECT_EQ(route_of(routes(), "/-/reload").methods, (std::vector<std::string>{"POST", "PUT"}));
}

TEST(PagesTest, LinkOnlyToHarmlessAddresses) {
  EXPECT_EQ(safe_link("https://a/b"), "https://a/b");
  EXPECT_EQ(safe_link("HTTP://a"), "HTTP://a");
  EXPECT_EQ(safe_link("javascript:alert(1)"), "");
  EXPECT_EQ(safe_link("//evil"), "");
  EXPECT_EQ(safe_link(""), "");
}

}  // namespace
}  // namespace exporter

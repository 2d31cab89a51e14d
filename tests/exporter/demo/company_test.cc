// The demo company as its peers see it: each service is spoken to over a real socket in each of its
// modes. Ports are free ones; waiting is bounded by the client's timeouts.
#include "exporter/demo/company.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/exporter/demo/client.h"

namespace exporter::demo {
namespace {

using std::chrono::milliseconds;

class Company : public testing::Test {
 protected:
  void SetUp() override {
    auto started =
        DemoCompany::start({.slow_delay = milliseconds(150), .drip_interval = milliseconds(20)});
    ASSERT_TRUE(started.has_value()) << started.error();
    company_ = std::move(*started);
  }

  void set(Service service, Mode mode) {
    const auto changed = company_->set_mode(service, mode);
    ASSERT_TRUE(changed.has_value()) << changed.error();
  }

  HttpResult get(Service service, const std::string& path, HttpOptions options = {}) {
    options.authority_pem = company_->authority_pem();
    return http(company_->address(service) + path, options);
  }

  HttpResult control(const std::string& path, const HttpOptions& options = {}) {
    return http(company_->control_address() + path, options);
  }

  std::unique_ptr<DemoCompany> company_;
};

constexpr std::array kHttpServices = {Service::website, Service::applications, Service::api,
                                      Service::sms};

TEST_F(Company, ShowsItsPagesOverTrustedTls) {
  EXPECT_EQ(get(Service::website, "").status, 200);
  EXPECT_NE(get(Service::website, "faq").body.find("Frequently asked questions"),
            std::string::npos);
  EXPECT_EQ(get(Service::website, "nowhere").status, 404);
}

TEST_F(Company, IsNotTrustedWithoutItsAuthority) {
  const HttpResult result = http(company_->address(Service::website), {});
  EXPECT_EQ(result.error, CURLE_PEER_FAILED_VERIFICATION);
}

TEST_F(Company, LetsPeopleLogInToTheApplication) {
  EXPECT_EQ(get(Service::applications, "dashboard").status, 303);
  EXPECT_EQ(get(Service::applications, "login", {.body = "email=a%40b&password=wrong"}).status,
            403);
  const HttpResult granted =
      get(Service::applications, "login", {.body = "email=a%40b&password=demo"});
  EXPECT_EQ(granted.status, 303);
  EXPECT_NE(granted.headers.find("Location: /dashboard"), std::string::npos);
  const HttpResult dashboard =
      get(Service::applications, "dashboard", {.headers = {"Cookie: session=demo-session"}});
  EXPECT_EQ(dashboard.status, 200);
  EXPECT_NE(dashboard.body.find("Dashboard"), std::string::npos);
}

TEST_F(Company, AsksForTheTokenOfTheApi) {
  EXPECT_EQ(get(Service::api, "v1/status").status, 200);
  EXPECT_EQ(get(Service::api, "v1/messages").status, 401);
  const HttpOptions order{.body = "{}", .headers = {"Authorization: Bearer demo-token"}};
  EXPECT_EQ(get(Service::api, "v1/messages", order).status, 202);
  const HttpResult list =
      get(Service::api, "v1/messages", {.headers = {"Authorization: Bearer demo-token"}});
  EXPECT_EQ(nlohmann::json::parse(list.body).at("queued"), 1);
}

TEST_F(Company, SendsTextMessagesAndChargesForThem) {
  const std::vector<std::string> key = {"X-Api-Key: demo-key"};
  EXPECT_EQ(get(Service::sms, "balance").status, 401);
  EXPECT_EQ(get(Service::sms, "sms", {.body = "not json", .headers = key}).status, 400);
  const HttpResult sent =
      get(Service::sms, "sms", {.body = R"({"to":"+41790000000","text":"hello"})", .headers = key});
  EXPECT_EQ(nlohmann::json::parse(sent.body).at("id"), "sms-1");
  const HttpResult balance = get(Service::sms, "balance", {.headers = key});
  EXPECT_EQ(nlohmann::json::parse(balance.body).at("balance"), 999);
}

TEST_F(Company, AnswersWithAnErrorOfTheKindOfTheService) {
  for (const Service service : {Service::website, Service::applications, Service::api}) {
    set(service, Mode::error);
    EXPECT_EQ(get(service, "").status, 500) << row_of(service).name;
  }
  set(Service::sms, Mode::error);
  const HttpResult gateway = get(Service::sms, "balance", {.headers = {"X-Api-Key: demo-key"}});
  EXPECT_EQ(gateway.status, 200);
  EXPECT_NE(gateway.body.find("insufficient balance"), std::string::npos);
}

TEST_F(Company, RefusesConnectionsAndKeepsThePort) {
  for (const ServiceName& row : kServices) {
    const auto port = company_->port(row.service);
    set(row.service, Mode::refuse);
    EXPECT_FALSE(RawClient::connect(port)) << row.name;
    set(row.service, Mode::up);
    EXPECT_TRUE(RawClient::connect(port)) << row.name;
  }
}

TEST_F(Company, AcceptsAndStaysSilent) {
  for (const ServiceName& row : kServices) {
    set(row.service, Mode::silent);
    auto client = RawClient::connect(company_->port(row.service));
    ASSERT_TRUE(client) << row.name;
    client->send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client->read_some(milliseconds(50)), "") << row.name;
    EXPECT_TRUE(client->still_open()) << row.name;
  }
}

TEST_F(Company, AnswersSlowlyButRightly) {
  for (const Service service : kHttpServices) {
    set(service, Mode::slow);
    const HttpResult result = get(service, "v1/status");
    EXPECT_EQ(result.error, CURLE_OK) << row_of(service).name;
    EXPECT_GE(result.seconds, 0.15) << row_of(service).name;
  }
  set(Service::smtp, Mode::slow);
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_EQ(client->read_some(milliseconds(20)), "");
  EXPECT_TRUE(client->read_line().starts_with("220 "));
}

TEST_F(Company, SurvivesClientsThatDoNotWaitForTheSlowAnswer) {
  set(Service::website, Mode::slow);
  EXPECT_EQ(get(Service::website, "", {.timeout = milliseconds(60)}).error,
            CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(get(Service::website, "").status, 200);
  EXPECT_EQ(get(Service::website, "", {.timeout = milliseconds(60)}).error,
            CURLE_OPERATION_TIMEDOUT);
  set(Service::website, Mode::up);  // with the abandoned answer still waiting
  EXPECT_EQ(get(Service::website, "").status, 200);
}

TEST_F(Company, DripsMoreThanAnybodyWaitsFor) {
  for (const Service service : kHttpServices) {
    set(service, Mode::drip);
    const HttpResult result = get(service, "", {.timeout = milliseconds(200)});
    EXPECT_EQ(result.error, CURLE_OPERATION_TIMEDOUT) << row_of(service).name;
  }
  set(Service::smtp, Mode::drip);
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_EQ(client->read_some(milliseconds(1000)), "2");
  EXPECT_EQ(client->read_some(milliseconds(1000)), "2");
}

TEST_F(Company, ShowsAnExpiredCertificate) {
  for (const Service service : kHttpServices) {
    set(service, Mode::certificate);
    const HttpResult result = get(service, "");
    EXPECT_EQ(result.error, CURLE_PEER_FAILED_VERIFICATION) << row_of(service).name;
    EXPECT_NE(result.message.find("expired"), std::string::npos) << result.message;
  }
  set(Service::smtp, Mode::certificate);
  const MailResult mail = send_mail(company_->port(Service::smtp), company_->authority_pem());
  EXPECT_EQ(mail.error, CURLE_PEER_FAILED_VERIFICATION);
}

TEST_F(Company, HasNoCertificateToExpireInPlainText) {
  auto plain = DemoCompany::start({.tls = false});
  ASSERT_TRUE(plain.has_value()) << plain.error();
  EXPECT_EQ(http((*plain)->address(Service::website), {}).status, 200);
  EXPECT_FALSE((*plain)->set_mode(Service::website, Mode::certificate));
  EXPECT_EQ((*plain)->mode(Service::website), Mode::up);
  EXPECT_TRUE((*plain)->set_mode(Service::smtp, Mode::certificate));
}

TEST_F(Company, SendsGarbageAndHangsUp) {
  for (const Service service : kHttpServices) {
    set(service, Mode::garbage);
    EXPECT_NE(get(service, "").error, CURLE_OK) << row_of(service).name;
  }
  set(Service::smtp, Mode::garbage);
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->read_to_end().starts_with("\xff\xfe"));
}

TEST_F(Company, EndsOpenConnectionsWhenTheModeChanges) {
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->read_line().starts_with("220 "));
  set(Service::smtp, Mode::refuse);
  EXPECT_EQ(client->read_to_end(), "");
}

TEST_F(Company, TakesMailOverStartTls) {
  const MailResult mail = send_mail(company_->port(Service::smtp), company_->authority_pem());
  EXPECT_EQ(mail.error, CURLE_OK) << mail.message;
  EXPECT_EQ(mail.code, 250);
}

TEST_F(Company, SaysNoToMailBeforeStartTls) {
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->read_line().starts_with("220 "));
  client->send("EHLO test\r\nMAIL FROM:<a@example.net>\r\n");
  std::string line;
  bool offers_starttls = false;
  for (int i = 0; i < 10 && !line.starts_with("250 "); ++i) {
    line = client->read_line();
    offers_starttls = offers_starttls || line.find("STARTTLS") != std::string::npos;
  }
  EXPECT_TRUE(offers_starttls);
  EXPECT_TRUE(client->read_line().starts_with("530 "));
}

TEST_F(Company, ForgetsWhatWasInjectedBeforeTheHandshake) {
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->read_line().starts_with("220 "));
  client->send("STARTTLS\r\nNOOP\r\n");
  EXPECT_TRUE(client->read_line().starts_with("220 2.0.0"));
  EXPECT_EQ(client->read_some(milliseconds(50)), "");
}

TEST_F(Company, HoldsItsTongueBeforeTheGreetingIsDue) {
  set(Service::smtp, Mode::slow);
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  client->send("NOOP\r\n");
  EXPECT_TRUE(client->read_line().starts_with("220 "));
  EXPECT_TRUE(client->read_line().starts_with("250 "));
}

TEST_F(Company, GreetsWithServiceNotAvailable) {
  set(Service::smtp, Mode::error);
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->read_to_end().starts_with("421 4.3.2"));
}

TEST_F(Company, ClosesOnLinesWithoutEnd) {
  auto client = RawClient::connect(company_->port(Service::smtp));
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->read_line().starts_with("220 "));
  client->send(std::string(2000, 'x'));
  EXPECT_TRUE(client->read_to_end().starts_with("500 5.5.6"));
}

TEST_F(Company, CountsHowOftenItWasAsked) {
  get(Service::website, "");
  get(Service::website, "faq");
  EXPECT_EQ(company_->asked(Service::website), 2U);
  EXPECT_EQ(company_->asked(Service::api), 0U);
}

TEST_F(Company, IsBrokenAndHealedByTheJsonApi) {
  const HttpOptions break_it{.body = R"({"mode":"error"})"};
  EXPECT_EQ(control("api/services/website/mode", break_it).status, 200);
  EXPECT_EQ(company_->mode(Service::website), Mode::error);
  const auto state = nlohmann::json::parse(control("api/state").body);
  EXPECT_EQ(state.at("services").at(0).at("mode"), "error");
  EXPECT_EQ(state.at("services").at(0).at("address"), company_->address(Service::website));

  EXPECT_EQ(control("api/services/all/mode", {.body = R"({"mode":"up"})"}).status, 200);
  EXPECT_EQ(company_->mode(Service::website), Mode::up);
}

TEST_F(Company, SaysWhatIsWrongWithAnOrder) {
  const HttpResult service = control("api/services/fax/mode", {.body = R"({"mode":"up"})"});
  EXPECT_EQ(service.status, 404);
  EXPECT_NE(service.body.find("known are website, applications, api, smtp, sms"),
            std::string::npos);
  const HttpResult mode = control("api/services/smtp/mode", {.body = R"({"mode":"melt"})"});
  EXPECT_EQ(mode.status, 400);
  EXPECT_NE(mode.body.find("known are up, error, refuse"), std::string::npos);
  EXPECT_EQ(control("api/services/smtp/mode", {.body = "mode=error"}).status, 400);
  EXPECT_EQ(control("api/services/smtp/mode").status, 405);
  EXPECT_EQ(control("api/nothing").status, 404);
}

TEST_F(Company, IsBrokenAndHealedByTheButtonsOfThePage) {
  const HttpResult pressed = control("services/smtp", {.body = "mode=refuse"});
  EXPECT_EQ(pressed.status, 303);
  EXPECT_NE(pressed.headers.find("Location: /?service=smtp&mode=refuse#smtp"), std::string::npos);
  const std::string page = control("?service=smtp&mode=refuse").body;
  EXPECT_NE(page.find("SMTP server: refuses connections."), std::string::npos);
  EXPECT_NE(page.find("✗ broken: refuses connections"), std::string::npos);
  EXPECT_NE(page.find("✓ works"), std::string::npos);
}

TEST_F(Company, SendsThePeopleOfItsHelpDeskAwayAndBack) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "company-help-desk";
  std::filesystem::remove_all(folder);
  const auto staffed = DemoCompany::start({.ticket_file = folder / "tickets.jsonl"});
  ASSERT_TRUE(staffed.has_value()) << staffed.error();
  const std::string at = (*staffed)->control_address();
  const auto mode = [&] {
    return nlohmann::json::parse(http(at + "api/state", {}).body).at("help_desk").at("mode");
  };
  EXPECT_EQ(mode(), "up");
  EXPECT_EQ(http(at + "services/help-desk", {.body = "mode=silent"}).status, 303);
  EXPECT_EQ(mode(), "silent");
  EXPECT_NE(http(at + "?service=help-desk&mode=silent", {}).body.find("nobody answers its tickets"),
            std::string::npos);
  EXPECT_EQ(http(at + "api/services/help-desk/mode", {.body = R"({"mode":"drip"})"}).status, 400);
  EXPECT_EQ(http(at + "api/services/all/mode", {.body = R"({"mode":"up"})"}).status, 200);
  EXPECT_EQ(mode(), "up");
  EXPECT_EQ(control("api/services/help-desk/mode", {.body = R"({"mode":"up"})"}).status, 404)
      << "there is none without a file";
  std::filesystem::remove_all(folder);
}

TEST_F(Company, TakesNoOrdersFromOtherPages) {
  const HttpOptions foreign{.body = "mode=refuse", .headers = {"Origin: http://evil.example"}};
  EXPECT_EQ(control("services/smtp", foreign).status, 403);
  EXPECT_EQ(company_->mode(Service::smtp), Mode::up);
  std::string origin = company_->control_address();
  origin.pop_back();
  EXPECT_EQ(
      control("services/smtp", {.body = "mode=refuse", .headers = {"Origin: " + origin}}).status,
      303);
}

TEST_F(Company, PrintsNothingOfAnAddressItDoesNotKnow) {
  const std::string page = control("?service=%3Cscript%3E&mode=up").body;
  EXPECT_EQ(page.find("<script"), std::string::npos);
}

TEST(CompanyStart, SaysWhichPortIsTaken) {
  const auto first = DemoCompany::start({});
  ASSERT_TRUE(first.has_value()) << first.error();
  const auto second = DemoCompany::start({.base_port = (*first)->control_port()});
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("choose another --ports base"), std::string::npos)
      << second.error();
}

TEST(CompanyStart, WantsALiteralAddress) {
  const auto started = DemoCompany::start({.listen = "localhost"});
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().find("127.0.0.1"), std::string::npos) << started.error();
}

}  // namespace
}  // namespace exporter::demo

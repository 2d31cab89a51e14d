// The configuration that a demo company writes for itself: it names every address as it is, trusts
// the authority it wrote, and keeps its secrets to the owner.
#include "exporter/demo/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "exporter/config/load.h"

namespace exporter::demo {
namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    auto started = DemoCompany::start({});
    ASSERT_TRUE(started.has_value()) << started.error();
    company_ = std::move(*started);
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("demo-config-" + std::to_string(company_->control_port()));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<DemoCompany> company_;
  std::filesystem::path folder_;
};

TEST_F(ConfigFile, NamesEveryAddressAndLeavesNoBlank) {
  const std::string text = config_text(*company_);
  for (const ServiceName& row : kServices) {
    EXPECT_NE(text.find(company_->address(row.service)), std::string::npos) << row.name;
  }
  EXPECT_EQ(text.find('@'), std::string::npos);
}

TEST_F(ConfigFile, NamesTheRuleFilesItIsGiven) {
  const std::string text = config_text(*company_, "/etc/o'neill/*.yml");
  EXPECT_THAT(text, ::testing::HasSubstr("rule_files: ['/etc/o''neill/*.yml']"));
  EXPECT_THAT(config_text(*company_), ::testing::Not(::testing::HasSubstr("alerting:")));
}

TEST_F(ConfigFile, ComesWithTheAuthorityAndSecretsForTheOwnerOnly) {
  const auto written = write_config(*company_, folder_ / "deep" / "sla.yml");
  ASSERT_TRUE(written.has_value()) << written.error();
  EXPECT_EQ(content_of(folder_ / "deep" / "sla.yml"), config_text(*company_));
  EXPECT_EQ(content_of(folder_ / "deep" / "demo-ca.pem"), company_->authority_pem());
  for (const char* secret : {"demo-api.token", "demo-sms.key"}) {
    struct stat status;
    ASSERT_EQ(stat((folder_ / "deep" / secret).c_str(), &status), 0) << secret;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << secret;
  }
}

TEST_F(ConfigFile, IsValidAndCoversTheFiveServicesInShortSlots) {
  const auto written = write_config(*company_, folder_ / "sla.yml");
  ASSERT_TRUE(written.has_value()) << written.error();
  const ConfigResult config = load_config(folder_ / "sla.yml");
  std::string errors;
  if (!config) {
    for (const ConfigError& error : config.error()) errors += error.text() + "\n";
  }
  ASSERT_TRUE(config.has_value()) << errors;
  EXPECT_THAT(config->warnings, testing::IsEmpty());
  ASSERT_EQ(config->services.size(), kServiceCount);
  for (const exporter::Service& service : config->services) {
    EXPECT_TRUE(service_named(service.name)) << service.name;
    EXPECT_EQ(service.terms.every, std::chrono::seconds(10));
    for (const Check& check : service.checks) EXPECT_LE(check.work(), check.every) << check.name;
  }
}

TEST_F(ConfigFile, PromisesReactionTimesWhereThereIsAHelpDesk) {
  const auto plain = write_config(*company_, folder_ / "sla.yml");
  ASSERT_TRUE(plain.has_value()) << plain.error();
  EXPECT_FALSE(load_config(folder_ / "sla.yml")->support.configured());

  const auto tickets = ticket_file_beside(folder_ / "it's" / "sla.yml");
  const auto staffed = DemoCompany::start({.ticket_file = tickets});
  ASSERT_TRUE(staffed.has_value()) << staffed.error();
  const auto written = write_config(**staffed, folder_ / "it's" / "sla.yml");
  ASSERT_TRUE(written.has_value()) << written.error();
  const ConfigResult config = load_config(folder_ / "it's" / "sla.yml");
  ASSERT_TRUE(config.has_value()) << config.error().front().text();
  EXPECT_THAT(config->warnings, testing::IsEmpty());
  EXPECT_EQ(config->support.terms.levels.size(), 3U);
  ASSERT_EQ(config->support.sources.size(), 1U);
  EXPECT_EQ(config->support.sources.front().file, tickets);
  EXPECT_GT(std::filesystem::file_size(tickets), 0U);
}

TEST_F(ConfigFile, SaysWhichFileCannotBeWritten) {
  std::filesystem::create_directories(folder_ / "sla.yml");  // a folder is in the way
  const auto written = write_config(*company_, folder_ / "sla.yml");
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().find("sla.yml"), std::string::npos) << written.error();
}

}  // namespace
}  // namespace exporter::demo

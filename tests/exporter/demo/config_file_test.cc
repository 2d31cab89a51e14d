// The configuration that a demo company writes for itself: it names every address as it is, trusts
// the authority it wrote, and keeps its token to the owner.
#include "exporter/demo/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

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

TEST_F(ConfigFile, ComesWithTheAuthorityAndATokenForTheOwnerOnly) {
  const auto written = write_config(*company_, folder_ / "deep" / "sla.yml");
  ASSERT_TRUE(written.has_value()) << written.error();
  EXPECT_EQ(content_of(folder_ / "deep" / "sla.yml"), config_text(*company_));
  EXPECT_EQ(content_of(folder_ / "deep" / "demo-ca.pem"), company_->authority_pem());
  struct stat token{};
  ASSERT_EQ(stat((folder_ / "deep" / "demo-api.token").c_str(), &token), 0);
  EXPECT_EQ(token.st_mode & 0777, 0600U);
}

TEST_F(ConfigFile, SaysWhichFileCannotBeWritten) {
  std::filesystem::create_directories(folder_ / "sla.yml");  // a folder is in the way
  const auto written = write_config(*company_, folder_ / "sla.yml");
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().find("sla.yml"), std::string::npos) << written.error();
}

}  // namespace
}  // namespace exporter::demo

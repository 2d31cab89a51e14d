// The version of the time zone data, as the files beside it say.
#include "exporter/zone_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace exporter {
namespace {

namespace fs = std::filesystem;

class ZoneData : public testing::Test {
 protected:
  ZoneData() {
    std::string path = (fs::temp_directory_path() / "zone_data_test.XXXXXX").string();
    folder_ = mkdtemp(path.data());
  }
  ~ZoneData() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }

  fs::path folder_;
};

TEST_F(ZoneData, OfThisMachineHasAVersion) {
  ASSERT_TRUE(fs::exists("/usr/share/zoneinfo/tzdata.zi")) << "is the package tzdata installed?";
  EXPECT_THAT(zone_data_version("/usr/share/zoneinfo"),
              testing::MatchesRegex("20[0-9][0-9][a-z]+"));
}

TEST_F(ZoneData, NamesItsVersionInTheFirstLineOfItsText) {
  write("tzdata.zi", "# version 2026a\n# This zic input file is in the public domain.\nR A ...\n");
  write("+VERSION", "2019c\n");
  EXPECT_EQ(zone_data_version(folder_), "2026a");
}

TEST_F(ZoneData, BuiltFromSourceNamesItsVersionInAFileOfItsOwn) {
  write("+VERSION", "2026b\n");
  EXPECT_EQ(zone_data_version(folder_), "2026b");
}

TEST_F(ZoneData, WithoutEitherIsOfUnknownVersion) {
  EXPECT_EQ(zone_data_version(folder_), "unknown");
  EXPECT_EQ(zone_data_version(folder_ / "not there"), "unknown");
}

TEST_F(ZoneData, TakesNothingForAVersionThatIsNone) {
  for (const char* text : {"", "\n", "# version \n", "# redacted 2026a\n", "# version a b\n",
                           "# version \"2026a\"\n", "# version \x01\n"}) {
    write("tzdata.zi", text);
    EXPECT_EQ(zone_data_version(folder_), "unknown") << text;
  }
  write("tzdata.zi", "# version " + std::string(1000, '1'));
  EXPECT_EQ(zone_data_version(folder_), "unknown");
}

TEST_F(ZoneData, IsReadWhereTheZonesAreRead) {
  ASSERT_EQ(setenv("TZDIR", folder_.c_str(), 1), 0);
  EXPECT_EQ(zone_data_folder(), folder_);
  ASSERT_EQ(setenv("TZDIR", "", 1), 0);
  EXPECT_EQ(zone_data_folder(), "/usr/share/zoneinfo");
  ASSERT_EQ(unsetenv("TZDIR"), 0);
  EXPECT_EQ(zone_data_folder(), "/usr/share/zoneinfo");
}

}  // namespace
}  // namespace exporter

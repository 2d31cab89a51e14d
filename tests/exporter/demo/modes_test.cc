// The tables of services and modes are complete, in order, and found by name.
#include "exporter/demo/modes.h"

#include <gtest/gtest.h>

namespace exporter::demo {
namespace {

TEST(DemoTables, FindEachServiceByItsNameAndNumber) {
  for (const ServiceName& row : kServices) {
    EXPECT_EQ(service_named(row.name), row.service);
    EXPECT_EQ(row_of(row.service).name, row.name);
  }
  EXPECT_EQ(service_named("fax"), std::nullopt);
}

TEST(DemoTables, FindEachModeByItsNameAndNumber) {
  for (const ModeName& row : kModes) {
    EXPECT_EQ(mode_named(row.name), row.mode);
    EXPECT_EQ(row_of(row.mode).name, row.name);
  }
  EXPECT_EQ(mode_named("UP"), std::nullopt);
}

}  // namespace
}  // namespace exporter::demo

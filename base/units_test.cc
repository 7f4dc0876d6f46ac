#include "base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace gristmill {
namespace {

TEST(UnitsTest, BytesTakeBinaryUnitsInAnyCase) {
  EXPECT_EQ(*ParseBytes("512"), 512u);
  EXPECT_EQ(*ParseBytes("64K"), 65536u);
  EXPECT_EQ(*ParseBytes("64mib"), 64u << 20);
  EXPECT_EQ(*ParseBytes("1.5 GB"), 3u << 29);
}

TEST(UnitsTest, WhatIsNoSizeIsRefusedWithAnExample) {
  for (const char* text : {"", "x", "-1", "64Q", "1e3", "64KiBB", "99999999999T"}) {
    EXPECT_THAT(Message(ParseBytes(text).status()), testing::HasSubstr("such as 64MiB")) << text;
  }
}

TEST(UnitsTest, DurationsTakeUnitsAndBareSeconds) {
  EXPECT_EQ(*ParseDuration("250ms"), 250);
  EXPECT_EQ(*ParseDuration("1.5s"), 1500);
  EXPECT_EQ(*ParseDuration("10"), 10'000);
  EXPECT_EQ(*ParseDuration("2h"), 7'200'000);
  EXPECT_FALSE(ParseDuration("10 parsecs").ok());
}

TEST(UnitsTest, FiguresCarryTheirUnits) {
  EXPECT_EQ(FormatBytes(312), "312 B");
  EXPECT_EQ(FormatBytes(3u << 29), "1.5 GiB");
  EXPECT_EQ(FormatDuration(850), "850 ms");
  EXPECT_EQ(FormatDuration(245'000), "4 min 05 s");
  EXPECT_EQ(FormatDuration(7'620'000), "2 h 07 min");
}

TEST(GroupDigits, PutsACommaBeforeEachThirdDigit) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(1'000), "1,000");
  EXPECT_EQ(GroupDigits(123'456'789), "123,456,789");
}

TEST(CountOf, IsOneThingOrSeveral) {
  EXPECT_EQ(CountOf(0, "file"), "0 files");
  EXPECT_EQ(CountOf(1, "file"), "1 file");
  EXPECT_EQ(CountOf(12'345, "file"), "12,345 files");
}

}  // namespace
}  // namespace gristmill

#include "gristmill/text_format.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gristmill {
namespace {

template <typename T>
std::string Text(const T& value) {
  std::string text;
  AppendText<T>(&text, value);
  return text;
}

TEST(TextFormat, WritesEachTypeAsDocumented) {
  EXPECT_EQ(Text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Text(std::uint8_t{65}), "65");
  EXPECT_EQ(Text(0.1), "0.1");
  EXPECT_EQ(Text(0.1f), "0.1");
  EXPECT_EQ(Text(1e300), "1e+300");
  EXPECT_EQ(Text(true), "true");
  EXPECT_EQ(Text(std::string("a\tb")), "a\tb");
  EXPECT_EQ(Text(None{}), "");
}

TEST(TextFormat, JoinsPartsByCommas) {
  EXPECT_EQ(Text(std::tuple(std::string("x"), 1, false)), "x,1,false");
  EXPECT_EQ(Text(std::vector<std::pair<int, int>>{{1, 2}, {3, 4}}), "1,2,3,4");
  EXPECT_EQ(Text(std::vector<bool>{true, false}), "true,false");
  EXPECT_EQ(Text(std::vector<int>{}), "");
}

}  // namespace
}  // namespace gristmill

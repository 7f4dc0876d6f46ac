#include "stream/line_cutter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gristmill::stream {
namespace {

using testing::ElementsAre;

class LineCutterTest : public testing::Test {
 protected:
  void Add(std::string_view bytes) {
    lines_.Add(bytes, [this](std::string_view line) { taken_.emplace_back(line); });
  }
  void End() {
    lines_.End([this](std::string_view line) { taken_.emplace_back(line); });
  }

  LineCutter lines_{5};
  std::vector<std::string> taken_;
};

TEST_F(LineCutterTest, CutsWhereverThePiecesEnd) {
  for (const char* piece : {"a", "b\n\nc", "d\n", "\n", "ef"}) Add(piece);
  EXPECT_EQ(lines_.begun_bytes(), 2u);
  End();
  EXPECT_THAT(taken_, ElementsAre("ab", "", "cd", "", "ef"));
}

TEST_F(LineCutterTest, KeepsNoMoreOfALineThanItsMaximum) {
  Add("1234");
  Add("5\n12345");
  EXPECT_THAT(taken_, ElementsAre("12345"));
  EXPECT_THROW(Add("6"), TaskError);
  EXPECT_EQ(lines_.begun_bytes(), 5u);
}

}  // namespace
}  // namespace gristmill::stream

#include "chaos/output_comparison.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/test_directory.h"

namespace gristmill::chaos {
namespace {

class CompareOutputsTest : public testing::Test {
 protected:
  CompareOutputsTest() {
    for (const std::string& name : {expected_, actual_}) {
      std::filesystem::create_directory(name);
      Write(name + "/part-0", std::string(100'000, 'x'));
      Write(name + "/_SUCCESS", "");
    }
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::string Difference() const {
    return std::string(CompareOutputs(expected_, actual_).message());
  }

  const TestDirectory directory_;
  const std::string expected_ = directory_.path() + "/expected";
  const std::string actual_ = directory_.path() + "/actual";
};

TEST_F(CompareOutputsTest, FindsEqualOutputsEqual) { EXPECT_EQ(Difference(), ""); }

TEST_F(CompareOutputsTest, NamesTheFirstByteThatDiffers) {
  std::string text(100'000, 'x');
  text[70'001] = 'y';
  Write(actual_ + "/part-0", text);
  EXPECT_EQ(Difference(), "part-0 differs from that of the sequential run at byte 70001");
}

TEST_F(CompareOutputsTest, TakesATruncatedAndALongerFileForDifferent) {
  Write(actual_ + "/part-0", std::string(99'999, 'x'));
  EXPECT_EQ(Difference(), "part-0 differs from that of the sequential run at byte 99999");
  Write(actual_ + "/part-0", std::string(100'001, 'x'));
  EXPECT_EQ(Difference(), "part-0 differs from that of the sequential run at byte 100000");
}

TEST_F(CompareOutputsTest, NamesAFileThatIsMissingAndOneTooMany) {
  std::filesystem::remove(actual_ + "/_SUCCESS");
  EXPECT_EQ(Difference(), "_SUCCESS of the sequential run's output is missing");
  Write(actual_ + "/_SUCCESS", "");
  std::filesystem::create_directory(actual_ + "/_temporary");
  EXPECT_EQ(Difference(), "_temporary is in the output, but not in that of the sequential run");
}

TEST_F(CompareOutputsTest, RefusesAnOutputThatIsNotThere) {
  std::filesystem::remove_all(actual_);
  EXPECT_TRUE(absl::IsNotFound(CompareOutputs(expected_, actual_)));
}

}  // namespace
}  // namespace gristmill::chaos

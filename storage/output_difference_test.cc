#include "storage/output_difference.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/test_directory.h"

namespace gristmill {
namespace {

class OutputDifferenceTest : public testing::Test {
 protected:
  OutputDifferenceTest() {
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
    const auto difference = FindDifference(expected_, actual_);
    EXPECT_TRUE(difference.ok());
    return *difference ? DescribeDifference(**difference, "the sequential run") : "";
  }

  const TestDirectory directory_;
  const std::string expected_ = directory_.path() + "/expected";
  const std::string actual_ = directory_.path() + "/actual";
};

TEST_F(OutputDifferenceTest, FindsEqualOutputsEqual) { EXPECT_EQ(Difference(), ""); }

TEST_F(OutputDifferenceTest, NamesTheFirstByteThatDiffers) {
  std::string text(100'000, 'x');
  text[70'001] = 'y';
  Write(actual_ + "/part-0", text);
  EXPECT_EQ(Difference(), "part-0 differs from that of the sequential run at byte 70001");
}

TEST_F(OutputDifferenceTest, ShowsTheLineOfBoth) {
  Write(expected_ + "/part-0", "apple\t1\nbanana\t22\ncherry\t3\n");
  Write(actual_ + "/part-0", "apple\t1\nbanana\t23\ncherry\t3\n");
  const auto difference = FindDifference(expected_, actual_);
  ASSERT_TRUE(difference.ok() && difference->has_value());
  EXPECT_EQ((*difference)->line, 2u);
  EXPECT_EQ((*difference)->offset, 16u);
  EXPECT_EQ((*difference)->expected_text, "banana\\t22");
  EXPECT_EQ((*difference)->actual_text, "banana\\t23");
}

TEST_F(OutputDifferenceTest, ShowsALineThatOneLacks) {
  Write(expected_ + "/part-0", "a\nb\n");
  Write(actual_ + "/part-0", "a\n");
  const auto difference = FindDifference(expected_, actual_);
  ASSERT_TRUE(difference.ok() && difference->has_value());
  EXPECT_EQ((*difference)->line, 2u);
  EXPECT_EQ((*difference)->expected_text, "b");
  EXPECT_EQ((*difference)->actual_text, "");
}

TEST_F(OutputDifferenceTest, LooksIntoDirectories) {
  std::filesystem::create_directory(expected_ + "/_bad");
  std::filesystem::create_directory(actual_ + "/_bad");
  Write(expected_ + "/_bad/records", "one\n");
  Write(actual_ + "/_bad/records", "two\n");
  EXPECT_EQ(Difference(), "_bad/records differs from that of the sequential run at byte 0");
}

TEST_F(OutputDifferenceTest, TakesATruncatedAndALongerFileForDifferent) {
  Write(actual_ + "/part-0", std::string(99'999, 'x'));
  EXPECT_EQ(Difference(), "part-0 differs from that of the sequential run at byte 99999");
  Write(actual_ + "/part-0", std::string(100'001, 'x'));
  EXPECT_EQ(Difference(), "part-0 differs from that of the sequential run at byte 100000");
}

TEST_F(OutputDifferenceTest, NamesAFileThatIsMissingAndOneTooMany) {
  std::filesystem::remove(actual_ + "/_SUCCESS");
  EXPECT_EQ(Difference(), "_SUCCESS of the output of the sequential run is missing");
  Write(actual_ + "/_SUCCESS", "");
  std::filesystem::create_directory(actual_ + "/_temporary");
  EXPECT_EQ(Difference(), "_temporary is in the output, but not in that of the sequential run");
}

TEST_F(OutputDifferenceTest, RefusesAnOutputThatIsNotThere) {
  std::filesystem::remove_all(actual_);
  EXPECT_TRUE(absl::IsNotFound(FindDifference(expected_, actual_).status()));
}

}  // namespace
}  // namespace gristmill

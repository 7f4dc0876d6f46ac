#include "jobs/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gristmill::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Words(std::string_view line, const ByteSet& word_bytes) {
  std::vector<std::string> words;
  ForEachWord(line, word_bytes, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

TEST(ForEachWord, CutsAtAnyAsciiWhiteSpace) {
  EXPECT_THAT(Words("a b\tc\vd\fe\rf\ng", kAllButSpace),
              ElementsAre("a", "b", "c", "d", "e", "f", "g"));
}

TEST(ForEachWord, GivesNoEmptyWords) {
  EXPECT_THAT(Words("", kAllButSpace), IsEmpty());
  EXPECT_THAT(Words(" \t ", kAllButSpace), IsEmpty());
  EXPECT_THAT(Words("  a  b  ", kAllButSpace), ElementsAre("a", "b"));
}

TEST(ForEachWord, KeepsAllOtherBytesAsTheyAre) {
  using namespace std::string_literals;
  EXPECT_THAT(Words("\0 \x7f\x80\xff \xc2\xa0"s, kAllButSpace),
              ElementsAre("\0"s, "\x7f\x80\xff", "\xc2\xa0"));
}

TEST(ForEachWord, OfLettersCutsAtEverythingElse) {
  EXPECT_THAT(Words("It's 3 o'Clock_[now]\xc3\xa9z", kLetters),
              ElementsAre("It", "s", "o", "Clock", "now", "z"));
}

}  // namespace
}  // namespace gristmill::jobs

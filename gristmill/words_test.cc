#include "gristmill/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gristmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Words(std::string_view text, const ByteSet<2>& word_bytes) {
  std::vector<std::string> words;
  ForEachWord(text, word_bytes, [&](std::string_view word) { words.emplace_back(word); });
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

// What ForEachWord is to do, a byte at a time.
std::vector<std::string> WordsByteByByte(std::string_view text, const ByteSet<2>& word_bytes) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const bool in_word = word_bytes.Contains(static_cast<unsigned char>(c));
    if (in_word) word.push_back(c);
    if (!in_word && !word.empty()) words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

TEST(ForEachWord, CutsTextOfEveryLengthAsAByteByByteLoopDoes) {
  std::mt19937_64 random(3);
  for (std::size_t length = 0; length <= 300; ++length) {
    for (const std::uint64_t rarity : {2, 5, 40, 400}) {  // how long words are
      std::string text(length, 'w');
      for (char& c : text) {
        if (random() % rarity == 0) c = static_cast<char>(random());
      }
      EXPECT_EQ(Words(text, kAllButSpace), WordsByteByByte(text, kAllButSpace)) << length;
      EXPECT_EQ(Words(text, kLetters), WordsByteByByte(text, kLetters)) << length;
    }
  }
}

TEST(ForEachWord, FindsAWordAtEveryPlaceInTheMask) {
  for (std::size_t begin = 0; begin < 130; ++begin) {
    for (std::size_t bytes = 1; begin + bytes <= 200; ++bytes) {
      std::string text(200, ' ');
      text.replace(begin, bytes, std::string(bytes, 'x'));
      EXPECT_THAT(Words(text, kLetters), ElementsAre(std::string(bytes, 'x')));
      const std::string_view cut = std::string_view(text).substr(0, begin + bytes);
      EXPECT_THAT(Words(std::string(cut), kLetters), ElementsAre(std::string(bytes, 'x')));
    }
  }
}

TEST(ForEachWord, ReadsAtTheEndOfAPageAsElsewhere) {
  std::vector<char> pages(3 * 4096, 'q');
  for (std::size_t begin = 4096 - 100; begin < 4096; ++begin) {
    const std::string_view text(&pages[begin], 4096 - begin);
    EXPECT_THAT(Words(text, kLetters), ElementsAre(std::string(text)));
  }
}

TEST(ByteMasker, AgreesWithTheSetOnEveryByte) {
  std::string all(256, '\0');
  for (int byte = 0; byte < 256; ++byte)
    all[static_cast<std::size_t>(byte)] = static_cast<char>(byte);
  for (const ByteSet<2>& set : {kAllButSpace, kLetters, ByteSet<2>{{{0, 0}, {128, 255}}}}) {
    const internal::ByteMasker<2> masker(set);
    for (std::size_t at = 0; at < 256; at += 64) {
      EXPECT_EQ(masker.Mask(&all[at], 64), internal::PlainByteMask(set, &all[at], 64));
    }
  }
}

TEST(LowerAscii, MakesAsciiLettersSmallAndLeavesAllElse) {
  std::string all(256, '\0'), lower(256, '\0');
  for (int byte = 0; byte < 256; ++byte)
    all[static_cast<std::size_t>(byte)] = static_cast<char>(byte);
  LowerAscii(all, lower.data());
  for (std::size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(lower[i], 'A' <= all[i] && all[i] <= 'Z' ? all[i] - 'A' + 'a' : all[i]);
  }
}

}  // namespace
}  // namespace gristmill

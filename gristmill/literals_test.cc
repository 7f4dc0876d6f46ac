#include "gristmill/literals.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace gristmill {
namespace {

// What Find is to do, on a text whose letters are small.
std::size_t FindOneByOne(const std::string& text, const std::vector<std::string>& literals,
                         std::size_t from) {
  std::size_t first = text.size();
  for (const std::string& literal : literals) first = std::min(first, text.find(literal, from));
  return first;
}

TEST(LiteralSet, FindsWhatASearchForEachFinds) {
  std::mt19937_64 random(5);
  const std::vector<std::vector<std::string>> sets = {
      {"a"}, {"ab"}, {"abc", "cba"}, {"aaaa", "bc", "cabca"}, {"abcabcabcabcabcabcabcabc", "cc"}};
  for (std::size_t length = 0; length < 120; ++length) {
    std::string text(length, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    for (const auto& literals : sets) {
      const LiteralSet set(literals);
      for (std::size_t from = 0; from <= length; from += 7) {
        EXPECT_EQ(set.Find(text, from), FindOneByOne(text, literals, from)) << text << from;
      }
    }
  }
}

TEST(LiteralSet, FindsALiteralAtEveryPlace) {
  const LiteralSet set({"needle", "pin"});
  for (std::size_t length = 6; length < 80; ++length) {
    for (std::size_t at = 0; at + 6 <= length; ++at) {
      std::string text(length, '.');
      text.replace(at, 6, "needle");
      EXPECT_EQ(set.Find(text, 0), at);
      EXPECT_EQ(set.Find(text, at + 1), length);
    }
  }
}

TEST(LiteralSet, IgnoresTheCaseOfAsciiLettersAndNothingElse) {
  const LiteralSet set({"k_\xc3\xa9"});
  EXPECT_EQ(set.Find("xK_\xc3\xa9", 0), 1u);
  EXPECT_EQ(set.Find("xk\x7f\xc3\xa9................", 0), 21u)
      << "'_' and DEL differ in the bit of case";
  EXPECT_EQ(set.Find("xk_\xc3\x89................", 0), 21u) << "an accented capital letter";
}

}  // namespace
}  // namespace gristmill

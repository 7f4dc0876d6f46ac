#include "base/readable_text.h"

#include <gtest/gtest.h>

namespace gristmill {
namespace {

TEST(ReadableText, WhatIsNoUtf8BecomesAQuestionMark) {
  EXPECT_EQ(ReadableText("naïve \xff\xc3 €\xed\xa0\x80"), "naïve ?? €???");
}

TEST(Quoted, EscapesWhatDoesNotPrintAndKeepsTheRest) {
  EXPECT_EQ(Quoted("", false), "\"\"");
  EXPECT_EQ(Quoted("a \"b\"\t\\é\n\x01\xff", false), R"("a \"b\"\t\\é\n\x01\xff")");
  EXPECT_EQ(Quoted("long", true), "\"long…\"");
}

TEST(Quoted, ACharacterThatIsCutInTwoIsLeftOut) {
  EXPECT_EQ(Quoted("caf\xc3", true), "\"caf…\"");
  EXPECT_EQ(Quoted("caf\xc3", false), R"("caf\xc3")");
  EXPECT_EQ(Quoted("\xe2\x82", true), "\"…\"");
}

TEST(ShortenedText, CutsNoCharacter) {
  EXPECT_EQ(ShortenedText("short", 5), "short");
  EXPECT_EQ(ShortenedText("longer", 4), "long…");
  EXPECT_EQ(ShortenedText("grün", 3), "gr…");
}

}  // namespace
}  // namespace gristmill

#include "stream/key_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<KeyPart> Parse(std::string_view text) { return ParseKeyParts("--sort", text); }

std::string Part(std::string_view key, std::string_view part) {
  return std::string(PartOf(key, '.', Parse(part).at(0)));
}

TEST(KeyParts, AreSaidAsForSort) {
  EXPECT_THAT(Parse(""), IsEmpty());
  const KeyPart second_numeric_reverse = {
      .first_field = 2, .last_field = 2, .numeric = true, .reverse = true};
  for (const char* text : {"-k2,2nr", "k2,2nr", "2,2nr", "-k 2,2nr", "-k2nr,2", " -k2n,2r "}) {
    EXPECT_THAT(Parse(text), ElementsAre(second_numeric_reverse)) << text;
  }
  EXPECT_THAT(
      Parse("-k1.2,3.4"),
      ElementsAre(KeyPart{.first_field = 1, .first_byte = 2, .last_field = 3, .last_byte = 4}));
}

TEST(KeyParts, LettersByThemselvesAreForPartsWithoutAny) {
  EXPECT_THAT(Parse("-nr"), ElementsAre(KeyPart{.numeric = true, .reverse = true}));
  EXPECT_THAT(Parse("-n -k1,1 -k2,2r"),
              ElementsAre(KeyPart{.first_field = 1, .last_field = 1, .numeric = true},
                          KeyPart{.first_field = 2, .last_field = 2, .reverse = true}));
}

TEST(KeyParts, ThatAreNoneAreRefusedByName) {
  for (const char* text : {"-x", "-k", "-k0", "-k1.0", "-k1,0", "-k1,2,3", "-k1g", "-k1x,2",
                           "-k99999999999", "-k-1"}) {
    try {
      Parse(text);
      ADD_FAILURE() << text << " was taken";
    } catch (const TaskError& error) {
      EXPECT_THAT(error.what(), HasSubstr("--sort '" + std::string(text) + "'"));
    }
  }
}

TEST(KeyParts, AreCutOutOfTheKey) {
  EXPECT_EQ(Part("ab.cd.ef", "-k1,1"), "ab");
  EXPECT_EQ(Part("ab.cd.ef", "-k2,2"), "cd");
  EXPECT_EQ(Part("ab.cd.ef", "-k2"), "cd.ef");
  EXPECT_EQ(Part("ab.cd.ef", "-k1,2"), "ab.cd");
  EXPECT_EQ(Part("ab.cd.ef", "-k1.2,3.1"), "b.cd.e");
  EXPECT_EQ(Part("ab.cd.ef", "-k3,3"), "ef");
  EXPECT_EQ(Part("ab.cd.ef", "-k4,4"), "");
  EXPECT_EQ(Part("ab.cd.ef", "-k2,1"), "");
  EXPECT_EQ(Part("ab.cd.ef", "-k3.9"), "");
  EXPECT_EQ(Part("..", "-k2,2"), "");
  EXPECT_EQ(Part("", "-k1,1"), "");
}

TEST(Lines, AreSplitAfterSoManyFields) {
  const auto split = [](std::string_view line, std::uint32_t fields) {
    const KeyAndValue pair = SplitLine(line, '\t', fields);
    return std::string(pair.key) + "|" + std::string(pair.value);
  };
  EXPECT_EQ(split("a\tb\tc", 1), "a|b\tc");
  EXPECT_EQ(split("a\tb\tc", 2), "a\tb|c");
  EXPECT_EQ(split("a\tb\tc", 3), "a\tb\tc|");
  EXPECT_EQ(split("a\tb\tc", 9), "a\tb\tc|");
  EXPECT_EQ(split("a", 1), "a|");
  EXPECT_EQ(split("a\t", 1), "a|");
  EXPECT_EQ(split("\tb", 1), "|b");
  EXPECT_EQ(split("", 1), "|");
}

}  // namespace
}  // namespace gristmill::stream

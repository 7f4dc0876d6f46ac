#include "gristmill/params.h"

#include <gtest/gtest.h>

#include <string>

#include "gristmill/edit_distance.h"

namespace gristmill {
namespace {

struct Members {
  bool lower = false;
  std::int64_t shift = -3;
  std::uint64_t limit = 10;
  double rate = 0.5;
  std::string pattern = "x";
  std::string show = "lines";

  Params Declared() {
    Params params;
    params.Add("lower", &lower, "fold letters");
    params.Add("shift", &shift, "");
    params.Add("limit", &limit, "");
    params.Add("rate", &rate, "");
    params.Add("pattern", &pattern, "");
    params.AddChoice("show", &show, {"matches", "lines"}, "");
    return params;
  }
  std::string Bind(const ParamMap& values) { return Declared().Bind("grep", values); }
};

TEST(Params, SetsTheMembersThatAreGiven) {
  Members m;
  EXPECT_EQ(m.Bind({{"lower", "yes"},
                    {"shift", "-7"},
                    {"limit", "18446744073709551615"},
                    {"rate", "2.5e-3"},
                    {"pattern", ""},
                    {"show", "matches"}}),
            "");
  EXPECT_TRUE(m.lower);
  EXPECT_EQ(m.shift, -7);
  EXPECT_EQ(m.limit, ~std::uint64_t{0});
  EXPECT_EQ(m.rate, 2.5e-3);
  EXPECT_EQ(m.pattern, "");
  EXPECT_EQ(m.show, "matches");
}

TEST(Params, KeepsDefaultsOfThoseThatAreNot) {
  Members m;
  EXPECT_EQ(m.Bind({}), "");
  EXPECT_EQ(m.limit, 10u);
}

TEST(Params, DescribesThemselvesWithTypesAndDefaults) {
  Members m;
  std::string text;
  for (const ParamInfo& info : m.Declared().infos()) {
    text += info.name + " " + info.type + " " + info.default_value + "\n";
  }
  EXPECT_EQ(text,
            "lower bool false\nshift int -3\nlimit uint 10\nrate float 0.5\npattern string x\n"
            "show one of matches|lines lines\n");
}

TEST(Params, AnUnknownNameIsRefusedWithTheNearest) {
  Members m;
  EXPECT_EQ(m.Bind({{"lowr", "true"}}),
            "job 'grep' has no parameter 'lowr'; did you mean 'lower'?");
  EXPECT_EQ(
      m.Bind({{"colour", "1"}}),
      "job 'grep' has no parameter 'colour'; it has lower, shift, limit, rate, pattern, show");
  EXPECT_EQ(Params().Bind("noop", {{"x", "1"}}), "job 'noop' has no parameter 'x'; it takes none");
}

TEST(Params, AWrongValueIsRefusedWithWhatItMustBe) {
  Members m;
  EXPECT_EQ(m.Bind({{"lower", "maybe"}}),
            "parameter 'lower' of job 'grep' must be true or false, not 'maybe'");
  EXPECT_EQ(m.Bind({{"shift", "1.5"}}),
            "parameter 'shift' of job 'grep' must be a whole number, not '1.5'");
  EXPECT_EQ(m.Bind({{"limit", "-1"}}),
            "parameter 'limit' of job 'grep' must be a whole number of at least 0, not '-1'");
  EXPECT_EQ(m.Bind({{"limit", "18446744073709551616"}}),
            "parameter 'limit' of job 'grep' must be a whole number of at least 0, not "
            "'18446744073709551616'");
  EXPECT_EQ(m.Bind({{"rate", "fast"}}),
            "parameter 'rate' of job 'grep' must be a number, not 'fast'");
  EXPECT_EQ(m.Bind({{"show", "files"}}),
            "parameter 'show' of job 'grep' must be one of matches, lines, not 'files'");
}

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("lowre", "lower"), 1u);
  EXPECT_EQ(EditDistance("same", "same"), 0u);
}

TEST(NearestName, IsEmptyIfNoneIsNear) {
  const std::string names[] = {"wordcount", "grep", "sort"};
  EXPECT_EQ(NearestName("wordcont", names), "wordcount");
  EXPECT_EQ(NearestName("gerp", names), "grep");
  EXPECT_EQ(NearestName("primes", names), "");
  EXPECT_EQ(NearestName(std::string(100000, 'x'), names), "");
}

}  // namespace
}  // namespace gristmill

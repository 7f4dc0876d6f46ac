#include "stream/error_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class ErrorLinesTest : public testing::Test {
 protected:
  std::string log_;
  ErrorLines lines_{[this](std::string_view text) { log_ += text; }};
};

TEST_F(ErrorLinesTest, ThatReportAreCountedAndNotLogged) {
  lines_.Add("reporter:counter:words,long,3\nreporter:coun");
  lines_.Add("ter:words,long,4\r\nreporter:counter:g,a name, with commas,1\n");
  lines_.Add("reporter:status:half way\nreporter:status:done");
  lines_.End();
  EXPECT_THAT(lines_.counters(),
              ElementsAre(Pair("g.a name, with commas", 1), Pair("words.long", 7)));
  EXPECT_EQ(lines_.status(), "done");
  EXPECT_EQ(log_, "");
  EXPECT_EQ(lines_.Tail(), "");
}

TEST_F(ErrorLinesTest, ThatOnlyLookLikeReportsAreText) {
  const std::string text =
      "reporter:counter:a,b\nreporter:counter:a,b,-1\nreporter:counter:a,b,x\nreporter:counter:1\n"
      " reporter:counter:a,b,1\nreporter:counter:a,b,99999999999999999999\n";
  lines_.Add(text);
  lines_.End();
  EXPECT_THAT(lines_.counters(), IsEmpty());
  EXPECT_THAT(log_, AllOf(StartsWith("gristmill: 'reporter:counter:a,b' counts nothing; write "),
                          EndsWith("64 bits\n" + text)));
  EXPECT_EQ(log_.rfind("gristmill:"), 0u) << "it is said once";
  EXPECT_THAT(lines_.Tail(), Not(HasSubstr("gristmill")));
}

TEST_F(ErrorLinesTest, CountUnderALimitedNumberOfNames) {
  for (std::size_t i = 0; i < ErrorLines::kCountersMax; ++i) {
    lines_.Add("reporter:counter:g," + std::to_string(i) + ",1\n");
  }
  lines_.Add("reporter:counter:g,0,1\n");
  EXPECT_THROW(lines_.Add("reporter:counter:g,more,1\n"), TaskError);
}

TEST_F(ErrorLinesTest, TheLastOfThemAreKept) {
  for (int i = 0; i < 100; ++i) lines_.Add("line " + std::to_string(i) + "\n");
  lines_.End();
  EXPECT_THAT(lines_.Tail(), StartsWith("\n  line 80\n  line 81"));
  EXPECT_THAT(lines_.Tail(), EndsWith("\n  line 99"));
}

TEST_F(ErrorLinesTest, HaveABoundInBytes) {
  lines_.Add(std::string(1 << 20, 'x'));
  lines_.Add("\n" + std::string(1'500, 'y') + "\n" + std::string(1'500, 'z'));
  lines_.End();
  EXPECT_EQ(lines_.Tail(), "\n  " + std::string(1'500, 'z'));
  EXPECT_GT(log_.size(), 1u << 20) << "all of it is logged, long lines in pieces";
}

}  // namespace
}  // namespace gristmill::stream

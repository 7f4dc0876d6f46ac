#include "gristmill/testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class Letters {
 public:
  static constexpr std::string_view kName = "letters";
  static constexpr std::string_view kSummary = "counts letters";
  using Key = std::string;
  using Value = std::uint64_t;
  void Declare(Params& params) {
    params.Add("only", &only_, "the letters that count; all if empty");
  }
  std::string Validate() const { return only_ == "?" ? "'?' is no letter" : ""; }
  void Map(std::string_view line, Emitter<Letters>& out) {
    out.context().Count("lines");
    for (const char& c : line) {
      if (only_.empty() || only_.find(c) != std::string::npos) out.Emit(std::string_view(&c, 1), 1);
    }
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  std::string only_;
};

// Values in the order in which they come.
class Join {
 public:
  static constexpr std::string_view kName = "join";
  static constexpr std::string_view kSummary = "joins the rests of lines by their first letter";
  using Key = std::string;
  using Value = std::string;
  using OutputValue = std::vector<std::string>;
  void Map(std::string_view line, Emitter<Join>& out) {
    out.Emit(line.substr(0, 1), line.substr(1));
  }
  void Reduce(std::string_view key, Values<Join>& values, Output<Join>& out) {
    std::vector<std::string> all;
    for (const std::string_view value : values) all.emplace_back(value);
    out.Emit(key, all);
  }
};

class Shout {
 public:
  static constexpr std::string_view kName = "shout";
  static constexpr std::string_view kSummary = "lines as they come, with a mark";
  using Key = std::string;
  using Value = None;
  void Map(std::string_view line, Emitter<Shout>& out) { out.Emit(std::string(line) + "!"); }
};

class Sum {
 public:
  static constexpr std::string_view kName = "sum";
  static constexpr std::string_view kSummary = "adds up integers";
  using Key = std::string;
  using Value = std::int64_t;
  InputSpec Input() const { return {.format = InputFormat::kIntegerRange, .range = {0, 11}}; }
  void Map(IntegerRange range, Emitter<Sum>& out) {
    for (std::int64_t i = range.begin; i < range.end; ++i) out.Emit("sum", i);
  }
  static Value Combine(Value a, Value b) { return a + b; }
};

class Files {
 public:
  static constexpr std::string_view kName = "files";
  static constexpr std::string_view kSummary = "sizes of files, largest key order";
  static constexpr bool kTotalOrder = true;
  using Key = std::uint64_t;
  using Value = None;
  void Map(const WholeFile& file, Emitter<Files>& out) { out.Emit(file.contents.size()); }
  void Reduce(std::uint64_t key, Values<Files>&, Output<Files>& out) { out.Emit(key); }
};

TEST(JobTester, ShowsWhatAMapTaskLeavesSortedAndCombined) {
  EXPECT_THAT(JobTester<Letters>().Map({"ba", "b"}), ElementsAre(Pair("a", 1), Pair("b", 2)));
}

TEST(JobTester, RunsTheWholeJobWhateverTheNumberOfMapTasks) {
  JobTester<Join> tester;
  for (const std::size_t tasks : {1, 2, 5}) {
    tester.set_map_tasks(tasks);
    EXPECT_THAT(tester.Run({"b1", "a2", "b3"}),
                ElementsAre(Pair("a", ElementsAre("2")), Pair("b", ElementsAre("1", "3"))));
  }
}

TEST(JobTester, GivesTheTextOfTheOutput) {
  EXPECT_EQ(JobTester<Letters>().RunToText({"ba", "b"}), "a\t1\nb\t2\n");
}

TEST(JobTester, TakesParametersAndThrowsWhatTheJobSaysOfThem) {
  JobTester<Letters> only_a{{"only", "a"}};
  EXPECT_THAT(only_a.Run({"ba", "b"}), ElementsAre(Pair("a", 1)));
  try {
    JobTester<Letters> refused{{"only", "?"}};
    FAIL();
  } catch (const TaskError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'?' is no letter"));
  }
}

TEST(JobTester, CountsWhatTheLastRunCounted) {
  JobTester<Letters> tester;
  tester.Run({"a", "b", "c"});
  tester.Run({"a", "b"});
  EXPECT_EQ(tester.counters().at("lines"), 2u);
  EXPECT_EQ(tester.counters().at("input_records"), 2u);
}

TEST(JobTester, KeepsTheOrderOfAJobWithoutAShuffle) {
  EXPECT_THAT(JobTester<Shout>().Run({"b", "a"}),
              ElementsAre(Pair("b!", None{}), Pair("a!", None{})));
  EXPECT_THAT(JobTester<Shout>().Map({"b"}), ElementsAre(Pair("b!", None{})));
}

TEST(JobTester, RunsOverTheIntegersThatTheJobDeclares) {
  EXPECT_THAT(JobTester<Sum>().Run(), ElementsAre(Pair("sum", 55)));
  EXPECT_THAT(JobTester<Sum>().Map({3, 5}), ElementsAre(Pair("sum", 7)));
}

class Pieces {
 public:
  static constexpr std::string_view kName = "pieces";
  static constexpr std::string_view kSummary = "counts records of four bytes";
  using Key = std::string;
  using Value = std::uint64_t;
  InputSpec Input() const {
    return {.format = InputFormat::kFixedRecords, .record_bytes = 4, .range = {}};
  }
  void Map(std::string_view record, Emitter<Pieces>& out) { out.Emit(record, 1); }
  static Value Combine(Value a, Value b) { return a + b; }
};

template <typename Call>
std::string Refusal(Call call) {
  try {
    call();
  } catch (const TaskError& error) {
    return error.what();
  }
  return "";
}

TEST(JobTester, RefusesRecordsThatTheJobWouldNeverGet) {
  EXPECT_THAT(Refusal([] { JobTester<Letters>().Run(); }), HasSubstr("'letters' reads records"));
  EXPECT_THAT(Refusal([] { JobTester<Letters>().Run({"a\nb"}); }), HasSubstr("holds a line end"));
  EXPECT_THAT(Refusal([] { JobTester<Sum>().RunToText({"a"}); }),
              HasSubstr("'sum' maps ranges of integers"));
  EXPECT_THAT(Refusal([] {
                JobTester<Pieces>().Map({"abcd", "abc"});
              }),
              HasSubstr("has 3 bytes, not 4"));
  EXPECT_THAT(JobTester<Pieces>().Run({"abcd", "abcd"}), ElementsAre(Pair("abcd", 2)));
}

class Where {
 public:
  static constexpr std::string_view kName = "where";
  static constexpr std::string_view kSummary = "where its files are";
  using Key = std::string;
  using Value = None;
  void Setup(TaskContext& context) { directory_ = context.directory(); }
  void Map(std::string_view, Emitter<Where>& out) { out.Emit(directory_); }

 private:
  std::string directory_;
};

TEST(JobTester, TellsTheJobWhereItsFilesAre) {
  JobTester<Where> tester;
  tester.set_directory("/files");
  EXPECT_THAT(tester.Map({"a"}), ElementsAre(Pair("/files", None{})));
}

TEST(JobTester, WholeFilesAndTotalOrderWorkToo) {
  EXPECT_THAT(JobTester<Files>().Run({"12345", "1", "123"}),
              ElementsAre(Pair(1, None{}), Pair(3, None{}), Pair(5, None{})));
  EXPECT_THAT(JobTester<Letters>().Run({}), IsEmpty());
}

}  // namespace
}  // namespace gristmill

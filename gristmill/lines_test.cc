#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/memory_ports.h"

namespace gristmill {
namespace {

using testing::ElementsAre;

// Emits what it was handed; throws at a line that holds "bad".
class Echo {
 public:
  static constexpr std::string_view kName = "echo";
  static constexpr std::string_view kSummary = "emits the pieces it gets";
  using Key = std::string;
  using Value = None;
  void Map(const Lines& lines, Emitter<Echo>& out) {
    const std::size_t bad = lines.bytes().find("bad");
    if (bad != std::string_view::npos) {
      lines.At(bad);
      throw std::runtime_error("bad");
    }
    out.Emit(lines.bytes());
  }
};

struct Mapped {
  std::vector<std::string> pieces;
  std::uint64_t records = 0;
};

Mapped MapAll(TaskInfo info, std::vector<std::string> blocks) {
  info.output_format = OutputFormat::kRecordFile;
  const auto task = MakeJobInfo<Echo>().make_task({}, info);
  MemoryInput input(std::move(blocks));
  MemoryOutput output;
  task->RunMapOnly(input, output);
  Mapped mapped;
  const char* p = output.bytes().data();
  const char* const end = p + output.bytes().size();
  for (EncodedPair pair; p != end; mapped.pieces.emplace_back(pair.key_view())) {
    p = GetPair(p, end, &pair);
  }
  for (const CounterValue& counter : task->counters()) {
    if (counter.name == "input_records") mapped.records = counter.value;
  }
  return mapped;
}

TEST(Lines, ComeInPiecesThatAreWholeLinesAndTogetherTheInput) {
  for (const std::size_t line_bytes : {1, 7, 100, 16 << 10, (16 << 10) + 1, 100 << 10}) {
    for (const std::size_t lines : {1, 3, 500}) {
      std::string text;
      for (std::size_t i = 0; i < lines; ++i) text += std::string(line_bytes - 1, 'x') + "\n";
      for (const std::string& block : {text, text + "the last"}) {
        const Mapped mapped = MapAll({}, {block});
        std::string joined;
        for (const std::string& piece : mapped.pieces) {
          joined += piece;
          EXPECT_TRUE(piece.ends_with('\n') || joined.size() == block.size());
          EXPECT_LE(piece.size(), (16 << 10) + line_bytes + 8);
        }
        EXPECT_EQ(joined, block);
        EXPECT_EQ(mapped.records, lines + (block == text ? 0 : 1));
      }
    }
  }
}

TEST(Lines, ComeOneByOneWhereACrashIsSought) {
  TaskInfo info;
  info.lines_one_by_one = true;
  EXPECT_THAT(MapAll(info, {"one\n\ntwo\r\n", "three"}).pieces,
              ElementsAre("one\n", "\n", "two\r\n", "three"));
}

TEST(Lines, GiveTheLineOfEveryByte) {
  RecordMark mark;
  const Lines lines("one\r\n\ntwo\nthree\r", mark);
  const std::vector<std::string> expected = {"one",     "one",     "one",    "one", "one",
                                             "",        "two",     "two",    "two", "two",
                                             "three\r", "three\r", "three\r"};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(lines.At(i), expected[i]) << i;
  EXPECT_EQ(lines.NextLine(0), 5u);
  EXPECT_EQ(lines.NextLine(5), 6u);
  EXPECT_EQ(lines.NextLine(12), lines.bytes().size());
}

TEST(Lines, AFailureIsAtTheLineThatWasAskedFor) {
  RecordMark mark;
  TaskInfo info;
  info.mark = &mark;
  EXPECT_THROW(MapAll(info, {"one\ntwo\na bad one\nfour\n"}), std::runtime_error);
  EXPECT_EQ(mark.offset(), 8u);
  EXPECT_EQ(mark.beginning(), "a bad one");
}

}  // namespace
}  // namespace gristmill

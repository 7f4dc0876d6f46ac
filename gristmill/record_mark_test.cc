#include "gristmill/record_mark.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "gristmill/job.h"
#include "gristmill/memory_ports.h"

namespace gristmill {
namespace {

// Throws at what it is told to.
class Picky {
 public:
  static constexpr std::string_view kName = "picky";
  static constexpr std::string_view kSummary = "throws";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) { params.Add("at", &at_, "what to throw at"); }
  void Map(std::string_view line, Emitter<Picky>& out) {
    if (line == at_) throw std::runtime_error("a bad line");
    out.Emit(line, 1);
  }
  void Reduce(std::string_view key, Values<Picky>&, Output<Picky>& out) {
    if (key == "key " + at_) throw std::runtime_error("a bad key");
    out.Emit(key, 1);
  }
  void TearDown(Emitter<Picky>&) {
    if (at_ == "the end") throw std::runtime_error("no record's fault");
  }
  void TearDown(Output<Picky>&) {}

 private:
  std::string at_;
};

class RecordMarkTest : public testing::Test {
 protected:
  std::unique_ptr<TaskRunner> Task(const std::string& at) {
    TaskInfo info;
    info.memory_bytes = 16 << 20;
    info.mark = &mark_;
    return MakeJobInfo<Picky>().make_task({{"at", at}}, info);
  }
  void Map(const std::string& at, std::vector<std::string> blocks) {
    MemoryInput input(std::move(blocks));
    MemoryRuns runs;
    Task(at)->RunMap(input, runs);
  }

  RecordMark mark_;
};

TEST_F(RecordMarkTest, AnExceptionOfMapLeavesItAtTheRecord) {
  EXPECT_THROW(Map("three", {"one\r\ntwo\nthree\r\nfour"}), std::runtime_error);
  EXPECT_EQ(mark_.what(), RecordMark::What::kInputRecord);
  EXPECT_EQ(mark_.offset(), 9u);
  EXPECT_EQ(mark_.bytes(), 5u);
  EXPECT_EQ(mark_.beginning(), "three");
}

TEST_F(RecordMarkTest, OfALongRecordTheBeginningIsKept) {
  const std::string line(1000, 'x');
  EXPECT_THROW(Map(line, {"short\n", line + "\n"}), std::runtime_error);
  EXPECT_EQ(mark_.bytes(), 1000u);
  EXPECT_EQ(mark_.beginning(), line.substr(0, 64));
}

TEST_F(RecordMarkTest, AnExceptionOfReduceLeavesItAtTheKey) {
  MemoryPairs pairs({{0, "a key", std::string(1, '\x01')}, {0, "key b", std::string(1, '\x01')}},
                    1);
  MemoryOutput output;
  EXPECT_THROW(Task("b")->RunReduce(pairs, output), std::runtime_error);
  EXPECT_EQ(mark_.what(), RecordMark::What::kKey);
  EXPECT_EQ(mark_.beginning(), "key b");
}

TEST_F(RecordMarkTest, IsAtNothingBeforeAndAfterTheRecords) {
  Map("nothing", {"one\n"});
  EXPECT_EQ(mark_.what(), RecordMark::What::kNothing);
  EXPECT_THROW(Map("the end", {"one\n"}), std::runtime_error);
  EXPECT_EQ(mark_.what(), RecordMark::What::kNothing);
  EXPECT_THROW(Map("one", {"one\n"}), std::runtime_error);
  Task("");  // the next one
  EXPECT_EQ(mark_.what(), RecordMark::What::kNothing);
}

}  // namespace
}  // namespace gristmill

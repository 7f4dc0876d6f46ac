// How a reduce task comes to its input, and what it says when it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "base/status.h"
#include "worker/pipeline/segment_transfer.h"
#include "worker/pipeline/shuffle_input.h"
#include "worker/pipeline/task_fixture.h"

namespace gristmill::worker {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using TaskShuffle = TaskFixture;

// A port that copies segments out of a directory that stands for another host.
class CopyingPort final : public ShufflePort {
 public:
  explicit CopyingPort(std::string remote_spill) : remote_spill_(std::move(remote_spill)) {}

  absl::Status FetchToFile(const MapOutput& output, std::uint32_t partition,
                           const std::string& path, const std::atomic<bool>&) override {
    ++fetches;
    if (!failure.ok()) return failure;
    const RunFileId id{output.task, output.attempt};
    GM_ASSIGN_OR_RETURN(SegmentFileWriter writer, SegmentFileWriter::Create(path, id, partition));
    GM_ASSIGN_OR_RETURN(
        SegmentExporter exporter,
        SegmentExporter::Open(RunFilePath(remote_spill_, output.task.job.value(), output.task.stage,
                                          output.task.task, output.attempt.value()),
                              id, partition));
    std::string buffer;
    for (SegmentPiece piece; !piece.last;) {
      GM_ASSIGN_OR_RETURN(piece, exporter.Next(&buffer));
      GM_RETURN_IF_ERROR(writer.Append(piece.run, piece.data));
    }
    return writer.Finish();
  }

  absl::Status failure;
  std::atomic<int> fetches{0};

 private:
  const std::string remote_spill_;
};

TEST_F(TaskShuffle, AMissingAndADamagedMapOutputAreBothReportedAsLost) {
  RunMaps();
  std::filesystem::remove(RunFilePath(job_.spill_directory, 7, 0, 1, 101));
  const std::string damaged = RunFilePath(job_.spill_directory, 7, 0, 2, 102);
  std::string bytes = ReadFile(damaged);
  bytes.back() ^= 1;
  std::ofstream(damaged) << bytes;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FETCH_FAILED);
  ASSERT_EQ(report.lost_outputs_size(), 2);
  EXPECT_EQ(report.lost_outputs(0).task(), 1u);
  EXPECT_EQ(report.lost_outputs(1).task(), 2u);
  EXPECT_THAT(report.message(), HasSubstr("task 1 of stage 0"));
  EXPECT_THAT(dir_.Files(), Each(Not(EndsWith("attempt-200"))));
}

TEST_F(TaskShuffle, ABlockThatIsDamagedIsLostEvenWhenTheMergeHasBegun) {
  RunMaps();
  const std::string damaged = RunFilePath(job_.spill_directory, 7, 0, 0, 100);
  std::string bytes = ReadFile(damaged);
  bytes[kRunFileHeaderBytes + kBlockHeaderBytes] ^= 1;
  std::ofstream(damaged) << bytes;
  std::uint32_t lost = 0;
  for (std::uint32_t partition = 0; partition < 2; ++partition) {
    const v1::TaskReport report = Run(1, partition, 200 + partition);
    if (report.outcome() == v1::TASK_OUTCOME_FETCH_FAILED) ++lost;
  }
  EXPECT_EQ(lost, 1u);  // the block belongs to one partition
}

TEST_F(TaskShuffle, OutputsOfOtherHostsAreFetched) {
  RunMaps("elsewhere:1");
  CopyingPort port(dir_.path("moved"));
  std::filesystem::rename(dir_.path("spill"), dir_.path("moved"));
  job_.shuffle = &port;
  const v1::TaskReport report = Run(1, 0, 200);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_EQ(OutputOf(0, 200), "fig\t3\npear\t1\nzebra\t1\n");
  EXPECT_EQ(port.fetches, static_cast<int>(job_.plan.stages(0).task_count()));
  EXPECT_THAT(dir_.Files(), Not(Contains(HasSubstr("fetch"))));
}

TEST_F(TaskShuffle, AllOutputsOfAHostThatCannotBeReachedAreReportedTogether) {
  RunMaps("elsewhere:1");
  CopyingPort port(dir_.path("moved"));
  port.failure = Unavailable("nobody answers");
  std::filesystem::rename(dir_.path("spill"), dir_.path("moved"));
  job_.shuffle = &port;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FETCH_FAILED);
  EXPECT_EQ(report.lost_outputs_size(), static_cast<int>(job_.plan.stages(0).task_count()));
}

TEST_F(TaskShuffle, AFullDiskHereFailsTheAttemptAndLosesNoOutput) {
  RunMaps("elsewhere:1");
  CopyingPort port(dir_.path("moved"));
  port.failure = ResourceExhausted("the disk is full");
  std::filesystem::rename(dir_.path("spill"), dir_.path("moved"));
  job_.shuffle = &port;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.lost_outputs(), IsEmpty());
  EXPECT_THAT(report.message(), HasSubstr("the disk is full"));
}

TEST_F(TaskShuffle, AReduceOverAnIncompleteListOfOutputsIsRefused) {
  RunMaps();
  auto fewer = std::make_shared<v1::ShuffleSources>(*inputs_.sources[0]);
  fewer->mutable_tasks()->RemoveLast();
  fewer->mutable_attempts()->RemoveLast();
  fewer->mutable_peer_indexes()->RemoveLast();
  inputs_.sources[0] = fewer;
  EXPECT_THAT(Run(1, 0, 200).message(), HasSubstr("incomplete"));
}

TEST_F(TaskShuffle, AReduceOverAListThatHasAnOutputTwiceIsRefused) {
  RunMaps();
  auto twice = std::make_shared<v1::ShuffleSources>(*inputs_.sources[0]);
  twice->set_tasks(1, 0);
  inputs_.sources[0] = twice;
  EXPECT_THAT(Run(1, 0, 200).message(), HasSubstr("has a task twice"));
}

TEST_F(TaskShuffle, MapOutputsKeepTheOrderInWhichTheyAreNamed) {
  v1::ShuffleSources sources;
  sources.set_job(7);
  sources.set_stage_tasks(3);
  sources.add_peers();
  for (const std::uint32_t task : {0u, 2u, 1u}) {
    sources.add_tasks(task);
    sources.add_attempts(100 + task);
    sources.add_peer_indexes(0);
  }
  std::vector<std::uint32_t> tasks;
  for (const MapOutput& output : MapOutputsOf(sources)) tasks.push_back(output.task.task);
  EXPECT_THAT(tasks, ElementsAre(0, 2, 1));
}

TEST_F(TaskShuffle, ASpillDirectoryThatLeadsElsewhereIsRefused) {
  RunMaps();
  auto crooked = std::make_shared<v1::ShuffleSources>(*inputs_.sources[0]);
  crooked->mutable_peers(0)->set_spill_directory("/tmp/../etc");
  inputs_.sources[0] = crooked;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("not a plain absolute path"));
}

}  // namespace
}  // namespace gristmill::worker

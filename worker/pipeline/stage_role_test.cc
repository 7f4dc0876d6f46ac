#include "worker/pipeline/stage_role.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gristmill::worker {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

v1::StagePlan* AddStage(v1::JobPlan* plan, v1::StageKind kind, std::uint32_t tasks) {
  v1::StagePlan* const stage = plan->add_stages();
  stage->set_kind(kind);
  stage->set_task_count(tasks);
  return stage;
}

void Read(v1::StagePlan* reader, std::uint32_t stage, v1::EdgeKind kind) {
  v1::StageEdge* const edge = reader->add_inputs();
  edge->set_from_stage(stage);
  edge->set_kind(kind);
}

TEST(StageRole, AJobOfMapsAloneWritesItsOutputInAsManyPartitionsAsTasks) {
  v1::JobPlan plan;
  AddStage(&plan, v1::STAGE_KIND_MAP, 7);
  const StageRole map(plan, 0);
  EXPECT_TRUE(map.is_planned());
  EXPECT_FALSE(StageRole(plan, 1).is_planned());
  EXPECT_TRUE(map.WritesOutput());
  EXPECT_EQ(map.CountPartitions(), 7u);
  EXPECT_EQ(map.ReaderBy(v1::EDGE_KIND_SHUFFLE), nullptr);
  EXPECT_GT(map.RunnerMemoryBytes(64 * kMiB), 60 * kMiB) << "nearly all is the job's";
  EXPECT_EQ(map.RunnerMemoryBytes(kMiB), kMiB / 2) << "but of a small budget a half";
}

TEST(StageRole, AReduceThatOthersReadSortsToo) {
  v1::JobPlan plan;
  AddStage(&plan, v1::STAGE_KIND_MAP, 7);
  Read(AddStage(&plan, v1::STAGE_KIND_REDUCE, 3), 0, v1::EDGE_KIND_SHUFFLE);
  Read(AddStage(&plan, v1::STAGE_KIND_REDUCE, 2), 1, v1::EDGE_KIND_SHUFFLE);
  EXPECT_EQ(StageRole(plan, 0).CountPartitions(), 3u);
  EXPECT_EQ(StageRole(plan, 1).CountPartitions(), 2u);
  EXPECT_EQ(StageRole(plan, 1).RunnerMemoryBytes(64 * kMiB), 32 * kMiB);
  EXPECT_EQ(StageRole(plan, 2).RunnerMemoryBytes(64 * kMiB), 16 * kMiB);
  EXPECT_FALSE(StageRole(plan, 1).WritesOutput());
}

TEST(StageRole, SamplesTakeAMebibyteTogether) {
  v1::JobPlan plan;
  AddStage(&plan, v1::STAGE_KIND_SAMPLE, 32);
  v1::StagePlan* const map = AddStage(&plan, v1::STAGE_KIND_MAP, 7);
  Read(map, 0, v1::EDGE_KIND_BROADCAST);
  Read(AddStage(&plan, v1::STAGE_KIND_REDUCE, 3), 1, v1::EDGE_KIND_SHUFFLE);
  EXPECT_EQ(StageRole(plan, 0).ResultBytesMax(), kMiB / 32);
  EXPECT_EQ(StageRole(plan, 0).ReaderBy(v1::EDGE_KIND_BROADCAST), &plan.stages(1));
  EXPECT_EQ(StageRole(plan, 0).ReaderBy(v1::EDGE_KIND_SHUFFLE), nullptr);
}

TEST(StageRole, TheResultsOfAllRoundsShareWhatTheCoordinatorKeeps) {
  for (const std::uint32_t rounds : {2u, 16u}) {
    v1::JobPlan plan;
    for (std::uint32_t round = 0; round < rounds; ++round) {
      v1::StagePlan* const stage = AddStage(&plan, v1::STAGE_KIND_REDUCE, 1'024);
      if (round > 0) Read(stage, round - 1, v1::EDGE_KIND_BROADCAST);
      if (round > 1) Read(stage, round - 2, v1::EDGE_KIND_BROADCAST);  // counted once all the same
    }
    const std::size_t stages = rounds - 1;
    EXPECT_EQ(StageRole(plan, 0).ResultBytesMax(),
              std::min<std::size_t>(16 * kMiB, 64 * kMiB / stages) / 1'024);
  }
}

}  // namespace
}  // namespace gristmill::worker

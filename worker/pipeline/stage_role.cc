#include "worker/pipeline/stage_role.h"

#include <algorithm>
#include <set>

#include "base/report_limits.h"
#include "worker/pipeline/block_source.h"

namespace gristmill::worker {
namespace {

// What the framework's own side of a task needs: an input block with the line that crosses its end,
// a block and the buffer of the writer.
constexpr std::uint64_t kPipelineBytes = kInputBlockBytes + kInputBlockBytes / 2 + (512 << 10);

// What the samples of all tasks take together: tens of thousands of keys of the usual length, a
// hundred for each of a thousand partitions. Every map task reads them all.
constexpr std::size_t kAllSamplesBytesMax = 1 << 20;
// Likewise of results that the job's code makes, of a stage and of all stages of a job: coordinator
// and workers keep them until the job ends.
constexpr std::size_t kAllResultsBytesMax = 16 << 20;
constexpr std::size_t kJobResultsBytesMax = 64 << 20;

// Stages whose results the job's code makes.
std::size_t CountStagesWithResults(const v1::JobPlan& plan) {
  std::set<std::uint32_t> stages;
  for (const v1::StagePlan& reader : plan.stages()) {
    for (const v1::StageEdge& edge : reader.inputs()) {
      const bool sampled =
          plan.stages(static_cast<int>(edge.from_stage())).kind() == v1::STAGE_KIND_SAMPLE;
      if (edge.kind() == v1::EDGE_KIND_BROADCAST && !sampled) stages.insert(edge.from_stage());
    }
  }
  return stages.size();
}

}  // namespace

bool StageRole::is_planned() const {
  return stage_ < static_cast<std::uint32_t>(plan_.stages_size());
}

const v1::StagePlan& StageRole::stage() const { return plan_.stages(static_cast<int>(stage_)); }

const v1::StagePlan* StageRole::ReaderBy(v1::EdgeKind kind) const {
  for (const v1::StagePlan& other : plan_.stages()) {
    for (const v1::StageEdge& edge : other.inputs()) {
      if (edge.kind() == kind && edge.from_stage() == stage_) return &other;
    }
  }
  return nullptr;
}

bool StageRole::WritesOutput() const {
  return stage_ + 1 == static_cast<std::uint32_t>(plan_.stages_size());
}

std::uint32_t StageRole::CountPartitions() const {
  const v1::StagePlan* const reader = ReaderBy(v1::EDGE_KIND_SHUFFLE);
  return std::max(reader != nullptr ? reader->task_count() : stage().task_count(), 1u);
}

std::uint64_t StageRole::RunnerMemoryBytes(std::uint64_t task_memory_bytes) const {
  // A merge has the greater part of its task's memory, unless its task sorts, too; any other task
  // leaves the job nearly all.
  if (stage().kind() == v1::STAGE_KIND_REDUCE) return task_memory_bytes / (WritesOutput() ? 4 : 2);
  return task_memory_bytes - std::min(kPipelineBytes, task_memory_bytes / 2);
}

// What all of them take together is read by every task behind them, and journaled.
std::size_t StageRole::ResultBytesMax() const {
  const std::size_t all =
      stage().kind() == v1::STAGE_KIND_SAMPLE
          ? kAllSamplesBytesMax
          : std::min(kAllResultsBytesMax,
                     kJobResultsBytesMax / std::max<std::size_t>(CountStagesWithResults(plan_), 1));
  return std::min(all / std::max(stage().task_count(), 1u), kReportResultBytesMax);
}

}  // namespace gristmill::worker

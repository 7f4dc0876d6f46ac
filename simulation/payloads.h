// The messages between coordinator, worker and runner that carry something.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/task_part.h"
#include "coordinator/core/job_shape.h"
#include "worker/core/input.h"

namespace gristmill::simulation {

// Where one stage's output lies, as of one version: v1::ShuffleSources.
struct Sources {
  JobId job;
  std::uint32_t stage = 0;
  std::uint64_t version = 0;
  std::uint32_t left_out = 0;  // tasks that are not named
  // In parallel, in the order of what the tasks read.
  std::vector<std::uint32_t> tasks;
  std::vector<AttemptId> attempts;

  // Which of them (by index) can't be read, as of `checked_at` (DataPlane::losses); kept because
  // thousands of reduces read the same million outputs.
  mutable std::uint64_t checked_at = UINT64_MAX;
  mutable std::vector<std::uint32_t> missing;
  mutable bool commits_checked = false;
};

// Every planned split has so many integers.
inline constexpr std::uint64_t kSplitLength = 1'000;

// What every attempt of the task makes for those that read its stage by a broadcast.
inline std::string ResultOf(const TaskRef& task) {
  return std::to_string(task.stage) + "/" + std::to_string(task.task);
}

// What the worker's core hands on to a runner without looking inside.
struct RunnerPayload : worker::Payload {
  enum class Kind : std::uint8_t { kStart, kAssignment, kSources, kBroadcast };
  explicit RunnerPayload(Kind kind) : kind(kind) {}
  const Kind kind;
};
// The plan.
struct StartPayload : RunnerPayload {
  explicit StartPayload(coordinator::JobShape shape)
      : RunnerPayload(Kind::kStart), shape(std::move(shape)) {}
  const coordinator::JobShape shape;
};
struct AssignmentPayload : RunnerPayload {
  AssignmentPayload(AttemptId attempt, TaskRef task, TaskPart part,
                    std::vector<std::uint64_t> skips)
      : RunnerPayload(Kind::kAssignment),
        attempt(attempt),
        task(task),
        part(part),
        skips(std::move(skips)) {}
  const AttemptId attempt;
  const TaskRef task;
  const TaskPart part;
  const std::vector<std::uint64_t> skips;  // records that it is to leave out
};
struct SourcesPayload : RunnerPayload {
  SourcesPayload() : RunnerPayload(Kind::kSources) {}
  Sources sources;
};
// The results of a stage, by task.
struct BroadcastPayload : RunnerPayload {
  explicit BroadcastPayload(std::uint32_t stage) : RunnerPayload(Kind::kBroadcast), stage(stage) {}
  const std::uint32_t stage;
  std::vector<std::string> results;
};

// The runner's own report of a fetch that failed.
struct FetchFailedDetails : worker::Payload {
  std::vector<std::pair<TaskRef, AttemptId>> missing;
};

}  // namespace gristmill::simulation

// A stage's place in its job: who reads what its tasks make, and how much each of them may take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gristmill/v1/job.pb.h"

namespace gristmill::worker {

// What follows from the plan alone, so every attempt of a task finds the same. The plan must
// outlive it. All but is_planned need a stage that is.
class StageRole {
 public:
  StageRole(const v1::JobPlan& plan, std::uint32_t stage) : plan_(plan), stage_(stage) {}

  // The plan has such a stage.
  bool is_planned() const;
  const v1::StagePlan& stage() const;

  // The stage that reads this one's runs, or its results; any, if several do. Null if none does.
  const v1::StagePlan* ReaderBy(v1::EdgeKind kind) const;
  // The last one does.
  bool WritesOutput() const;
  // Of the shuffle that its tasks write; else of its own tasks.
  std::uint32_t CountPartitions() const;
  // The part of a task's memory that the job's compiled code may use.
  std::uint64_t RunnerMemoryBytes(std::uint64_t task_memory_bytes) const;
  // The most that a task may hand to those that read its stage by a broadcast.
  std::size_t ResultBytesMax() const;

 private:
  const v1::JobPlan& plan_;
  const std::uint32_t stage_;
};

}  // namespace gristmill::worker

// The inputs of a job as a task sees them that reads more than its split.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"
#include "storage/split_planner.h"

namespace gristmill::worker {

// Not thread-safe. The arguments must outlive it. Throws TaskError.
class PlanInputs final : public InputOpener {
 public:
  PlanInputs(const v1::JobPlan& plan, std::uint64_t task_memory_bytes,
             const std::atomic<bool>& cancelled)
      : plan_(plan), task_memory_bytes_(task_memory_bytes), cancelled_(cancelled) {}

  std::uint32_t CountSplits(std::uint32_t input) override;
  std::unique_ptr<InputSource> Open(std::uint32_t input, std::uint32_t split,
                                    std::string* path) override;

 private:
  const SplitTable& Splits(std::uint32_t input);

  const v1::JobPlan& plan_;
  const std::uint64_t task_memory_bytes_;
  const std::atomic<bool>& cancelled_;
  std::optional<SplitTable> splits_;  // made when it is asked for
};

}  // namespace gristmill::worker

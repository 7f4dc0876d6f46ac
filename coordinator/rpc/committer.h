// Puts finished output into place and clears abandoned output away, off the shell's thread.
#pragma once

#include <functional>
#include <vector>

#include "coordinator/core/event.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/rpc/driver.h"

namespace gristmill::coordinator {

class Committer final : public OutputPort {
 public:
  using Report = std::function<void(OutputCommitted)>;
  // `report` is called on the committer's thread.
  explicit Committer(Report report);

  void Commit(JobId job, Plan plan, std::vector<AttemptId> winners) override;
  void Abandon(Plan plan) override;
  // Finishes what was asked for.
  void Stop() { thread_.Stop(); }

 private:
  const Report report_;
  BackgroundThread thread_;
};

}  // namespace gristmill::coordinator

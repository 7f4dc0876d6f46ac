// Puts finished output into place and clears abandoned output away, off the shell's thread.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/instant.h"
#include "coordinator/core/event.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/rpc/driver.h"

namespace gristmill::coordinator {

class Committer final : public OutputPort {
 public:
  using Report = std::function<void(OutputCommitted)>;
  // How often a commit that fails is tried again: the wait doubles from first to last.
  struct Retries {
    DurationMs first_wait_ms = 1'000;
    DurationMs last_wait_ms = 30'000;
    DurationMs all_ms = 300'000;
  };
  // `report` is called on the committer's thread.
  explicit Committer(Report report) : Committer(std::move(report), Retries()) {}
  Committer(Report report, Retries retries);
  ~Committer() override { Stop(); }

  // What fails for good stays in the staging directory, which the report then names.
  void Commit(JobId job, Plan plan, std::vector<AttemptId> winners) override;
  void Abandon(Plan plan) override;
  // Finishes what was asked for, except that nothing is tried again: such a commit is not reported,
  // and the next coordinator asks for it anew. From one thread.
  void Stop();

 private:
  // False if it was stopped before the outcome was known.
  bool TryCommit(const v1::JobPlan& plan, const std::vector<AttemptId>& winners,
                 absl::Status* outcome);

  const Report report_;
  const Retries retries_;
  absl::Notification stopping_;
  BackgroundThread thread_;
};

}  // namespace gristmill::coordinator

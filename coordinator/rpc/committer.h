// Holds the output directories of unfinished jobs, puts finished output into place and clears
// abandoned output away, off the shell's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "coordinator/core/event.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/rpc/driver.h"
#include "storage/commit_retries.h"
#include "storage/output_directory.h"

namespace gristmill::coordinator {

class Committer final : public OutputPort {
 public:
  using Report = std::function<void(OutputCommitted)>;
  // `report` is called on the committer's thread.
  explicit Committer(Report report, CommitRetries::Limits retries = {});
  ~Committer() override { Stop(); }

  // Takes over the output of a job that was accepted, until it is committed or abandoned.
  void Hold(JobId job, StagedOutput output);
  void Reclaim(JobId job, Plan plan) override;
  // What fails for good stays in the staging directory, which the report then names.
  void Commit(JobId job, Plan plan, Finished finished) override;
  void Abandon(Plan plan) override;
  // Finishes what was asked for, except that nothing is tried again: such a commit is not reported,
  // and the next coordinator asks for it anew. From one thread.
  void Stop();

 private:
  // Makes sure that held_ has the plan's output. As StagedOutput::Reopen.
  absl::Status Open(const v1::JobPlan& plan, const std::string& owner);
  absl::Status CommitOnce(JobId job, const v1::JobPlan& plan, const Finished& finished);
  // False if it was stopped before the outcome was known.
  bool TryCommit(JobId job, const v1::JobPlan& plan, const Finished& finished,
                 absl::Status* outcome);

  const Report report_;
  const CommitRetries::Limits retries_;
  std::map<std::string, StagedOutput> held_;  // by staging directory; the thread's own
  absl::Notification stopping_;
  BackgroundThread thread_;
};

}  // namespace gristmill::coordinator

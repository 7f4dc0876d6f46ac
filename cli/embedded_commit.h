// The end of an embedded run's output: put into place once the core says so, or abandoned.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/instant.h"
#include "coordinator/core/action.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/event.h"
#include "gristmill/v1/job.pb.h"
#include "storage/commit_retries.h"
#include "storage/output_directory.h"
#include "storage/split_planner.h"

namespace gristmill::cli {

// What can't be committed is tried again for a while and then kept where it is. Not thread-safe.
class EmbeddedCommit {
 public:
  // Where it reads what was skipped and left out, and what that is; all must outlive it.
  struct Job {
    const coordinator::Coordinator& core;
    const v1::JobPlan& plan;
    const SplitTable& splits;
  };
  struct Patience {
    CommitRetries::Limits retries;
    const std::atomic<bool>* cancelled;  // once set, the next try is the last one; may be null
  };
  EmbeddedCommit(std::optional<StagedOutput> output, const Job& job, const Patience& patience)
      : output_(std::move(output)), job_(job), patience_(patience) {}

  // The core asked for it; Try is due.
  void Begin(const coordinator::CommitOutput& asked);
  // Asked for, and neither done nor given up.
  bool is_under_way() const { return pending_.has_value(); }
  bool IsDue(Instant now) const;
  // What the core is to be told of the end; none if it is to be tried again, later. Only while it
  // is under way.
  std::optional<coordinator::OutputCommitted> Try();
  // Why the last try failed, while it is under way.
  const std::string& trouble() const { return pending_->trouble; }

  // Removes what is staged; after the end of a commit it does nothing.
  void Abandon();

 private:
  struct Pending {
    coordinator::CommitOutput asked;
    CommitRetries retries;
    Instant next_try = {};
    std::string trouble = {};
  };
  bool Cancelled() const { return patience_.cancelled != nullptr && patience_.cancelled->load(); }
  absl::Status CommitOnce();

  std::optional<StagedOutput> output_;  // until it is committed, abandoned or given up
  const Job job_;
  const Patience patience_;
  std::optional<Pending> pending_;
};

}  // namespace gristmill::cli

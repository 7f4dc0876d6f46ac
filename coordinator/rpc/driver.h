// Drives the core by its contract: steps it, keeps its records for the journal, and holds back
// everything that others would hear until those records are on disk. Persist, then speak.
//
// A turn is: BeginTurn, any number of Steps, then the caller journals TakeRecords(), then Speak().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/rpc/assignment_builder.h"
#include "coordinator/rpc/job_catalog.h"
#include "coordinator/rpc/job_insight.h"
#include "coordinator/rpc/log_queries.h"
#include "coordinator/rpc/watch_hub.h"
#include "coordinator/rpc/work_account.h"
#include "coordinator/rpc/worker_links.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/journal.pb.h"
#include "storage/blob_store.h"
#include "storage/set_aside.h"

namespace gristmill::coordinator {

// Blocking work on output directories, done elsewhere.
class OutputPort {
 public:
  using Plan = std::shared_ptr<const v1::JobPlan>;
  virtual ~OutputPort() = default;
  // After a restart, of each unfinished job: takes its staging directory into possession again.
  virtual void Reclaim(JobId job, Plan plan) = 0;
  // What a job's output is made of when it is put into place.
  struct Finished {
    std::vector<AttemptId> winners;       // by output file; none where a task was left out
    std::vector<SetAsideRecord> skipped;  // these go beside the files
    std::string failed_tasks = {};        // likewise (left_out.h); empty if none was left out
  };
  // The result comes back as an OutputCommitted event.
  virtual void Commit(JobId job, Plan plan, Finished finished) = 0;
  // Removes what the job's attempts wrote.
  virtual void Abandon(Plan plan) = 0;
};

// Not thread-safe: lives on the shell's thread.
class Driver {
 public:
  struct Options {
    Limits limits;
    DurationMs heartbeat_ms = 1'000;
    BlobStore* files = nullptr;  // that jobs bring along; null: they bring none
    // Some of them are needed by no job any more.
    std::function<void()> on_files_released = {};
  };
  // `outputs` and the files outlive the driver.
  Driver(Options options, OutputPort* outputs);

  // --- Recovery: every record of the journal, then Recover within the first turn. -------------
  absl::Status Replay(const v1::JournalRecord& record);
  void Recover();

  // Between turns: few records that a new Driver can Replay in place of all those before. Hands
  // them to `take`; ends at its first error. Forgets what they don't hold.
  absl::Status Snapshot(const std::function<absl::Status(const v1::JournalRecord&)>& take);

  // --- A turn ---------------------------------------------------------------------------------
  void BeginTurn(Instant now, std::int64_t unix_ms);
  void Step(const Event& event);
  // Journals and starts a validated job.
  JobId Submit(std::shared_ptr<const v1::JobPlan> plan);
  // `reply` runs once this turn's records are on disk.
  void Then(std::function<void()> reply) { replies_.push_back(std::move(reply)); }
  std::vector<v1::JournalRecord> TakeRecords();
  void Speak();

  // When a turn is due though nobody asks for one.
  Instant next_deadline() const;
  Instant now() const { return now_; }

  const Coordinator& core() const { return core_; }
  const JobCatalog& catalog() const { return catalog_; }
  WorkerLinks& links() { return links_; }
  WatchHub& watches() { return watches_; }
  JobInsight& insight() { return insight_; }
  LogQueries& logs() { return logs_; }
  // Whoever does something enters it.
  WorkAccount& work() { return work_; }
  v1::JobStatus StatusOf(JobId job) const;

 private:
  absl::Status ReplayNames(const v1::WorkersNamed& named);
  v1::JournalRecord EncodeRestored(const Record& record) const;
  void Take(Output output);
  void Keep(const Record& record);
  void Log(const Record& record) const;
  void KeepFiles(JobId job, const v1::JobPlan& plan);
  void ReleaseFiles(JobId job);

  void Perform(const StartAttempt& action);
  void Perform(const CancelAttempt& action);
  void Perform(const AskCut& action);
  void Perform(const StopOverdue& action);
  void Perform(const AcceptWorker& action);
  void Perform(const DropWorker& action);
  void Perform(const AcknowledgeReport& action);
  void Perform(const CommitOutput& action);
  void Perform(const EndJob& action);
  void Perform(const DropJobs& action);
  void Perform(const JobAccepted& action);
  void Perform(const ReleaseWorker& action);
  void Perform(const QuarantineWorker& action);
  void Perform(const EndQuarantine& action);
  void Perform(const NoteDiskSpace& action);

  const Options options_;
  OutputPort* const outputs_;
  Coordinator core_;
  JobCatalog catalog_;
  WorkerLinks links_;
  AssignmentBuilder assignments_;
  WatchHub watches_;
  JobInsight insight_;
  LogQueries logs_;
  WorkAccount work_;

  // Of the turn.
  Instant now_;
  std::int64_t unix_ms_ = 0;
  std::shared_ptr<const v1::JobPlan> submitting_;  // during Submit's Step
  JobId accepted_;                                 // by it
  std::vector<v1::JournalRecord> records_;
  std::vector<std::function<void()>> replies_;
};

}  // namespace gristmill::coordinator

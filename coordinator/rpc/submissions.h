// The way of a job from request to JobId: once per request id, one unfinished job per output.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "coordinator/admission.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/rpc/committer.h"
#include "coordinator/rpc/driver.h"
#include "coordinator/rpc/shell.h"
#include "gristmill/v1/job.pb.h"
#include "storage/blob_store.h"

namespace gristmill::coordinator {

// Lives on the shell's thread, except for the constructor. Admission does file I/O, so it runs on
// a thread of its own between two visits to the shell.
class Submissions {
 public:
  using Reply = std::function<void(const absl::StatusOr<JobId>&)>;
  // What is refused with ResourceExhausted. All together, of jobs that have not ended.
  struct Limits {
    std::size_t running_jobs_max = 64;  // as the core's
    std::size_t queued_jobs_max = 1'000;
    std::uint64_t tasks_max = 20'000'000;
    std::uint64_t plan_bytes_max = std::uint64_t{512} << 20;
  };
  // All outlive this.
  Submissions(Shell* shell, BackgroundThread* admissions, Committer* committer, BlobStore* files,
              std::string describing_directory, Limits limits)
      : shell_(shell),
        admissions_(admissions),
        committer_(committer),
        files_(files),
        describing_directory_(std::move(describing_directory)),
        limits_(limits) {}

  // `reply` is called once, when the job is journaled or refused.
  void Begin(Driver& driver, const v1::JobRequest& request, Reply reply);

  // What would run, and why it would have to wait; empty if it would not.
  struct DryRun {
    v1::JobPlan plan;
    std::string note;
  };
  using DryRunReply = std::function<void(const absl::StatusOr<DryRun>&)>;
  // Checks and plans likewise, and makes nothing.
  void PlanOnly(Driver& driver, const v1::JobRequest& request, DryRunReply reply);

 private:
  // A request that is being admitted.
  struct Pending {
    std::string request_id;
    std::string output;
    std::vector<Reply> replies;
  };

  absl::Status CheckOutputFree(const Driver& driver, const std::string& output) const;
  // Whether one more job may wait, and whether this one is small enough for what is left.
  absl::Status CheckQueue(const Driver& driver) const;
  absl::Status CheckLoad(const Driver& driver, const v1::JobPlan& plan) const;
  // On the thread for admissions.
  absl::StatusOr<AdmittedJob> AdmitHere(std::uint64_t ticket, const v1::JobRequest& request) const;
  // Whether the files, or only the job's object, are there; the ticket's owner keeps them from now
  // on.
  absl::Status KeepFiles(std::uint64_t ticket, const v1::JobRequest& request,
                         bool only_object) const;
  Describe DescriberFor(const v1::JobRequest& request) const;
  absl::StatusOr<DryRun> FinishDryRun(const Driver& driver,
                                      absl::StatusOr<v1::JobPlan> planned) const;
  // Removes what admission made of it, on the thread that did.
  void Abandon(std::optional<StagedOutput> output);
  Pending* FindRequest(const std::string& request_id);
  void Finish(Driver& driver, std::uint64_t ticket, absl::StatusOr<AdmittedJob> admitted);

  Shell* const shell_;
  BackgroundThread* const admissions_;
  Committer* const committer_;
  BlobStore* const files_;
  const std::string describing_directory_;  // for the admissions' thread: made and removed
  const Limits limits_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, Pending> pending_;  // by ticket; as many as admissions_ holds
};

}  // namespace gristmill::coordinator

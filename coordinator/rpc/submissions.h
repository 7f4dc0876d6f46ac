// The way of a job from request to JobId: once per request id, one unfinished job per output.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "coordinator/admission.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/rpc/committer.h"
#include "coordinator/rpc/driver.h"
#include "coordinator/rpc/shell.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Lives on the shell's thread, except for the constructor. Admission does file I/O, so it runs on
// a thread of its own between two visits to the shell.
class Submissions {
 public:
  using Reply = std::function<void(const absl::StatusOr<JobId>&)>;
  // All outlive this.
  Submissions(Shell* shell, BackgroundThread* admissions, Committer* committer)
      : shell_(shell), admissions_(admissions), committer_(committer) {}

  // `reply` is called once, when the job is journaled or refused.
  void Begin(Driver& driver, const v1::JobRequest& request, Reply reply);

 private:
  // A request that is being admitted.
  struct Pending {
    std::string request_id;
    std::string output;
    std::vector<Reply> replies;
  };

  absl::Status CheckOutputFree(const Driver& driver, const std::string& output) const;
  Pending* FindRequest(const std::string& request_id);
  void Finish(Driver& driver, std::uint64_t ticket, absl::StatusOr<AdmittedJob> admitted);

  Shell* const shell_;
  BackgroundThread* const admissions_;
  Committer* const committer_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, Pending> pending_;  // by ticket; as many as admissions_ holds
};

}  // namespace gristmill::coordinator

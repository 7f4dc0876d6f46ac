// Submit, observe, suspend and cancel jobs of a cluster from C++.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/instant.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.pb.h"
#include "storage/shipped_files.h"

namespace gristmill {

// --coordinator, else $GRISTMILL_COORDINATOR, else localhost:7070. InvalidArgument if that is not
// HOST:PORT.
absl::StatusOr<std::string> CoordinatorAddress(const std::string& flag);

// Thread-safe. Every call has a deadline. A coordinator that can't be reached is Unavailable with
// a sentence that names the address and what to do.
class Client {
 public:
  explicit Client(std::string address, DurationMs deadline_ms = 10'000);
  ~Client();

  // Carries a request id, made here if `request` has none, so that trying again can't start a
  // second job: done for `patience_ms` when a coordinator that was there goes away before it
  // answers.
  // `files`, which the request names, are sent to the coordinator first, unless it has them.
  absl::StatusOr<std::uint64_t> Submit(const v1::JobRequest& request,
                                       DurationMs patience_ms = 60'000,
                                       const std::vector<LocalFile>& files = {});
  // What would run; nothing is made. Of `files` only the job's shared object is sent.
  absl::StatusOr<v1::SubmitResponse> DryRun(const v1::JobRequest& request,
                                            const std::vector<LocalFile>& files = {});
  absl::StatusOr<v1::JobStatus> Get(std::uint64_t job);
  absl::StatusOr<std::vector<v1::JobStatus>> List();
  absl::StatusOr<v1::JobStatus> Cancel(std::uint64_t job);
  // FailedPrecondition with a sentence if the job does not run, or is not suspended.
  absl::StatusOr<v1::JobStatus> Suspend(std::uint64_t job);
  absl::StatusOr<v1::JobStatus> Resume(std::uint64_t job);
  // Calls `on_status` with the state now and after changes until the job ended; returns the final
  // state. Reconnects by itself for `patience_ms` after a coordinator that this client has heard
  // vanished. Return false from `on_status` to stop watching.
  absl::StatusOr<v1::JobStatus> Watch(std::uint64_t job,
                                      const std::function<bool(const v1::JobStatus&)>& on_status,
                                      DurationMs patience_ms = 60'000);
  absl::StatusOr<v1::TasksResponse> Tasks(const v1::TasksRequest& request);
  absl::StatusOr<v1::TaskDescription> DescribeTask(const v1::TaskId& task);
  absl::StatusOr<v1::CountersResponse> Counters(std::uint64_t job);
  absl::StatusOr<v1::WorkersResponse> Workers();
  absl::StatusOr<v1::JobFacts> Explain(std::uint64_t job);
  absl::StatusOr<v1::LogSourcesResponse> LogSources(std::uint64_t job);
  // One page of what a worker keeps.
  absl::StatusOr<v1::LogPage> Logs(const v1::LogsRequest& request);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace gristmill

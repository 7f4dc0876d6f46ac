// What was seen of attempts since this process started, for people who ask why a job is slow.
// Nothing is decided by it, and nothing of it journaled.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/record.h"
#include "coordinator/rpc/median_sample.h"
#include "gristmill/v1/insight.pb.h"
#include "gristmill/v1/worker_service.pb.h"

namespace gristmill::coordinator {

// What a running attempt told of itself last.
struct AttemptNotes {
  std::string status;
  std::uint64_t run_ms = 0;  // on its thread, as of then
  Instant told_at;
  std::uint64_t input_bytes = 0;
  v1::TimeSpent spent;
  v1::HeavyKey heavy_key;
};

struct FinishedAttempt {
  TaskRef task;
  AttemptId attempt;
  WorkerId worker;
  std::uint64_t run_ms = 0;
  std::uint64_t records = 0;
  std::uint64_t input_bytes = 0;
  v1::HeavyKey heavy_key = {};
};

struct StageInsight {
  Instant first_start = kNever;
  Instant last_end;
  std::uint64_t finished = 0;
  std::uint64_t run_ms = 0;  // together
  MedianSample run_times, input_bytes;
  std::vector<FinishedAttempt> slowest;  // those that took longest first
};

struct JobInsightEntry {
  Instant submitted;
  std::vector<WorkerId> workers;  // that got attempts, in order
  std::map<std::uint32_t, StageInsight> stages;
  std::map<std::string, v1::PeerFetch> peers;  // by address, added up
};

// Not thread-safe: lives on the shell's thread.
class JobInsight {
 public:
  static constexpr std::size_t kSlowestMax = 5;
  static constexpr std::size_t kPeersMax = 256;
  static constexpr std::size_t kWorkersMax = 10'000;
  static constexpr std::size_t kEndedJobsMax = 1'000;
  static constexpr std::size_t kStatusBytesMax = 200;
  static constexpr std::size_t kKeyBytesMax = 200;

  // Of decisions as they are made, not of those that a restart folds.
  void Fold(const Record& record, Instant now);
  // Whether there is anything in it for people; most has nothing.
  static bool Tells(const v1::AttemptProgress& progress) {
    return progress.has_status() || progress.has_spent() || progress.has_heavy_key() ||
           progress.input_bytes() > 0;
  }
  // The attempt runs.
  void OnProgress(const v1::AttemptProgress& progress, Instant now);
  // The attempt, which runs, succeeded.
  void OnSuccess(const TaskRef& task, WorkerId worker, const v1::TaskReport& report, Instant now);

  // Null if it told nothing.
  const AttemptNotes* Find(AttemptId attempt) const;
  // Null if the job was submitted before this process started, or ended long ago.
  const JobInsightEntry* Find(JobId job) const;

 private:
  void EndJob(JobId job);

  absl::flat_hash_map<AttemptId, std::unique_ptr<AttemptNotes>> notes_;
  absl::flat_hash_map<JobId, JobInsightEntry> jobs_;
  std::deque<JobId> ended_;
};

}  // namespace gristmill::coordinator

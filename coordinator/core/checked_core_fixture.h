// A core that is held against a naive model, fed by its records, after every step.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/coordinator.h"

namespace gristmill::coordinator {

class CheckedCore {
 public:
  static constexpr std::uint64_t kSplitLength = 1'000;

  struct Running {
    TaskRef task;
    WorkerId worker;
    bool alone = false;
  };
  // How often came up what a history is to bring about.
  struct Seen {
    std::uint64_t ahead = 0;   // steps after which a worker had more attempts than slots, by worker
    std::uint64_t queued = 0;  // steps after which a job was queued, by job
    std::uint64_t copies = 0;  // tasks that were tried by two workers at once
    std::uint64_t alone = 0;   // attempts with a runner of their own
    std::uint64_t cuts = 0;
    std::uint64_t skips = 0;
    std::uint64_t wide = 0;      // attempts that took more than a slot
    std::uint64_t reserved = 0;  // steps after which slots were kept for a wide task, by worker
    std::uint64_t left_out = 0;  // tasks
    std::uint64_t suspended = 0;
    std::uint64_t resumed = 0;
    std::uint64_t successes = 0;

    Seen& operator+=(const Seen& other);
  };

  explicit CheckedCore(const Limits& limits) : limits_(limits) {}

  const Coordinator& core() const { return core_; }
  const Seen& seen() const { return seen_; }
  const std::map<AttemptId, Running>& running() const { return running_; }
  const std::vector<JobShape>& shapes() const { return shapes_; }  // by job id - 1
  const StageShape& ShapeOf(const TaskRef& task) const {
    return shapes_[task.job.value() - 1].stages[task.stage];
  }
  // What an attempt of the task is to read.
  std::uint64_t LengthOf(const TaskRef& task) const;

  // To be followed by the steps that perform the actions, and Check.
  std::vector<Action> Step(const Event& event, Instant now);
  // The next job to be submitted.
  void Plan(const JobShape& shape) { shapes_.push_back(shape); }
  // The attempt is going to say that it succeeded, having read so much.
  void Reads(AttemptId attempt, std::uint64_t length) { read_by_[attempt] = length; }

  // What must hold after the actions of a step.
  void Check();
  // A task that starts finds every output it is to read with a live worker.
  void CheckUpstream(const TaskRef& task) const;
  // A restart on the whole journal makes of it what is.
  void CheckRefolded() const;
  void CheckForgotten() const;
  bool HoldsNeededOutput(WorkerId worker) const;
  bool AllJobsEnded() const;

 private:
  template <typename Other>
  void Note(const Other&) {}
  void Note(const AttemptAssignedRecord& assigned);
  void Note(const AttemptSucceededRecord& succeeded);
  void Note(const AttemptEndedRecord& ended);
  void Note(const TaskCutRecord& cut);
  void Note(const RecordSkippedRecord& skipped);
  void Note(const TaskLeftOutRecord& left_out);
  void Note(const JobStateRecord& changed);
  void CheckWorker(const WorkerView& worker);
  bool HasRoomFor(const JobView& job) const;
  void CheckQueue();
  void CheckJob(JobId id);
  const TaskNeeds& NeedsOf(JobId job) const { return shapes_[job.value() - 1].needs; }
  void CheckTiling(JobId job, std::uint32_t stage) const;
  bool IsRunnable(const JobView& job, std::uint32_t stage) const;
  void RestoreShadow();

  const Limits limits_;
  Coordinator core_{limits_};
  std::unique_ptr<Coordinator> shadow_ = std::make_unique<Coordinator>(limits_);  // of the records
  int steps_ = 0;
  std::vector<Record> journal_;
  std::vector<JobShape> shapes_;
  std::map<AttemptId, Running> running_;
  std::set<TaskRef> ever_succeeded_;
  std::set<TaskRef> lonely_;          // that died with their runner and did not succeed since
  std::set<TaskRef> counted_before_;  // as part of the task that they were cut off
  std::map<std::pair<JobId, std::uint32_t>, std::uint32_t> pieces_;  // by stage: how many
  std::map<AttemptId, std::uint64_t> read_by_;
  std::map<JobId, std::set<InputRecord>> skipped_;
  std::set<TaskRef> left_out_;
  std::set<JobId> suspended_;                                 // now
  std::set<JobId> resumed_;                                   // ever
  std::map<TaskRef, std::pair<std::uint64_t, int>> died_at_;  // offset, times in a row
  Seen seen_;
};

}  // namespace gristmill::coordinator

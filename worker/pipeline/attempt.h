// One attempt, from its assignment to its report: what each kind of stage does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/registry.h"
#include "gristmill/task.h"
#include "worker/pipeline/counting_source.h"
#include "worker/pipeline/output_writer.h"
#include "worker/pipeline/plan_inputs.h"
#include "worker/pipeline/run_file_format.h"
#include "worker/pipeline/side_file_writer.h"
#include "worker/pipeline/stage_clock.h"
#include "worker/pipeline/stage_role.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::worker {

// Not thread-safe. The arguments must outlive it.
class Attempt {
 public:
  Attempt(const JobContext& job, const v1::TaskAssignment& assignment, const TaskInputs& inputs,
          AttemptControl& control)
      : job_(job),
        assignment_(assignment),
        inputs_(inputs),
        control_(control),
        role_(job.plan, assignment.id().stage()),
        plan_inputs_(job.plan, job.task_memory_bytes, control.cancelled) {
    clock_.Begin();
  }

  // Fills in counters and result. Throws what the job's code throws, and TaskError,
  // LostOutputError, TaskCancelled; then no file of the attempt is left.
  void Run(v1::TaskReport* report);

 private:
  AttemptId attempt() const { return AttemptId(assignment_.attempt()); }
  RunFileId run_file_id() const;
  // What is not there costs nobody anything: each counter is reported, journaled and added up.
  void Count(const std::string& name, std::uint64_t value) {
    if (value > 0) counters_[name] += value;
  }

  // Counts what the job's code did; before its files are finished, since names may be refused.
  void CountOf(const TaskRunner& runner);
  // What a reduce task tells people.
  void Tell(const JobInfo& info, v1::TaskReport* report) const;
  // Counts where its time went; last.
  void CountTimes();

  TaskInfo MakeTaskInfo();
  // The outputs of all upstream tasks, each exactly once: a reduce over less would be wrong.
  std::vector<MapOutput> UpstreamOutputs() const;
  CountingSource OpenInput(bool sampled);
  OutputWriter OpenOutput(const JobInfo& info) const;

  void RunStage(const JobInfo& info, TaskRunner& runner, v1::TaskReport* report);
  void RunSample(TaskRunner& runner, v1::TaskReport* report);
  void RunMap(TaskRunner& runner);
  void RunMapOnly(const JobInfo& info, TaskRunner& runner);
  void RunReduce(const JobInfo& info, TaskRunner& runner);
  // Has `write` fill sorted runs and finishes them.
  void WriteRuns(const TaskRunner& runner, const std::function<void(RunSink&)>& write);
  // Has `write` fill a partition file and finishes it.
  void WriteOutput(const JobInfo& info, const TaskRunner& runner,
                   const std::function<void(OutputSink&)>& write);

  const JobContext& job_;
  const v1::TaskAssignment& assignment_;
  const TaskInputs& inputs_;
  AttemptControl& control_;
  const StageRole role_;
  PlanInputs plan_inputs_;
  StageClock& clock_ = control_.notes.clock();
  std::vector<v1::PeerFetch> peers_;
  std::optional<SideFileWriter> files_;  // if it may write any
  std::map<std::string, std::uint64_t> counters_;
};

}  // namespace gristmill::worker

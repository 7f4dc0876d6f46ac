#include "coordinator/core/leave_out.h"

#include <utility>

#include "base/readable_text.h"
#include "coordinator/core/hold.h"

namespace gristmill::coordinator {
namespace {

bool MayLeaveOut(const Job& job, const TaskRef& ref) {
  const Stage& stage = job.stages[ref.stage];
  if (stage.tasks[ref.task].counted || stage.broadcasts) return false;
  if (stage.left_out + 1 >= stage.task_count()) return false;
  if (job.halt.percent > 0) {
    return (std::uint64_t{stage.left_out} + 1) * 100 <
           std::uint64_t{job.halt.percent} * stage.task_count();
  }
  return job.left_out() + 1 < job.halt.failures;
}

}  // namespace

void FailTask(Turn& turn, const TaskRef& ref, std::string why, std::string job_message) {
  Job& job = *turn.state.jobs.Find(ref.job);
  if (!MayLeaveOut(job, ref)) return FailByTasks(turn, job, std::move(job_message));
  EndRunningAttempt(turn, ref, "the task is left out since another attempt failed for good");
  if (job.left_out_reasons.size() >= kLeftOutReasonsMax) why.clear();
  turn.Decide(TaskLeftOutRecord{ref, ShortenedText(why, kLeftOutReasonBytesMax)});
  if (job.stages[ref.stage].complete()) OnStageComplete(turn, job);
}

}  // namespace gristmill::coordinator

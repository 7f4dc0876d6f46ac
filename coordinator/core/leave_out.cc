#include "coordinator/core/leave_out.h"

#include <utility>

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

// Not cutting a UTF-8 character.
void Shorten(std::string* text) {
  if (text->size() <= kLeftOutReasonBytesMax) return;
  std::size_t end = kLeftOutReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xC0) == 0x80) --end;
  text->resize(end);
}

}  // namespace

void FailTask(Turn& turn, const TaskRef& ref, std::string why, std::string job_message) {
  Job& job = *turn.state.jobs.Find(ref.job);
  if (!MayLeaveOut(job, ref)) return EndJobAs(turn, job, JobState::kFailed, std::move(job_message));
  EndRunningAttempt(turn, ref, "the task is left out since another attempt failed for good");
  if (job.left_out_reasons.size() >= kLeftOutReasonsMax) why.clear();
  Shorten(&why);
  turn.Decide(TaskLeftOutRecord{ref, std::move(why)});
  if (job.stages[ref.stage].complete()) OnStageComplete(turn, job);
}

}  // namespace gristmill::coordinator

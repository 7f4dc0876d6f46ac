#include "coordinator/core/cut.h"

#include "base/check.h"

namespace gristmill::coordinator {

bool MayBeCut(const Turn& turn, const RunningAttempt& running) {
  const Stage& stage = turn.state.stage(running.task);
  const Worker& worker = *turn.state.workers.Find(running.worker);
  const Task& task = turn.state.task(running.task);
  return stage.may_be_cut && stage.parts.pieces().size() < kPiecesMax && worker.connected &&
         !worker.is_slow() && task.failures == 0 && !task.alone;
}

void TakeCut(Turn& turn, AttemptId attempt, std::uint64_t cut_at) {
  RunningAttempt& running = turn.state.running.at(attempt);
  const TaskRef ref = running.task;
  const Stage& stage = turn.state.stage(ref);
  const TaskPart part = stage.parts.of(ref.task);
  // Said before; or, since attempts repeat themselves, by one that nobody asked.
  if (!stage.may_be_cut || cut_at == 0 || cut_at >= part.end - part.begin) return;
  running.asked_at = kNever;
  EndOtherAttempt(turn, ref, attempt, "another attempt of the task gave up some of its input");
  turn.Decide(TaskCutRecord{ref, part.begin + cut_at});
}

}  // namespace gristmill::coordinator

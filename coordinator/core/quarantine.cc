#include "coordinator/core/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gristmill::coordinator {
namespace {

// Per mille. A success or strike counts an eighth: four strikes in a row are too many, and so are
// strikes at two of five attempts.
constexpr std::uint32_t kTroubleMax = 400;
constexpr std::uint32_t kTroubleOnProbation = 300;  // one more strike is forgiven
constexpr std::uint32_t kTroubleForgotten = 50;     // relapses before are not counted any more
constexpr int kDoublingsMax = 4;
// Tasks remembered per worker; strikes come long before more have failed there.
constexpr std::size_t kTasksMax = 64;
constexpr DurationMs kComplaintMs = 600'000;

void Quarantine(Turn& turn, Worker& worker, const char* evidence) {
  WorkerPool& workers = turn.state.workers;
  // The others that may work have to be the majority then.
  if (!worker.is_ready() || workers.quarantined().size() + 2 > workers.ready_count()) return;
  const DurationMs ms = turn.state.limits.quarantine_ms << std::min(worker.relapses, kDoublingsMax);
  ++worker.relapses;
  worker.evidence = evidence;
  workers.Quarantine(worker, turn.now + ms);
  turn.Do(QuarantineWorker{worker.id, ms, evidence});
}

void Strike(Turn& turn, Worker& worker, const char* evidence) {
  worker.trouble = (7 * worker.trouble + 1'000) / 8;
  if (worker.trouble > kTroubleMax) Quarantine(turn, worker, evidence);
}

void Remember(absl::btree_set<TaskRef>& tasks, const TaskRef& task) {
  tasks.insert(task);
  if (tasks.size() > kTasksMax) tasks.erase(tasks.begin());
}

void Complain(Turn& turn, Worker& holder, WorkerId reader) {
  if (holder.id == reader) return;
  const bool confirmed = holder.complainer && holder.complainer != reader &&
                         turn.now - holder.complained_at < kComplaintMs;
  holder.complainer = reader;
  holder.complained_at = turn.now;
  if (confirmed) Quarantine(turn, holder, "two other workers could not fetch its map output");
}

// Workers on which the task failed or whose copy of its output could not be read.
std::vector<WorkerId> AvoidedBy(Turn& turn, const TaskRef& task) {
  const auto& avoided = turn.state.stage(task).avoided_workers;
  const auto found = avoided.find(task.task);
  return found == avoided.end() ? std::vector<WorkerId>() : found->second;
}

bool IsOn(const Turn& turn) { return turn.state.limits.quarantine_ms > 0; }

}  // namespace

void NoteFailure(Turn& turn, const TaskRef& task, WorkerId id) {
  Worker* worker = turn.state.workers.Find(id);
  if (IsOn(turn) && worker != nullptr) Remember(worker->failed_tasks, task);
}

void NoteSuccess(Turn& turn, const TaskRef& task, WorkerId winner) {
  Worker* worker = turn.state.workers.Find(winner);
  if (!IsOn(turn) || worker == nullptr) return;
  worker->trouble = 7 * worker->trouble / 8;
  if (worker->trouble < kTroubleForgotten) worker->relapses = 0;
  for (const WorkerId id : AvoidedBy(turn, task)) {
    Worker* other = turn.state.workers.Find(id);
    if (other == nullptr || other->failed_tasks.erase(task) == 0 || id == winner) continue;
    Strike(turn, *other, "tasks that failed there succeeded elsewhere");
  }
}

void NoteMissedOutputs(Turn& turn, const std::vector<MissedOutput>& missed, WorkerId reader) {
  if (!IsOn(turn)) return;
  absl::btree_set<WorkerId> holders;
  for (const auto& [output, holder] : missed) {
    if (Worker* worker = turn.state.workers.Find(holder); worker != nullptr) {
      Remember(worker->missed_outputs, output);
      holders.insert(holder);
      continue;
    }
    for (const WorkerId id : AvoidedBy(turn, output)) {
      const Worker* worker = turn.state.workers.Find(id);
      if (worker != nullptr && worker->missed_outputs.contains(output)) holders.insert(id);
    }
  }
  // Who can't fetch from several is no witness: the fault may lie on its own side.
  if (holders.size() == 1) Complain(turn, *turn.state.workers.Find(*holders.begin()), reader);
}

void ReviewQuarantine(Turn& turn) {
  WorkerPool& workers = turn.state.workers;
  while (!workers.quarantined().empty()) {
    const auto [end, id] = *workers.quarantined().begin();
    if (end > turn.now && workers.quarantined().size() <= workers.ready_count()) return;
    Worker& worker = *workers.Find(id);
    worker.trouble = kTroubleOnProbation;
    workers.EndQuarantine(worker);
    turn.Do(EndQuarantine{id});
  }
}

}  // namespace gristmill::coordinator

#include "coordinator/core/job_state.h"

#include <algorithm>

#include "base/check.h"

namespace gristmill::coordinator {

Job::Job(JobId id, const JobShape& shape, bool with_tasks)
    : id(id),
      name(shape.name),
      max_attempts(shape.max_attempts),
      has_output(shape.has_output),
      skip_bad_records(shape.skip_bad_records),
      needs(shape.needs),
      halt(shape.halt),
      timeout_percent(shape.timeout_percent),
      hold_ms(shape.hold_ms),
      tasks_forgotten(!with_tasks) {
  stages.reserve(shape.stages.size());
  for (const StageShape& stage_shape : shape.stages) {
    const auto index = static_cast<std::uint32_t>(stages.size());
    for (const EdgeShape& edge : stage_shape.inputs) {
      GM_CHECK(edge.from_stage < index);
      Stage& upstream = stages[edge.from_stage];
      if (edge.kind == EdgeKind::kShuffle) {
        upstream.shuffle_readers.push_back(index);
      } else {
        upstream.broadcasts = true;
      }
    }
    stages.emplace_back(stage_shape, with_tasks);
    if (!stages.back().complete()) ++incomplete_stages;
  }
}

// Moving averages.
void Stage::Learn(std::uint64_t run_us, std::uint64_t records) {
  if (run_us == 0) return;
  if (usual.run_us == 0) {
    usual = {run_us, records, run_us};
    return;
  }
  usual.run_us = (7 * usual.run_us + std::min(run_us, 2 * usual.run_us) + 4) / 8;
  usual.records = (7 * usual.records + records + 4) / 8;
  if (run_us > usual.cautious_run_us) {
    usual.cautious_run_us += (run_us - usual.cautious_run_us + 1) / 2;
  } else {
    usual.cautious_run_us -= (usual.cautious_run_us - run_us) / 8;
  }
}

// Of waiting tasks only those that came back can have gone wrong.
void Stage::Forgive() {
  for (const auto* const tasks_back : {&queue.requeued(), &queue.choosy()}) {
    for (const std::uint32_t index : *tasks_back) {
      tasks[index].failures = 0;
      tasks[index].uncounted_ends = 0;
      avoided_workers.erase(index);
      bad_records.erase(index);
    }
  }
  queue.LetAllGoAnywhere();
}

void Job::Forgive() {
  for (Stage& stage : stages) stage.Forgive();
}

bool Job::IsRunnable(const Stage& stage) const {
  return std::all_of(stage.inputs.begin(), stage.inputs.end(),
                     [&](const EdgeShape& edge) { return stages[edge.from_stage].complete(); });
}

bool Job::HasRunnableTask() const {
  return std::any_of(stages.begin(), stages.end(),
                     [&](const Stage& stage) { return !stage.queue.empty() && IsRunnable(stage); });
}

bool Job::NeedsOutputOf(const Stage& stage) const {
  return state < JobState::kCommitting &&
         std::any_of(stage.shuffle_readers.begin(), stage.shuffle_readers.end(),
                     [&](std::uint32_t reader) { return !stages[reader].complete(); });
}

std::vector<AttemptId> Job::winners() const {
  std::vector<AttemptId> winners;
  if (stages.empty()) return winners;
  winners.reserve(stages.back().tasks.size());
  for (const Task& task : stages.back().tasks) winners.push_back(task.attempt);
  return winners;
}

std::uint64_t Job::task_count() const {
  std::uint64_t count = 0;
  for (const Stage& stage : stages) count += stage.task_count();
  return count;
}

std::uint64_t Job::left_out() const {
  std::uint64_t count = 0;
  for (const Stage& stage : stages) count += stage.left_out;
  return count;
}

JobShape Job::shape() const {
  JobShape shape{name,  {},   max_attempts,    has_output, skip_bad_records,
                 needs, halt, timeout_percent, hold_ms};
  for (const Stage& stage : stages) {
    shape.stages.push_back({stage.parts.planned_count(), stage.inputs, stage.may_be_cut});
  }
  return shape;
}

}  // namespace gristmill::coordinator

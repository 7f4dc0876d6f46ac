#include "coordinator/core/skip.h"

#include <fmt/format.h>

#include "coordinator/core/hold.h"

namespace gristmill::coordinator {

bool MaySkip(const Job& job, const InputRecord& record) {
  return job.skip_bad_records > 0 && !job.skipped.contains(record);
}

bool DiedAt(const Job& job, const TaskRef& task, std::uint64_t offset) {
  const auto& bad_records = job.stages[task.stage].bad_records;
  const auto found = bad_records.find(task.task);
  return found != bad_records.end() && found->second == offset;
}

void SkipRecord(Turn& turn, const TaskRef& task, const InputRecord& record,
                const std::string& reason) {
  Job& job = *turn.state.jobs.Find(task.job);
  if (job.skipped.size() >= job.skip_bad_records) {
    return FailByTasks(
        turn, job,
        fmt::format("more records are bad than the {} that --skip-bad-records allows; look at the "
                    "last one, then mend the job or allow more ({})",
                    job.skip_bad_records, reason));
  }
  // Another attempt of the task reads the record, too.
  EndRunningAttempt(turn, task,
                    "the task begins anew without a record at which another attempt died");
  turn.Decide(RecordSkippedRecord{task, record, reason});
}

}  // namespace gristmill::coordinator

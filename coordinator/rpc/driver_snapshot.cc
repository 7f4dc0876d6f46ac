// The driver's state as few journal records: the core's, and what the catalog adds to them.
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "base/status.h"
#include "coordinator/journal/record_codec.h"
#include "coordinator/rpc/driver.h"

namespace gristmill::coordinator {
namespace {

using Workers = absl::flat_hash_set<WorkerId>;

void CollectWorkers(const TasksRestoredRecord& record, Workers* workers) {
  WorkerId before;
  for (const Task& task : record.tasks) {
    if (task.worker == before) continue;
    before = task.worker;
    if (before) workers->insert(before);
  }
}

}  // namespace

absl::Status Driver::Snapshot(const std::function<absl::Status(const v1::JournalRecord&)>& take) {
  Workers joined, shown;  // live ones; those that tasks name
  absl::Status status;
  const bool whole = core_.Snapshot([&](const Record& record) {
    if (const auto* worker = std::get_if<WorkerJoinedRecord>(&record)) {
      joined.insert(worker->worker);
    } else if (const auto* tasks = std::get_if<TasksRestoredRecord>(&record)) {
      CollectWorkers(*tasks, &shown);
    }
    status = take(EncodeRestored(record));
    return status.ok();
  });
  if (!whole) return status;
  v1::JournalRecord names;
  for (const WorkerId worker : shown) {
    if (joined.contains(worker)) continue;
    names.mutable_workers_named()->add_workers(worker.value());
    names.mutable_workers_named()->add_names(catalog_.WorkerName(worker));
  }
  if (names.has_workers_named()) GM_RETURN_IF_ERROR(take(names));
  shown.insert(joined.begin(), joined.end());
  catalog_.ForgetWorkersBut(shown);
  return absl::OkStatus();
}

v1::JournalRecord Driver::EncodeRestored(const Record& record) const {
  RecordContext context;
  if (const auto* submitted = std::get_if<JobSubmittedRecord>(&record)) {
    const CatalogEntry& entry = *catalog_.Find(submitted->job);
    context.plan = entry.plan.get();
    context.unix_ms = entry.submitted_unix_ms;
    v1::JournalRecord message = EncodeRecord(record, context);
    if (submitted->without_tasks) {
      message.mutable_job_submitted()->set_input_bytes(entry.input_bytes);
    }
    return message;
  }
  if (const auto* restored = std::get_if<JobRestoredRecord>(&record)) {
    const CatalogEntry& entry = *catalog_.Find(restored->job);
    v1::JournalRecord message = EncodeRecord(record, context);
    message.mutable_job_restored()->set_last_failure(entry.last_failure);
    message.mutable_job_restored()->set_last_failure_cause(entry.last_failure_cause);
    message.mutable_job_restored()->set_failures_total(entry.failures_total);
    for (const FailedTask& failed : entry.failures) {
      *message.mutable_job_restored()->add_failures() = Encode(failed);
    }
    return message;
  }
  if (const auto* changed = std::get_if<JobStateRecord>(&record)) {
    context.unix_ms = catalog_.Find(changed->job)->finished_unix_ms;
  }
  return EncodeRecord(record, context);
}

absl::Status Driver::ReplayNames(const v1::WorkersNamed& named) {
  if (named.workers_size() != named.names_size()) {
    return DataLoss("the journal has a snapshot whose workers' names contradict themselves");
  }
  for (int i = 0; i < named.workers_size(); ++i) {
    catalog_.SetWorkerName(WorkerId(named.workers(i)), named.names(i));
  }
  return absl::OkStatus();
}

}  // namespace gristmill::coordinator

#include "coordinator/rpc/assignment_builder.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/check.h"
#include "coordinator/skipping.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {

void AssignmentBuilder::Assign(const StartAttempt& start, WorkerLink* link) {
  const TaskRef& task = start.task;
  const CatalogEntry* entry = catalog_->Find(task.job);
  GM_CHECK(entry != nullptr && entry->splits != nullptr);
  if (bool& started = link->told.jobs[task.job]; !started) {
    v1::CoordinatorMessage message;
    message.mutable_job_start()->set_job(task.job.value());
    *message.mutable_job_start()->mutable_plan() = *entry->plan;
    link->outbox.Add(std::move(message));
    started = true;
  }
  for (const v1::StageEdge& edge : entry->plan->stages(static_cast<int>(task.stage)).inputs()) {
    const StageRef upstream{task.job, edge.from_stage()};
    edge.kind() == v1::EDGE_KIND_SHUFFLE ? TellSources(upstream, link)
                                         : TellBroadcast(upstream, link);
  }
  v1::TaskAssignment assignment =
      MakeAssignment(*entry->plan, *entry->splits, task, core_->task(task)->part, start.attempt);
  assignment.set_alone(start.alone);
  TellSkips(core_->skipped_records(task.job), &assignment);
  link->outbox.Assign(std::move(assignment));
}

void AssignmentBuilder::TellSources(StageRef stage, WorkerLink* link) {
  // Versions count changes; the first telling is due even at version zero.
  const std::uint64_t version = core_->stage_version(stage.first, stage.second) + 1;
  std::uint64_t& told = link->told.source_versions[stage];
  if (told == version) return;
  Sources& sources = sources_[stage];
  if (sources.version != version) sources = {version, MakeSources(stage)};
  link->outbox.Add(sources.message);
  told = version;
}

v1::CoordinatorMessage AssignmentBuilder::MakeSources(StageRef stage) const {
  v1::CoordinatorMessage message;
  v1::ShuffleSources* sources = message.mutable_sources();
  sources->set_job(stage.first.value());
  sources->set_stage(stage.second);
  const auto outputs = core_->stage_outputs(stage.first, stage.second);
  const StageView view = core_->job(stage.first)->stages[stage.second];
  GM_CHECK(outputs.size() + view.left_out == view.tasks);
  sources->set_stage_tasks(view.tasks);
  sources->set_left_out(view.left_out);
  absl::flat_hash_map<WorkerId, std::uint32_t> peer_indexes;
  for (const auto& output : outputs) {
    const auto [found, is_new] =
        peer_indexes.try_emplace(output.worker, static_cast<std::uint32_t>(sources->peers_size()));
    if (is_new) {
      v1::ShufflePeer* peer = sources->add_peers();
      if (const auto worker = core_->worker(output.worker)) {
        peer->set_address(worker->shuffle_address);
        peer->set_spill_directory(worker->spill_directory);
      }
    }
    sources->add_tasks(output.task);
    sources->add_attempts(output.attempt.value());
    sources->add_peer_indexes(found->second);
  }
  return message;
}

void AssignmentBuilder::TellBroadcast(StageRef stage, WorkerLink* link) {
  const std::uint64_t version = core_->stage_version(stage.first, stage.second) + 1;
  std::uint64_t& told = link->told.broadcast_versions[stage];
  if (told == version) return;
  v1::CoordinatorMessage message;
  v1::Broadcast* broadcast = message.mutable_broadcast();
  broadcast->set_job(stage.first.value());
  broadcast->set_stage(stage.second);
  for (std::string& result : core_->stage_results(stage.first, stage.second)) {
    broadcast->add_results(std::move(result));
  }
  link->outbox.Add(std::move(message));
  told = version;
}

void AssignmentBuilder::Forget(JobId job) {
  sources_.erase(sources_.lower_bound({job, 0}), sources_.lower_bound({JobId(job.value() + 1), 0}));
}

}  // namespace gristmill::coordinator

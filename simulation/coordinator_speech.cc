// What the core's actions mean outside of it: coordinator/rpc/driver_actions.cc and
// assignment_builder.cc, on virtual sessions.
#include <algorithm>

#include "simulation/bad_records.h"
#include "simulation/virtual_coordinator.h"

namespace gristmill::simulation {

VirtualCoordinator::Link& VirtualCoordinator::LinkOf(WorkerId worker) {
  if (worker.value() > links_.size()) links_.resize(worker.value());
  return links_[worker.value() - 1];
}

VirtualCoordinator::Link* VirtualCoordinator::Find(WorkerId worker) {
  Link& link = LinkOf(worker);
  if (link.session == 0) return nullptr;
  if (!std::exchange(link.waits_for_flush, true)) to_flush_.push_back(worker);
  return &link;
}

// Its session ends after what is held for it.
void VirtualCoordinator::Retire(WorkerId worker) {
  Link& link = LinkOf(worker);
  if (link.session == 0) return;
  workers_.erase(link.session);
  closing_.emplace_back(link.session, std::move(link.outbox));
  const bool waits = link.waits_for_flush;
  link = {};
  link.waits_for_flush = waits;
}

void VirtualCoordinator::Flush(SessionId session, Outbox& outbox) {
  if (!outbox.acknowledged.empty()) {
    outbox.messages.push_back({worker::ReportsAcknowledged{std::move(outbox.acknowledged)}});
    outbox.acknowledged.clear();
  }
  for (DownMessage& message : outbox.messages) {
    world_->network.SendDown(session, std::move(message));
  }
  outbox.messages.clear();
}

void VirtualCoordinator::Speak() {
  for (auto& [session, outbox] : closing_) {
    Flush(session, outbox);
    world_->network.CloseDown(session);
  }
  closing_.clear();
  for (const WorkerId worker : to_flush_) {
    Link& link = LinkOf(worker);
    link.waits_for_flush = false;
    if (link.session != 0) Flush(link.session, link.outbox);
  }
  to_flush_.clear();
  for (const WorkerId worker : releases_) world_->checker.OnReleaseSpoken(worker);
  releases_.clear();
  for (const auto& [client, job] : replies_) {
    const Microseconds takes = world_->conditions.load
                                   ? world_->conditions.message_time
                                   : world_->random.Between(1, 20) * kMillisecond;
    world_->heap.Push(world_->heap.now() + takes, Happening::kClientHearsReply, client, 0,
                      job.value());
  }
  replies_.clear();
  for (const coordinator::CommitOutput& commit : commits_) {
    world_->checker.OnCommitSpoken(commit.job, commit.winners);
    const bool fails = world_->conditions.may(Fault::kCommit) && world_->random.OneIn(8);
    // A job that is predicted has no output.
    const Microseconds takes =
        world_->conditions.load ? 0 : world_->random.Between(1, 5'000) * kMillisecond;
    world_->heap.Push(world_->heap.now() + takes, Happening::kOutputCommitted, fails, generation_,
                      commit.job.value());
  }
  commits_.clear();
}

// --- Actions
// -------------------------------------------------------------------------------------------

void VirtualCoordinator::Perform(const coordinator::StartAttempt& action) {
  Link* link = Find(action.worker);
  if (link == nullptr) return;
  const TaskRef& task = action.task;
  std::shared_ptr<const StartPayload>& plan = plans_[task.job];
  // Submitted before the last restart.
  if (plan == nullptr) plan = std::make_shared<StartPayload>(world_->checker.ShapeOf(task.job));
  auto told = std::find_if(link->told.begin(), link->told.end(),
                           [&](const Told& known) { return known.job == task.job; });
  if (told == link->told.end()) {
    link->outbox.messages.push_back({worker::JobStarted{
        task.job, plan, plan->shape.timeout_percent > 0 ? 0 : world_->conditions.task_timeout_ms,
        false, plan->shape.needs.gpus}});
    told = link->told.insert(told, Told{task.job, {}, {}});
  }
  for (const coordinator::EdgeShape& edge : plan->shape.stages[task.stage].inputs) {
    const StageRef upstream{task.job, edge.from_stage};
    edge.kind == coordinator::EdgeKind::kShuffle ? TellSources(*told, upstream, link->outbox)
                                                 : TellBroadcast(*told, upstream, link->outbox);
  }
  auto& messages = link->outbox.messages;
  if (messages.empty() ||
      !std::holds_alternative<worker::AttemptAssigned>(messages.back().back())) {
    messages.emplace_back();
  }
  TaskPart part = core_->task(task)->part;
  world_->saboteur.Tamper(part);
  std::vector<std::uint64_t> skips = SkipsOf(task, part);
  world_->saboteur.Tamper(skips);
  messages.back().push_back(worker::AttemptAssigned{
      task.job, action.attempt,
      std::make_shared<AssignmentPayload>(action.attempt, task, part, std::move(skips)),
      action.alone});
}

// As coordinator::TellSkips.
std::vector<std::uint64_t> VirtualCoordinator::SkipsOf(const TaskRef& task,
                                                       const TaskPart& part) const {
  std::vector<std::uint64_t> skips;
  for (const auto& [record, skip] : core_->skipped_records(task.job)) {
    const bool in_part = record.offset >= part.begin && record.offset < part.end;
    if (record.path == InputPath(task.stage, part.planned) && in_part) {
      skips.push_back(record.offset);
    }
  }
  return skips;
}

namespace {

// True if the session does not know this version yet; it does from now on.
bool IsNews(std::vector<std::pair<std::uint32_t, std::uint64_t>>& known, std::uint32_t stage,
            std::uint64_t version) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const auto& entry) { return entry.first == stage; });
  if (found == known.end()) {
    known.emplace_back(stage, version);
    return true;
  }
  return std::exchange(found->second, version) != version;
}

}  // namespace

void VirtualCoordinator::TellSources(Told& told, StageRef stage, Outbox& outbox) {
  const std::uint64_t version = core_->stage_version(stage.first, stage.second) + 1;
  if (!IsNews(told.sources, stage.second, version)) return;
  std::shared_ptr<SourcesPayload>& made = sources_[stage];
  if (made == nullptr || made->sources.version != version) {
    made = std::make_shared<SourcesPayload>();
    Sources& sources = made->sources;
    sources.job = stage.first;
    sources.stage = stage.second;
    sources.version = version;
    sources.left_out = core_->job(stage.first)->stages[stage.second].left_out;
    for (const auto& output : core_->stage_outputs(stage.first, stage.second)) {
      sources.tasks.push_back(output.task);
      sources.attempts.push_back(output.attempt);
    }
    world_->saboteur.Tamper(sources);
  }
  outbox.messages.push_back({worker::SourcesChanged{stage.first, stage.second, made}});
}

void VirtualCoordinator::TellBroadcast(Told& told, StageRef stage, Outbox& outbox) {
  const std::uint64_t version = core_->stage_version(stage.first, stage.second) + 1;
  if (!IsNews(told.broadcasts, stage.second, version)) return;
  auto broadcast = std::make_shared<BroadcastPayload>(stage.second);
  broadcast->results = core_->stage_results(stage.first, stage.second);
  outbox.messages.push_back(
      {worker::BroadcastMade{stage.first, stage.second, std::move(broadcast)}});
}

void VirtualCoordinator::Perform(const coordinator::CancelAttempt& action) {
  Link* link = Find(action.worker);
  if (link == nullptr) return;
  auto& messages = link->outbox.messages;
  if (messages.empty() ||
      !std::holds_alternative<worker::AttemptsCancelled>(messages.back().back())) {
    messages.push_back({worker::AttemptsCancelled{}});
  }
  std::get<worker::AttemptsCancelled>(messages.back().back()).attempts.push_back(action.attempt);
}

void VirtualCoordinator::Perform(const coordinator::AskCut& action) {
  Link* link = Find(action.worker);
  if (link == nullptr) return;
  link->outbox.messages.push_back({worker::CutsAsked{{action.attempt}}});
}

void VirtualCoordinator::Perform(const coordinator::StopOverdue& action) {
  Link* link = Find(action.worker);
  if (link == nullptr) return;
  link->outbox.messages.push_back({worker::AttemptsOverdue{{{action.attempt, action.limit_ms}}}});
}

void VirtualCoordinator::Perform(const coordinator::AcceptWorker& action) {
  Heard(action.worker);
  const auto opening = opening_.find(action.instance);
  if (opening == opening_.end()) return;
  Retire(action.worker);
  Link& link = LinkOf(action.worker);
  link.session = opening->second;
  opening_.erase(opening);
  workers_[link.session] = action.worker;
  Find(action.worker)
      ->outbox.messages.push_back({worker::SessionRegistered{
          action.worker, kHeartbeatMs, limits_.lease_ms, action.forget_everything}});
}

void VirtualCoordinator::Perform(const coordinator::DropWorker& action) { Retire(action.worker); }

void VirtualCoordinator::Perform(const coordinator::AcknowledgeReport& action) {
  if (Link* link = Find(action.worker)) link->outbox.acknowledged.push_back(action.attempt);
}

void VirtualCoordinator::Perform(const coordinator::CommitOutput& action) {
  commits_.push_back(action);
}

void VirtualCoordinator::Perform(const coordinator::EndJob& action) {
  sources_.erase(sources_.lower_bound({action.job, 0}),
                 sources_.lower_bound({JobId(action.job.value() + 1), 0}));
  plans_.erase(action.job);
  for (std::uint64_t worker = 1; worker <= links_.size(); ++worker) {
    if (links_[worker - 1].session != 0) TellJobEnd(action.job, WorkerId(worker));
  }
}

void VirtualCoordinator::Perform(const coordinator::DropJobs& action) {
  for (const JobId job : action.jobs) TellJobEnd(job, action.worker);
}

void VirtualCoordinator::TellJobEnd(JobId job, WorkerId worker) {
  Link* link = Find(worker);
  if (link == nullptr) return;
  auto& messages = link->outbox.messages;
  if (messages.empty() || !std::holds_alternative<worker::JobEnded>(messages.back().back())) {
    messages.emplace_back();
  }
  messages.back().push_back(worker::JobEnded{job});
  std::erase_if(link->told, [&](const Told& told) { return told.job == job; });
}

void VirtualCoordinator::Perform(const coordinator::JobAccepted& action) {
  replies_.emplace_back(submitting_, action.job);
}

void VirtualCoordinator::Perform(const coordinator::ReleaseWorker& action) {
  Link* link = Find(action.worker);
  if (link == nullptr) return;
  link->outbox.messages.push_back({worker::DrainCompleted{}});
  releases_.push_back(action.worker);
}

}  // namespace gristmill::simulation

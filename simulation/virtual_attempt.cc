// What the runners of a virtual worker make of their attempts, from the assignment to the report:
// worker/runner/runner_session.cc and worker/pipeline/, on the virtual clock. What the real ones
// rely on is checked: inputs are told before they are read, a GPU is used by one attempt at a time.
#include "simulation/virtual_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulation/virtual_worker.h"

namespace gristmill::simulation {
namespace {

constexpr std::uint64_t kCutBlocks = 16;  // of a split that may be cut
constexpr Microseconds kHoldsReports = kMillisecond;

}  // namespace

std::uint64_t VirtualAttempt::ReadBy(Microseconds now) const {
  const auto ran = static_cast<std::uint64_t>(now - began);
  const auto all = static_cast<std::uint64_t>(std::max<Microseconds>(takes, 1));
  return std::min(end - begin, (end - begin) * ran / all);
}

void VirtualWorker::Perform(const worker::ForwardToRunner& output) {
  VirtualRunner* runner = Find(output.runner);
  if (runner == nullptr || runner->detached) return;
  const auto& payload = static_cast<const RunnerPayload&>(*output.payload);
  switch (payload.kind) {
    case RunnerPayload::Kind::kStart:
      runner->plan = std::static_pointer_cast<const StartPayload>(output.payload);
      return;
    case RunnerPayload::Kind::kSources:
      runner->SetSources(std::static_pointer_cast<const SourcesPayload>(output.payload));
      return;
    case RunnerPayload::Kind::kBroadcast:
      SetBroadcast(*runner, static_cast<const BroadcastPayload&>(payload));
      return;
    case RunnerPayload::Kind::kAssignment:
      break;
  }
  const auto& assignment = static_cast<const AssignmentPayload&>(payload);
  if (runner->Find(assignment.attempt) != nullptr) return;
  world_->checker.OnRunnerStartsAttempt(assignment.attempt);
  if (runner->alone && !(runner->running.empty() && runner->waiting.empty())) {
    world_->checker.Fail(fmt::format("attempt {} shares a runner with one that is to be alone",
                                     assignment.attempt.value()));
  }
  VirtualAttempt attempt;
  attempt.id = assignment.attempt;
  attempt.task = assignment.task;
  attempt.planned = assignment.part.planned;
  attempt.skips = assignment.skips;
  attempt.begin = assignment.part.begin;
  attempt.end = std::min(assignment.part.end, kSplitLength);
  attempt.reads = InputsOf(*runner, assignment);
  attempt.gpus = output.gpus;
  CheckGpus(*runner, attempt);
  if (runner->running.size() < ThreadsOf(*runner)) {
    Begin(*runner, std::move(attempt));
  } else {
    runner->waiting.push_back(std::move(attempt));
  }
}

// As worker::ThreadsFor.
std::uint32_t VirtualWorker::ThreadsOf(const VirtualRunner& runner) const {
  const coordinator::TaskNeeds& needs = runner.plan->shape.needs;
  std::uint32_t threads = 1;
  while (resources_.Hold(needs, threads + 1)) ++threads;
  return threads;
}

void VirtualWorker::CheckGpus(const VirtualRunner& runner, const VirtualAttempt& fresh) {
  if (fresh.gpus.size() != runner.plan->shape.needs.gpus) {
    world_->checker.Fail(
        fmt::format("attempt {} was given {} GPUs", fresh.id.value(), fresh.gpus.size()));
  }
  const auto check = [&](const VirtualAttempt& other) {
    for (const std::uint32_t gpu : fresh.gpus) {
      if (std::ranges::find(other.gpus, gpu) == other.gpus.end()) continue;
      world_->checker.Fail(fmt::format("attempts {} and {} use GPU {} of host {} at once",
                                       other.id.value(), fresh.id.value(), gpu, index_));
    }
  };
  for (const VirtualRunner& other : runners_) {
    std::ranges::for_each(other.running, check);
    std::ranges::for_each(other.waiting, check);
  }
}

void VirtualWorker::SetBroadcast(VirtualRunner& runner, const BroadcastPayload& broadcast) {
  for (std::uint32_t task = 0; task < broadcast.results.size(); ++task) {
    const TaskRef ref{runner.job, broadcast.stage, task};
    if (broadcast.results[task] == (world_->checker.IsLeftOut(ref) ? "" : ResultOf(ref))) continue;
    world_->checker.Fail(fmt::format("the result of job {} stage {} task {} was broadcast as '{}'",
                                     runner.job.value(), broadcast.stage, task,
                                     broadcast.results[task]));
  }
  runner.broadcasts.push_back(broadcast.stage);
}

std::vector<SourcesPtr> VirtualWorker::InputsOf(const VirtualRunner& runner,
                                                const AssignmentPayload& assignment) {
  std::vector<SourcesPtr> reads;
  const auto& stages = runner.plan->shape.stages;
  for (const coordinator::EdgeShape& edge : stages[assignment.task.stage].inputs) {
    bool told = false;
    if (edge.kind == coordinator::EdgeKind::kBroadcast) {
      told = std::count(runner.broadcasts.begin(), runner.broadcasts.end(), edge.from_stage) > 0;
    } else if (auto sources = runner.FindSources(edge.from_stage)) {
      told = sources->sources.attempts.size() + sources->sources.left_out >=
             stages[edge.from_stage].task_count;
      reads.push_back(std::move(sources));
    }
    if (told) continue;
    world_->checker.Fail(fmt::format("attempt {} was not told where its input from stage {} is",
                                     assignment.attempt.value(), edge.from_stage));
  }
  return reads;
}

void VirtualWorker::Begin(VirtualRunner& runner, VirtualAttempt attempt) {
  attempt.began = world_->heap.now();
  attempt.takes = attempt.cancelled ? kMillisecond : TimeOf(runner, attempt);
  PushMine(attempt.takes, Happening::kAttemptEnds, attempt.id.value());
  runner.running.push_back(std::move(attempt));
}

Microseconds VirtualWorker::TimeOf(const VirtualRunner& runner, const VirtualAttempt& attempt) {
  if (const std::optional<Load>& load = world_->conditions.load) {
    owed_us_ += load->costs.task_us;
    const auto owed = static_cast<Microseconds>(owed_us_);
    owed_us_ -= static_cast<double>(owed);
    return load->task_time + owed;
  }
  const auto length = static_cast<Microseconds>(attempt.end - attempt.begin);
  Microseconds takes = world_->random.Spread(world_->conditions.task_time) * slowness_ * length /
                       static_cast<Microseconds>(kSplitLength);
  if (MayBeCut(runner, attempt)) takes *= world_->conditions.WorkOf(attempt.task);
  return takes;
}

void VirtualWorker::Perform(const worker::CancelOnRunner& output) {
  VirtualRunner* runner = Find(output.runner);
  if (runner == nullptr || runner->detached || runner->hangs) return;
  for (const AttemptId id : output.attempts) {
    VirtualAttempt* attempt = runner->Find(id);
    if (attempt == nullptr) continue;
    attempt->cancelled = true;
    PushMine(world_->random.Between(0, 50) * kMillisecond, Happening::kAttemptEnds, id.value());
  }
}

bool VirtualWorker::MayBeCut(const VirtualRunner& runner, const VirtualAttempt& attempt) {
  return runner.plan->shape.stages[attempt.task.stage].may_be_cut;
}

// The source looks between two blocks; the block at hand may take long.
void VirtualWorker::Perform(const worker::CutOnRunner& output) {
  const VirtualRunner* runner = Find(output.runner);
  if (runner == nullptr || runner->detached) return;
  for (const AttemptId id : output.attempts) {
    const Microseconds most = world_->random.OneIn(4) ? 8 * kSecond : 200 * kMillisecond;
    PushMine(world_->random.Between(0, most), Happening::kAttemptIsCut, id.value());
  }
}

// As SplitCut::Look.
void VirtualWorker::OnAttemptIsCut(AttemptId id) {
  const Microseconds now = world_->heap.now();
  for (VirtualRunner& runner : runners_) {
    for (VirtualAttempt& attempt : runner.running) {
      if (attempt.id != id || attempt.cancelled) continue;
      const std::uint64_t length = attempt.end - attempt.begin;
      const std::uint64_t block = std::max<std::uint64_t>(length / kCutBlocks, 1);
      const std::uint64_t read = (attempt.ReadBy(now) + block - 1) / block * block;
      if (read >= length || (length - read) / 2 < block) return;
      const std::uint64_t kept = read + (length - read) / 2;
      world_->Tell("{}: attempt {} is cut to {} of {}", instance_, id.value(), kept, length);
      attempt.takes =
          attempt.takes * static_cast<Microseconds>(kept) / static_cast<Microseconds>(length);
      attempt.end = attempt.begin + kept;
      attempt.cut = true;
      PushMine(std::max<Microseconds>(attempt.began + attempt.takes - now, 0),
               Happening::kAttemptEnds, id.value());
      return;
    }
  }
}

void VirtualWorker::ReportProgress() {
  const Microseconds now = world_->heap.now();
  for (const VirtualRunner& runner : runners_) {
    if (runner.detached || runner.running.empty()) continue;
    worker::RunnerProgressed progressed{runner.id, {}};
    for (const VirtualAttempt& attempt : runner.running) {
      const std::uint64_t read = attempt.ReadBy(now), length = attempt.end - attempt.begin;
      worker::Progress& progress = progressed.progress.emplace_back();
      progress.attempt = attempt.id;
      progress.records = RecordsOf(attempt.task) * read / kSplitLength;
      progress.run_ms = std::max<DurationMs>((now - attempt.began) / kMillisecond, 1);
      if (!MayBeCut(runner, attempt)) continue;
      progress.done_ppm = static_cast<std::uint32_t>(1'000'000 * read / length);
      if (attempt.cut) progress.cut_at = length;
    }
    Do(progressed);
  }
}

void VirtualWorker::OnAttemptEnds(AttemptId id) {
  for (VirtualRunner& runner : runners_) {
    const auto found = std::find_if(runner.running.begin(), runner.running.end(),
                                    [&](const auto& attempt) { return attempt.id == id; });
    if (found == runner.running.end()) continue;
    const std::optional<std::uint64_t> dies_at = DiesAt(runner, *found);
    if (dies_at && !world_->random.OneIn(2)) return CrashAt(runner, id, *dies_at);
    const VirtualAttempt attempt = std::move(*found);
    runner.running.erase(found);
    const bool more = !runner.waiting.empty();
    if (more) {
      VirtualAttempt next = std::move(runner.waiting.front());
      runner.waiting.pop_front();
      Begin(runner, std::move(next));
    }
    const bool heard = !runner.detached;
    const worker::RunnerId by = runner.id;
    worker::Report report = Finish(attempt, dies_at);
    if (heard && world_->conditions.load) return Hold(runner, std::move(report), more);
    if (heard) Do(worker::RunnerReported{by, {std::move(report)}});
    return;
  }
}

// As RunnerSession::Report: while its threads have more to do, reports wait for each other.
void VirtualWorker::Hold(VirtualRunner& runner, worker::Report report, bool more) {
  runner.held.push_back(std::move(report));
  if (!more) return OnRunnerReports(runner.id);
  if (runner.held.size() == 1) {
    PushMine(kHoldsReports, Happening::kRunnerReports, runner.id.value());
  }
}

void VirtualWorker::OnRunnerReports(worker::RunnerId id) {
  VirtualRunner* runner = Find(id);
  if (runner == nullptr || runner->held.empty()) return;
  Do(worker::RunnerReported{id, std::exchange(runner->held, {})});
}

worker::Report VirtualWorker::Finish(const VirtualAttempt& attempt,
                                     std::optional<std::uint64_t> dies_at) {
  if (attempt.cancelled) return {attempt.id, worker::Outcome::kHandedBack, "cancelled", nullptr};
  if (dies_at) {
    return {attempt.id, worker::Outcome::kFailed, "the user's code threw", nullptr, false, dies_at};
  }
  if (disk_full_) return {attempt.id, worker::Outcome::kFailed, "the disk is full", nullptr};
  if (world_->conditions.may(Fault::kTask) &&
      world_->random.OneIn(world_->conditions.task_failure_of)) {
    return {attempt.id, worker::Outcome::kFailed, "the user's code failed", nullptr};
  }
  if (auto missing = Read(attempt)) {
    world_->checker.OnFetchFailed(*missing);
    return {attempt.id, worker::Outcome::kFetchFailed, "map output is missing", missing};
  }
  CheckSkips(attempt);
  world_->data.Write(attempt.id, index_, world_->heap.now() - attempt.began);
  AttemptTrace& trace = world_->data.Trace(attempt.id);
  trace.begin = static_cast<std::uint16_t>(attempt.begin);
  trace.end = static_cast<std::uint16_t>(attempt.end);
  trace.cut = attempt.cut;
  return {attempt.id, worker::Outcome::kSucceeded, {}, nullptr};
}

std::shared_ptr<FetchFailedDetails> VirtualWorker::Read(const VirtualAttempt& attempt) {
  std::shared_ptr<FetchFailedDetails> details;
  for (const SourcesPtr& told : attempt.reads) {
    const Sources& sources = told->sources;
    world_->checker.OnRead(attempt.id, sources);
    for (const std::uint32_t index : world_->data.Missing(sources)) {
      if (details == nullptr) details = std::make_shared<FetchFailedDetails>();
      details->missing.emplace_back(TaskRef{sources.job, sources.stage, sources.tasks[index]},
                                    sources.attempts[index]);
    }
  }
  return details;
}

}  // namespace gristmill::simulation

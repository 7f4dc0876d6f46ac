#include "coordinator/rpc/explain_view.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "coordinator/rpc/status_view.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kRunningShown = 10;
constexpr std::size_t kHoldersShown = 5;
constexpr std::size_t kWorkersShown = 32;
constexpr std::size_t kPeersShown = 3;
// A peer is slow if bytes from it take so many times as long as from others, and that came to
// something.
constexpr double kSlowPeer = 3;
constexpr std::uint64_t kSlowPeerUsMin = 500'000;

class Explainer {
 public:
  Explainer(const ExplainSources& sources, JobId job, Instant now)
      : core_(sources.core),
        catalog_(sources.catalog),
        insight_(sources.insight),
        id_(job),
        now_(now),
        cluster_(SizeOf(sources.core, now)),
        entry_(*sources.catalog.Find(job)),
        view_(*sources.core.job(job)),
        seen_(sources.insight.Find(job)),
        splits_(sources.catalog.SplitsOf(entry_)) {}

  v1::JobFacts Run() {
    *facts_.mutable_status() = ViewJob(core_, catalog_, id_, cluster_);
    facts_.set_partial(seen_ == nullptr);
    AddStages();
    if (!view_.tasks_forgotten) {
      AddRunning();
      AddSlowest();
    }
    AddFailures();
    if (!entry_.finished()) AddCluster();
    AddPeers();
    for (const auto& [name, value] : view_.counters) {
      if (!name.starts_with("time_")) continue;
      v1::Counter& counter = *facts_.add_times();
      counter.set_name(name);
      counter.set_value(value);
    }
    return std::move(facts_);
  }

 private:
  std::uint64_t SinceSubmission(Instant at) const {
    return static_cast<std::uint64_t>(std::max<DurationMs>(0, at - seen_->submitted));
  }

  void AddStages() {
    for (std::uint32_t index = 0; index < view_.stages.size(); ++index) {
      v1::StageFacts& stage = *facts_.add_stages();
      if (seen_ == nullptr || !seen_->stages.contains(index)) continue;
      const StageInsight& seen = seen_->stages.at(index);
      if (seen.first_start != kNever) stage.set_first_start_ms(SinceSubmission(seen.first_start));
      if (seen.finished == 0) continue;
      stage.set_finished(seen.finished);
      stage.set_median_run_ms(seen.run_times.Median());
      stage.set_median_input_bytes(seen.input_bytes.Median());
      stage.set_run_ms(seen.run_ms);
      stage.set_last_end_ms(SinceSubmission(seen.last_end));
    }
  }

  void Describe(const TaskRef& ref, AttemptId attempt, WorkerId worker, v1::AttemptFacts* facts) {
    facts->mutable_id()->set_job(ref.job.value());
    facts->mutable_id()->set_stage(ref.stage);
    facts->mutable_id()->set_task(ref.task);
    facts->set_attempt(attempt.value());
    facts->set_worker(catalog_.WorkerName(worker));
    const auto task = core_.task(ref);
    if (!task) return;
    facts->set_split(DescribeTaskInput(*entry_.plan, *splits_, ref.stage, task->part));
    facts->set_failures(task->failures);
  }

  void AddRunning() {
    std::vector<AttemptView> attempts = core_.attempts(id_);
    const auto notes_of = [this](const AttemptView& a) { return insight_.Find(a.attempt); };
    // What runs on a thread is told from what waits for one only some time after its start.
    std::ranges::sort(attempts, [](const AttemptView& a, const AttemptView& b) {
      return a.since != b.since ? a.since < b.since : a.attempt < b.attempt;
    });
    attempts.resize(std::min(attempts.size(), kRunningShown));
    for (const AttemptView& attempt : attempts) {
      v1::AttemptFacts& facts = *facts_.add_running();
      Describe(attempt.task, attempt.attempt, attempt.worker, &facts);
      facts.set_records(attempt.records);
      facts.set_done_ppm(attempt.done_ppm);
      const DurationMs since_ms = std::max<DurationMs>(now_ - attempt.since, 0);
      facts.set_waited_ms(static_cast<std::uint64_t>(since_ms));
      const AttemptNotes* const notes = notes_of(attempt);
      if (notes == nullptr) continue;
      if (notes->run_ms > 0) {
        facts.set_run_ms(notes->run_ms + static_cast<std::uint64_t>(now_ - notes->told_at));
      }
      facts.set_input_bytes(notes->input_bytes);
      facts.set_status(notes->status);
      *facts.mutable_spent() = notes->spent;
      if (notes->heavy_key.pairs() > 0) *facts.mutable_heavy_key() = notes->heavy_key;
    }
  }

  void AddSlowest() {
    if (seen_ == nullptr) return;
    for (const auto& [index, stage] : seen_->stages) {
      for (const FinishedAttempt& finished : stage.slowest) {
        v1::AttemptFacts& facts = *facts_.add_slowest();
        Describe(finished.task, finished.attempt, finished.worker, &facts);
        facts.set_run_ms(finished.run_ms);
        facts.set_records(finished.records);
        facts.set_input_bytes(finished.input_bytes);
        if (finished.heavy_key.pairs() > 0) *facts.mutable_heavy_key() = finished.heavy_key;
      }
    }
  }

  void AddFailures() {
    facts_.set_failures_total(entry_.failures_total);
    for (const FailedTask& failed : entry_.failures) {
      *facts_.add_failures() = catalog_.MessageOf(failed);
    }
  }

  void AddCluster() {
    std::uint64_t free_slots = 0;
    for (const WorkerView& worker : core_.workers()) {
      if (worker.state != WorkerState::kReady) continue;
      free_slots += worker.resources.slots - std::min(worker.resources.slots, worker.slots_used);
    }
    facts_.set_free_slots(static_cast<std::uint32_t>(free_slots));
    facts_.set_lacks_room(view_.lacks_room);
    AddWorkers(ViewWorkers(core_, now_));
    AddHolders();
  }

  void AddWorkers(const v1::WorkersResponse& workers) {
    std::map<std::string, std::uint32_t> failures;
    for (const FailedTask& failed : entry_.failures) ++failures[catalog_.WorkerName(failed.worker)];
    for (const v1::WorkerStatus& worker : workers.workers()) {
      if (static_cast<std::size_t>(facts_.workers_size()) == kWorkersShown) return;
      const auto view = core_.worker(WorkerId(worker.id()));
      const bool is_slow = view && view->slow;
      const bool is_ready = worker.state() == v1::WORKER_STATE_READY;
      if (is_ready && !is_slow && !failures.contains(worker.name())) continue;
      v1::WorkerFacts& facts = *facts_.add_workers();
      facts.set_name(worker.name());
      facts.set_state(static_cast<std::uint32_t>(worker.state()));
      facts.set_note(worker.note());
      facts.set_slow(is_slow);
      facts.set_pace_permille(view ? static_cast<std::uint32_t>(view->pace) : 0);
      if (failures.contains(worker.name())) facts.set_failures(failures.at(worker.name()));
    }
  }

  void AddHolders() {
    std::vector<v1::SlotHolder> holders;
    for (const auto& [id, entry] : catalog_.entries()) {
      if (entry.state != JobState::kRunning) continue;
      const JobView job = *core_.job(id);
      std::uint32_t running = 0;
      for (const StageView& stage : job.stages) running += stage.running;
      if (view_.state == JobState::kQueued &&
          static_cast<std::size_t>(facts_.ahead_size()) < kHoldersShown) {
        v1::JobStatus& ahead = *facts_.add_ahead();
        ahead = ViewJob(core_, catalog_, id, cluster_);
      }
      if (running == 0) continue;
      v1::SlotHolder& holder = holders.emplace_back();
      holder.set_job(id.value());
      holder.set_name(job.name);
      holder.set_attempts(running);
    }
    std::ranges::stable_sort(holders, [](const v1::SlotHolder& a, const v1::SlotHolder& b) {
      return a.attempts() > b.attempts();
    });
    holders.resize(std::min(holders.size(), kHoldersShown));
    for (v1::SlotHolder& holder : holders) *facts_.add_holders() = std::move(holder);
  }

  // Those from which bytes take much longer, the slowest first.
  void AddPeers() {
    if (seen_ == nullptr) return;
    std::vector<std::pair<double, const v1::PeerFetch*>> slow;
    for (const auto& [address, peer] : seen_->peers) {
      if (peer.us() < kSlowPeerUsMin || peer.bytes() == 0) continue;
      if (peer.others_bytes() == 0 || peer.others_us() == 0) continue;
      const double own = static_cast<double>(peer.us()) / static_cast<double>(peer.bytes());
      const double others =
          static_cast<double>(peer.others_us()) / static_cast<double>(peer.others_bytes());
      if (own > kSlowPeer * others) slow.emplace_back(own / others, &peer);
    }
    std::ranges::sort(slow, [](const auto& a, const auto& b) { return a.first > b.first; });
    slow.resize(std::min(slow.size(), kPeersShown));
    for (const auto& [ratio, peer] : slow) *facts_.add_peers() = *peer;
  }

  const Coordinator& core_;
  const JobCatalog& catalog_;
  const JobInsight& insight_;
  const JobId id_;
  const Instant now_;
  const ClusterSize cluster_;
  const CatalogEntry& entry_;
  const JobView view_;
  const JobInsightEntry* const seen_;
  const std::shared_ptr<const SplitTable> splits_;
  v1::JobFacts facts_;
};

}  // namespace

v1::JobFacts ExplainJob(const ExplainSources& sources, JobId job, Instant now) {
  return Explainer(sources, job, now).Run();
}

v1::LogSourcesResponse LogSourcesOf(const ExplainSources& sources, WorkerLinks& links, JobId job) {
  const CatalogEntry* const entry = sources.catalog.Find(job);
  GM_CHECK(entry != nullptr);
  v1::LogSourcesResponse response;
  const JobInsightEntry* const seen = sources.insight.Find(job);
  std::vector<WorkerId> workers;
  if (seen != nullptr) {
    workers = seen->workers;
  } else {  // any of them may have run something of it
    for (const WorkerView& worker : sources.core.workers()) workers.push_back(worker.id);
  }
  for (const WorkerId worker : workers) {
    v1::LogSource& source = *response.add_workers();
    source.set_worker(worker.value());
    source.set_name(sources.catalog.WorkerName(worker));
    source.set_is_here(links.Find(worker) != nullptr);
  }
  for (const FailedTask& failed : entry->failures) {
    *response.add_failures() = sources.catalog.MessageOf(failed);
  }
  response.set_failures_total(entry->failures_total);
  response.set_ended(entry->finished());
  return response;
}

}  // namespace gristmill::coordinator

#include "coordinator/core/worker_pool.h"

#include <algorithm>

#include "base/attempt_limits.h"
#include "base/check.h"

namespace gristmill::coordinator {

std::uint32_t Worker::free_slots() const {
  return running.size() < slots ? slots - static_cast<std::uint32_t>(running.size()) : 0;
}

void Worker::LearnPace(std::uint64_t run_us, std::uint64_t usual_us) {
  if (run_us == 0 || usual_us == 0) return;
  pace = (3 * pace + std::clamp<std::uint64_t>(run_us * 1'000 / usual_us, 100, 10'000)) / 4;
}

std::uint32_t Worker::room_ahead(JobId job) const {
  if (running_by_job.size() != 1 || running_by_job.front().first != job) return 0;
  if (running_alone > 0) return 0;
  const std::size_t most = std::size_t{slots} + AttemptsAheadMax(slots);
  return running.size() < most ? static_cast<std::uint32_t>(most - running.size()) : 0;
}

Worker& WorkerPool::Join(const WorkerJoinedRecord& joined) {
  GM_CHECK(joined.worker >= next_id_);
  SkipTo(WorkerId(joined.worker.value() + 1));
  const bool new_instance = by_instance_.emplace(joined.instance, joined.worker).second;
  GM_CHECK(new_instance);
  Worker& worker = live_[joined.worker];
  worker.id = joined.worker;
  worker.instance = joined.instance;
  worker.name = joined.name;
  worker.shuffle_address = joined.shuffle_address;
  worker.spill_directory = joined.spill_directory;
  worker.slots = joined.slots;
  return worker;
}

void WorkerPool::SkipTo(WorkerId id) { next_id_ = std::max(next_id_, id); }

void WorkerPool::Remove(WorkerId id) {
  const auto found = live_.find(id);
  GM_CHECK(found != live_.end());
  const Worker& worker = found->second;
  GM_CHECK(worker.running.empty());
  RemoveFromIndexes(worker);
  draining_.erase(id);
  leases_.erase({worker.lease_end, id});
  by_instance_.erase(worker.instance);
  live_.erase(found);
}

Worker* WorkerPool::Find(WorkerId id) {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

const Worker* WorkerPool::Find(WorkerId id) const {
  return const_cast<WorkerPool*>(this)->Find(id);
}

Worker* WorkerPool::FindInstance(const std::string& instance) {
  const auto found = by_instance_.find(instance);
  return found == by_instance_.end() ? nullptr : Find(found->second);
}

void WorkerPool::Connect(Worker& worker) {
  RemoveFromIndexes(worker);
  worker.connected = true;
  worker.released = false;
  AddToIndexes(worker);
}

void WorkerPool::Disconnect(Worker& worker) {
  RemoveFromIndexes(worker);
  worker.connected = false;
  AddToIndexes(worker);
}

void WorkerPool::Drain(Worker& worker) {
  RemoveFromIndexes(worker);
  worker.draining = true;
  draining_.insert(worker.id);
  AddToIndexes(worker);
}

void WorkerPool::SetShortOfDisk(Worker& worker, bool is_short) {
  RemoveFromIndexes(worker);
  worker.short_of_disk = is_short;
  AddToIndexes(worker);
}

void WorkerPool::Quarantine(Worker& worker, Instant end) {
  RemoveFromIndexes(worker);
  worker.quarantine_end = end;
  AddToIndexes(worker);
}

void WorkerPool::EndQuarantine(Worker& worker) { Quarantine(worker, Instant()); }

void WorkerPool::StartAttempt(Worker& worker, AttemptId attempt, JobId job, bool alone) {
  GM_CHECK(worker.free_slots() > 0 || (!alone && worker.room_ahead(job) > 0));
  RemoveFromIndexes(worker);
  worker.running.insert(attempt);
  if (alone) ++worker.running_alone;
  auto& counts = worker.running_by_job;
  const auto found = std::ranges::find(counts, job, &std::pair<JobId, std::uint32_t>::first);
  if (found == counts.end()) {
    counts.emplace_back(job, 1);
  } else {
    ++found->second;
  }
  AddToIndexes(worker);
}

void WorkerPool::EndAttempt(Worker& worker, AttemptId attempt, JobId job, bool alone) {
  RemoveFromIndexes(worker);
  const auto erased = worker.running.erase(attempt);
  GM_CHECK(erased == 1);
  if (alone) --worker.running_alone;
  auto& counts = worker.running_by_job;
  const auto found = std::ranges::find(counts, job, &std::pair<JobId, std::uint32_t>::first);
  GM_CHECK(found != counts.end());
  if (--found->second == 0) counts.erase(found);
  AddToIndexes(worker);
}

void WorkerPool::RenewLease(Worker& worker, Instant now, DurationMs lease_ms) {
  worker.fresh_leases = 0;
  SetLease(worker, now, lease_ms);
}

void WorkerPool::SetLease(Worker& worker, Instant now, DurationMs lease_ms) {
  worker.last_heard = now;
  const Instant end = now + lease_ms;
  if (end == worker.lease_end) return;
  leases_.erase({worker.lease_end, worker.id});
  leases_.insert({end, worker.id});
  worker.lease_end = end;
}

void WorkerPool::RenewAllLeases(Instant now, DurationMs lease_ms) {
  for (auto& [id, worker] : live_) {
    if (worker.fresh_leases == kFreshLeasesMax) continue;
    ++worker.fresh_leases;
    SetLease(worker, now, lease_ms);
  }
}

std::pair<Instant, WorkerId> WorkerPool::first_lease() const {
  return leases_.empty() ? std::pair{kNever, WorkerId()} : *leases_.begin();
}

void WorkerPool::RemoveFromIndexes(const Worker& worker) {
  quarantined_.erase({worker.quarantine_end, worker.id});
  if (!worker.is_ready()) return;
  ready_.erase(worker.id);
  ready_slots_ -= worker.slots;
  offers_.erase({worker.free_slots(), worker.id});
  roomy_.erase({worker.free_slots(), worker.id});
}

void WorkerPool::AddToIndexes(const Worker& worker) {
  if (worker.connected && !worker.draining && worker.is_quarantined()) {
    quarantined_.insert({worker.quarantine_end, worker.id});
  }
  if (!worker.is_ready()) return;
  ready_.insert(worker.id);
  ready_slots_ += worker.slots;
  if (worker.free_slots() == 0) return;
  offers_.insert({worker.free_slots(), worker.id});
  if (!worker.short_of_disk) roomy_.insert({worker.free_slots(), worker.id});
}

}  // namespace gristmill::coordinator

#include "coordinator/core/worker_pool.h"

#include <algorithm>

#include "base/attempt_limits.h"
#include "base/check.h"

namespace gristmill::coordinator {
namespace {

const TaskNeeds kPlain;

}  // namespace

std::uint32_t Worker::free_slots() const {
  return used.cpus < resources.slots ? resources.slots - static_cast<std::uint32_t>(used.cpus) : 0;
}

std::uint32_t Worker::unreserved_slots() const {
  const std::uint32_t kept = reserved_for ? reserved.cpus : 0;
  return free_slots() > kept ? free_slots() - kept : 0;
}

bool Worker::HasRoomBeside(const ResourcesUsed& taken, const TaskNeeds& needs) const {
  return taken.cpus + needs.cpus <= resources.slots && taken.gpus + needs.gpus <= resources.gpus &&
         (needs.memory_bytes == 0 ||
          (needs.memory_bytes <= resources.memory_bytes &&
           taken.memory_bytes <= resources.memory_bytes - needs.memory_bytes)) &&
         resources.HasLabels(needs);
}

bool Worker::HasUnreservedRoom(const TaskNeeds& needs) const {
  ResourcesUsed taken = used;
  if (reserved_for) taken += reserved;
  return HasRoomBeside(taken, needs);
}

void Worker::LearnPace(std::uint64_t run_us, std::uint64_t usual_us) {
  if (run_us == 0 || usual_us == 0) return;
  pace = (3 * pace + std::clamp<std::uint64_t>(run_us * 1'000 / usual_us, 100, 10'000)) / 4;
}

std::uint32_t Worker::room_ahead(JobId job) const {
  if (running_by_job.size() != 1 || running_by_job.front().first != job) return 0;
  if (running_alone > 0) return 0;
  const std::size_t most = std::size_t{resources.slots} + AttemptsAheadMax(resources.slots);
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
  worker.resources = joined.resources;
  AddToIndexes(worker);
  return worker;
}

void WorkerPool::SkipTo(WorkerId id) { next_id_ = std::max(next_id_, id); }

void WorkerPool::Remove(WorkerId id) {
  const auto found = live_.find(id);
  GM_CHECK(found != live_.end());
  const Worker& worker = found->second;
  GM_CHECK(worker.running.empty());
  if (worker.reserved_for) Unreserve(worker.reserved_for);
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

void WorkerPool::StartAttempt(Worker& worker, AttemptId attempt, JobId job, const TaskNeeds& needs,
                              bool alone) {
  GM_CHECK(worker.HasRoom(needs) ||
           (!alone && needs.takes_one_slot() && worker.room_ahead(job) > 0));
  RemoveFromIndexes(worker);
  worker.running.insert(attempt);
  worker.used += needs;
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

void WorkerPool::EndAttempt(Worker& worker, AttemptId attempt, JobId job, const TaskNeeds& needs,
                            bool alone) {
  RemoveFromIndexes(worker);
  const auto erased = worker.running.erase(attempt);
  GM_CHECK(erased == 1);
  worker.used -= needs;
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

void WorkerPool::AddNeeds(const TaskNeeds& needs) {
  if (needs.is_plain()) return;
  const auto [found, is_new] = groups_.try_emplace(needs);
  ++found->second.users;
  if (!is_new) return;
  for (const auto& [id, worker] : live_) AddTo(found->second, needs, worker);
}

void WorkerPool::ReleaseNeeds(const TaskNeeds& needs) {
  if (needs.is_plain()) return;
  const auto found = groups_.find(needs);
  GM_CHECK(found != groups_.end());
  if (--found->second.users == 0) groups_.erase(found);
}

const WorkerPool::NeedsGroup& WorkerPool::Group(const TaskNeeds& needs) const {
  if (needs.is_plain()) return any_;
  const auto found = groups_.find(needs);
  GM_CHECK(found != groups_.end());
  return found->second;
}

const absl::btree_set<WorkerPool::Offer>& WorkerPool::offers(const TaskNeeds& needs,
                                                             bool spills) const {
  const NeedsGroup& group = Group(needs);
  return spills ? group.roomy : group.offers;
}

void WorkerPool::Reserve(Worker& worker, JobId job, const TaskNeeds& needs) {
  GM_CHECK(!worker.reserved_for);
  const bool is_new = reservations_.emplace(job, worker.id).second;
  GM_CHECK(is_new);
  RemoveFromIndexes(worker);
  worker.reserved_for = job;
  worker.reserved = needs;
  AddToIndexes(worker);
}

void WorkerPool::Unreserve(JobId job) {
  const auto found = reservations_.find(job);
  if (found == reservations_.end()) return;
  Worker& worker = live_.at(found->second);
  reservations_.erase(found);
  RemoveFromIndexes(worker);
  worker.reserved_for = JobId();
  AddToIndexes(worker);
}

void WorkerPool::AddTo(NeedsGroup& group, const TaskNeeds& needs, const Worker& worker) {
  if (worker.draining || !worker.resources.Suffice(needs)) return;
  ++group.able;
  if (!worker.is_ready()) return;
  ++group.ready;
  const Offer offer{worker.unreserved_slots(), worker.id};
  if (needs.is_wide() && !worker.reserved_for) group.reservable.insert(offer);
  if (!worker.HasUnreservedRoom(needs)) return;
  group.offers.insert(offer);
  if (!worker.short_of_disk) group.roomy.insert(offer);
}

void WorkerPool::RemoveFrom(NeedsGroup& group, const TaskNeeds& needs, const Worker& worker) {
  if (worker.draining || !worker.resources.Suffice(needs)) return;
  --group.able;
  if (!worker.is_ready()) return;
  --group.ready;
  const Offer offer{worker.unreserved_slots(), worker.id};
  if (needs.is_wide()) group.reservable.erase(offer);
  group.offers.erase(offer);
  group.roomy.erase(offer);
}

void WorkerPool::RemoveFromIndexes(const Worker& worker) {
  quarantined_.erase({worker.quarantine_end, worker.id});
  if (worker.is_ready()) ready_slots_ -= worker.resources.slots;
  RemoveFrom(any_, kPlain, worker);
  for (auto& [needs, group] : groups_) RemoveFrom(group, needs, worker);
}

void WorkerPool::AddToIndexes(const Worker& worker) {
  if (worker.connected && !worker.draining && worker.is_quarantined()) {
    quarantined_.insert({worker.quarantine_end, worker.id});
  }
  if (worker.is_ready()) ready_slots_ += worker.resources.slots;
  AddTo(any_, kPlain, worker);
  for (auto& [needs, group] : groups_) AddTo(group, needs, worker);
}

}  // namespace gristmill::coordinator

// The live workers: by id, by instance, by what tasks they have room for and by the end of their
// lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/record.h"
#include "coordinator/core/task_needs.h"

namespace gristmill::coordinator {

// What a worker finished of one stage, in order of success. `tasks` only grows, so an entry may be
// out of date: it holds while the task is succeeded on this worker.
struct FinishedTasks {
  std::vector<std::uint32_t> tasks;
  std::uint32_t held = 0;  // tasks whose output still lies here
};

struct Worker {
  // Folded from records.
  WorkerId id;
  std::string instance, name, shuffle_address, spill_directory;
  WorkerResources resources;
  bool draining = false;
  absl::btree_set<AttemptId> running;  // more than the slots only if all are of one job
  ResourcesUsed used;                  // by them
  absl::btree_map<std::pair<JobId, std::uint32_t>, FinishedTasks> finished;  // by (job, stage)

  // Volatile: not in the journal.
  std::uint64_t pace = 1'000;  // time of its recent attempts, per mille of what is usual
  bool connected = false;
  bool short_of_disk = false;  // by its last heartbeat, of whatever connection
  bool released = false;       // told that it may go; true for this connection only
  Instant last_heard;
  Instant lease_end = kNever;  // kNever until it is first heard
  int fresh_leases = 0;        // given by RenewAllLeases since it was last heard
  // Of quarantine.cc: how often went wrong of late what works elsewhere, per mille; the newest
  // tasks that failed here, and whose output was missed; who last missed one.
  std::uint32_t trouble = 0;
  absl::btree_set<TaskRef> failed_tasks, missed_outputs;
  WorkerId complainer;
  Instant complained_at;
  Instant quarantine_end;  // zero if it is in none
  const char* evidence = "";
  int relapses = 0;

  // A moving average; `usual_us` is what others needed for such a task.
  void LearnPace(std::uint64_t run_us, std::uint64_t usual_us);
  bool is_slow() const { return pace > 1'500; }
  bool is_quarantined() const { return quarantine_end != Instant(); }
  bool is_ready() const { return connected && !draining && !is_quarantined(); }
  std::uint32_t free_slots() const;
  // Such a task may begin here now; the second: without what is kept for others.
  bool HasRoom(const TaskNeeds& needs) const { return HasRoomBeside(used, needs); }
  bool HasUnreservedRoom(const TaskNeeds& needs) const;
  std::uint32_t unreserved_slots() const;
  // How many attempts of the job, which take a slot each, may wait here beyond the slots: none
  // while those of another job run, as they would share the slots' threads.
  std::uint32_t room_ahead(JobId job) const;

  std::vector<std::pair<JobId, std::uint32_t>> running_by_job;  // none is zero
  std::uint32_t running_alone = 0;  // each has a thread beside those of the jobs' runners

  // Volatile: what ends here is kept for a task of this job, which needs more than is free yet.
  JobId reserved_for;
  TaskNeeds reserved;

 private:
  bool HasRoomBeside(const ResourcesUsed& taken, const TaskNeeds& needs) const;
};

constexpr int kFreshLeasesMax = 3;

// A worker's indexes change with it: whoever mutates one of these things does it through the pool.
class WorkerPool {
 public:
  // Most free slots first, then the lower id.
  struct Offer {
    std::uint32_t free_slots = 0;
    WorkerId worker;
    friend constexpr bool operator<(const Offer& a, const Offer& b) {
      return a.free_slots != b.free_slots ? a.free_slots > b.free_slots : a.worker < b.worker;
    }
  };

  WorkerId next_id() const { return next_id_; }
  // `joined.worker` was not used before, its instance is not live. It is not connected yet.
  Worker& Join(const WorkerJoinedRecord& joined);
  // Ids below `id` are not to be used any more.
  void SkipTo(WorkerId id);
  void Remove(WorkerId id);
  Worker* Find(WorkerId id);
  const Worker* Find(WorkerId id) const;
  Worker* FindInstance(const std::string& instance);
  const std::map<WorkerId, Worker>& live() const { return live_; }

  void Connect(Worker& worker);
  void Disconnect(Worker& worker);
  void Drain(Worker& worker);
  void SetShortOfDisk(Worker& worker, bool is_short);
  void Quarantine(Worker& worker, Instant end);
  void EndQuarantine(Worker& worker);
  // There is room for it, or room ahead if it takes one slot and is not to run alone.
  void StartAttempt(Worker& worker, AttemptId attempt, JobId job, const TaskNeeds& needs,
                    bool alone);
  // It runs there.
  void EndAttempt(Worker& worker, AttemptId attempt, JobId job, const TaskNeeds& needs, bool alone);
  void RenewLease(Worker& worker, Instant now, DurationMs lease_ms);  // it was heard
  // Nobody can be blamed for having been silent until now, but for one who has been given
  // kFreshLeasesMax such leases since it was last heard: a coordinator that stands still again and
  // again would never notice that it is gone.
  void RenewAllLeases(Instant now, DurationMs lease_ms);

  // --- Needs: tasks that not every free slot can take --------------------------------------------
  // A running job has such tasks: workers are looked up by them until it is released as often.
  void AddNeeds(const TaskNeeds& needs);
  void ReleaseNeeds(const TaskNeeds& needs);

  // Ready workers with a free slot that is not kept for a task.
  const absl::btree_set<Offer>& offers() const { return any_.offers; }
  // Those that have room for such a task; not those that are short of disk space for tasks that
  // leave map output behind.
  const absl::btree_set<Offer>& offers(const TaskNeeds& needs, bool spills) const;
  // Ready workers; those on which such a task may run once others end.
  std::size_t ready_count() const { return any_.ready; }
  std::size_t ready_count(const TaskNeeds& needs) const { return Group(needs).ready; }
  // Workers that may come to run such a task: also those that are disconnected or in quarantine.
  std::size_t able_count(const TaskNeeds& needs) const { return Group(needs).able; }
  std::uint64_t ready_slots() const { return ready_slots_; }

  // --- Reservations: at most one by worker and by job --------------------------------------------
  // For wide needs: ready workers on which such a task may run and nothing is reserved; most free
  // slots first.
  const absl::btree_set<Offer>& reservable(const TaskNeeds& needs) const {
    return Group(needs).reservable;
  }
  const absl::btree_map<JobId, WorkerId>& reservations() const { return reservations_; }
  void Reserve(Worker& worker, JobId job, const TaskNeeds& needs);
  void Unreserve(JobId job);  // if it has one
  const absl::btree_set<WorkerId>& draining() const { return draining_; }
  // End and worker of each quarantine that alone keeps its worker from being ready.
  const absl::btree_set<std::pair<Instant, WorkerId>>& quarantined() const { return quarantined_; }
  // End and owner of the lease that ends first; kNever if none is running.
  std::pair<Instant, WorkerId> first_lease() const;

 private:
  // The workers as tasks with some needs see them.
  struct NeedsGroup {
    int users = 0;
    std::size_t able = 0, ready = 0;
    absl::btree_set<Offer> offers;
    absl::btree_set<Offer> roomy;  // of those, the ones that are not short of disk space
    absl::btree_set<Offer> reservable;
  };

  const NeedsGroup& Group(const TaskNeeds& needs) const;
  static void AddTo(NeedsGroup& group, const TaskNeeds& needs, const Worker& worker);
  static void RemoveFrom(NeedsGroup& group, const TaskNeeds& needs, const Worker& worker);
  void SetLease(Worker& worker, Instant now, DurationMs lease_ms);
  void RemoveFromIndexes(const Worker& worker);
  void AddToIndexes(const Worker& worker);

  WorkerId next_id_{1};
  std::map<WorkerId, Worker> live_;
  absl::flat_hash_map<std::string, WorkerId> by_instance_;
  NeedsGroup any_;                          // of tasks that take a slot of any worker
  std::map<TaskNeeds, NeedsGroup> groups_;  // of all others; few, since few jobs run at once
  absl::btree_map<JobId, WorkerId> reservations_;
  std::uint64_t ready_slots_ = 0;
  absl::btree_set<WorkerId> draining_;
  absl::btree_set<std::pair<Instant, WorkerId>> quarantined_;
  absl::btree_set<std::pair<Instant, WorkerId>> leases_;
};

}  // namespace gristmill::coordinator

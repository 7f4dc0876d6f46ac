#include "simulation/conditions.h"

#include <algorithm>
#include <cmath>

namespace gristmill::simulation {
namespace {

using coordinator::EdgeKind;
using coordinator::JobShape;

constexpr std::uint32_t kReducesMax = 1'000;

// Of three in four stages that are only read by shuffles.
void LetTasksBeCut(JobShape* shape, Xoshiro& random) {
  std::vector<int> shuffles(shape->stages.size()), broadcasts(shape->stages.size());
  for (const coordinator::StageShape& stage : shape->stages) {
    for (const coordinator::EdgeShape& edge : stage.inputs) {
      ++(edge.kind == EdgeKind::kShuffle ? shuffles : broadcasts)[edge.from_stage];
    }
  }
  for (std::size_t stage = 0; stage < shape->stages.size(); ++stage) {
    shape->stages[stage].may_be_cut =
        shuffles[stage] > 0 && broadcasts[stage] == 0 && !random.OneIn(4);
  }
}

// Up to four stages whose tasks add up to `tasks`, as far as that is possible.
JobShape DrawShape(std::uint32_t tasks, bool plain, Xoshiro& random) {
  JobShape shape;
  shape.name = "simulated";
  shape.max_attempts = plain ? 4 : 1 + random.Below(4);
  shape.has_output = plain || !random.OneIn(4);
  if (plain) {
    const std::uint32_t reduces = std::min(kReducesMax, tasks / 50 + 1);
    shape.stages.push_back({tasks - std::min(reduces, tasks - 1), {}});
    shape.stages.push_back({reduces, {{0, EdgeKind::kShuffle}}});
    return shape;
  }
  const std::uint32_t stages = 1 + random.Below(5);
  for (std::uint32_t stage = 0; stage < stages; ++stage) {
    const bool empty = random.OneIn(24);
    const std::uint32_t share = stage + 1 == stages ? tasks : tasks / 2;
    tasks -= share;
    coordinator::StageShape& made = shape.stages.emplace_back();
    made.task_count = empty ? 0 : std::max(share, 1u);
    if (stage == 0) continue;
    const bool broadcast = random.OneIn(4);
    made.inputs.push_back({stage - 1, broadcast ? EdgeKind::kBroadcast : EdgeKind::kShuffle});
    if (stage > 1 && random.OneIn(3)) made.inputs.push_back({stage - 2, EdgeKind::kShuffle});
    // As rounds do: results of an earlier stage, or of one whose runs are read, too.
    if (!broadcast && random.OneIn(4)) made.inputs.push_back({stage - 1, EdgeKind::kBroadcast});
    if (stage > 2 && random.OneIn(4)) made.inputs.push_back({stage - 3, EdgeKind::kBroadcast});
  }
  LetTasksBeCut(&shape, random);
  return shape;
}

std::vector<JobShape> DrawJobs(const Conditions& conditions, Xoshiro& random) {
  if (!conditions.is_small()) return {DrawShape(conditions.tasks, true, random)};
  std::vector<JobShape> jobs;
  const std::uint32_t count = 1 + random.Below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    jobs.push_back(DrawShape(std::max(conditions.tasks / count, 1u), false, random));
  }
  return jobs;
}

// Each seed brings up about two thirds of the faults, so that each comes up alone, too.
FaultSet DrawFaults(const Options& options, bool small, Xoshiro& random) {
  if (!small) return options.faults;
  FaultSet faults = options.faults;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (random.OneIn(3) && options.faults == FaultSet::All()) faults.Erase(static_cast<Fault>(i));
  }
  return faults;
}

// What a task asks for at most.
const coordinator::TaskNeeds kNeedsMax{4, 8, 2, {"ssd"}};

void GiveNeeds(std::vector<JobShape>* jobs, Xoshiro& random) {
  for (JobShape& shape : *jobs) {
    if (random.OneIn(2)) continue;
    shape.needs.cpus = 1 + random.Below(kNeedsMax.cpus);
    if (random.OneIn(3)) shape.needs.memory_bytes = 1 + random.Below(8);
    if (random.OneIn(3)) shape.needs.gpus = random.Below(kNeedsMax.gpus + 1);
    if (random.OneIn(4)) shape.needs.labels = kNeedsMax.labels;
  }
}

// What is left out must not depend on where tasks were cut.
void AllowFailures(std::vector<JobShape>* jobs, Xoshiro& random) {
  for (JobShape& shape : *jobs) {
    if (!random.OneIn(3)) continue;
    shape.max_attempts = 1 + random.Below(2);
    if (random.OneIn(2)) {
      shape.halt.failures = 2 + random.Below(8);
    } else {
      shape.halt.percent = 1 + random.Below(100);
    }
    for (coordinator::StageShape& stage : shape.stages) stage.may_be_cut = false;
  }
}

void LimitByMedian(std::vector<JobShape>* jobs, Xoshiro& random) {
  for (JobShape& shape : *jobs) {
    if (random.OneIn(2)) shape.timeout_percent = 300 + random.Below(600);
  }
}

// Where they would fail they are suspended for a while.
void HoldJobs(std::vector<JobShape>* jobs, Xoshiro& random) {
  for (JobShape& shape : *jobs) {
    if (random.OneIn(2)) shape.hold_ms = random.Between(1, 60) * 1'000;
  }
}

// Of every third job: those have bad records, as often more than they may skip.
void LetRecordsBeSkipped(std::vector<JobShape>* jobs, Xoshiro& random) {
  for (JobShape& shape : *jobs) {
    if (!random.OneIn(3)) continue;
    shape.skip_bad_records = 1 + random.Below(8);
    shape.max_attempts = std::max<std::uint32_t>(shape.max_attempts, 2);
  }
}

Conditions ConditionsOf(const Options& options, const Load& load) {
  Conditions conditions;
  conditions.workers = options.workers;
  conditions.tasks = options.tasks;
  JobShape& shape = conditions.jobs.emplace_back();
  shape.name = "predicted";
  shape.max_attempts = 4;
  shape.stages.push_back({options.tasks, {}});
  conditions.load = load;
  conditions.task_time = load.task_time;
  const Costs& costs = load.costs;
  conditions.message_time = std::llround(costs.latency_us);
  const double each_us = static_cast<double>(load.task_time) + costs.rpc_us + costs.event_us +
                         costs.message_us + costs.sync_us + costs.task_us + costs.report_us +
                         costs.latency_us;
  conditions.ends_by = 600 * kSecond + 10 * std::llround(each_us * options.tasks);
  // Then all have registered, and nothing of that is left in the coordinator's queue.
  const double registration_us = costs.rpc_us + costs.event_us + costs.message_us + costs.sync_us;
  conditions.first_submission = 2 * kSecond + std::llround(2 * registration_us * options.workers);
  conditions.faults_until = conditions.first_submission;
  return conditions;
}

}  // namespace

Microseconds Conditions::WorkOf(const TaskRef& task) const {
  const std::uint64_t name = task.job.value() * 1'000'003 + task.stage * 10'007 + task.task;
  return Xoshiro::Scramble(name) % large_task_of == 0 ? 12 : 1;
}

coordinator::WorkerResources Conditions::ResourcesOf(std::uint32_t host,
                                                     std::uint32_t slots) const {
  if (host == 0) return {kNeedsMax.cpus, kNeedsMax.memory_bytes, kNeedsMax.gpus, kNeedsMax.labels};
  const std::uint64_t draw = Xoshiro::Scramble(host);
  coordinator::WorkerResources has{slots, draw % (2 * kNeedsMax.memory_bytes),
                                   static_cast<std::uint32_t>(draw / 64 % 3)};
  if (draw / 256 % 2 == 0) has.labels = kNeedsMax.labels;
  return has;
}

Conditions DrawConditions(const Options& options, Xoshiro& random) {
  if (options.load) return ConditionsOf(options, *options.load);
  Conditions conditions;
  conditions.workers = options.workers > 0 ? options.workers : 2 + random.Below(8);
  conditions.tasks = options.tasks > 0 ? options.tasks : 5 + random.Below(116);
  const bool small = conditions.is_small();
  const bool brisk = small && random.OneIn(4);  // tasks so short that workers are kept supplied
  if (brisk && options.tasks == 0) conditions.tasks *= 8;
  conditions.jobs = DrawJobs(conditions, random);
  conditions.faults = DrawFaults(options, small, random);
  if (small) {
    conditions.journal.compact_bytes_min = 1 << random.Between(11, 15);
    if (random.OneIn(3)) conditions.limits.running_jobs_max = 1 + random.Below(2);
    if (random.OneIn(2)) {
      conditions.limits.ended_jobs_max = 1 + random.Below(3);
      conditions.limits.ended_tasks_max = random.Below(64);
    }
  }

  // The work is to last about as long as the faults.
  const Microseconds work = small ? random.Between(5, 60) * kSecond : 60 * kSecond;
  const std::int64_t slots = std::int64_t{Conditions::kSlotsMean} * conditions.workers;
  conditions.task_time = brisk ? random.Between(kMillisecond / 2, 20 * kMillisecond)
                               : std::clamp<Microseconds>(work * slots / conditions.tasks,
                                                          2 * kMillisecond, 10 * kSecond);
  const Microseconds lasts = conditions.task_time * conditions.tasks / slots;
  conditions.message_time = random.Between(50, 3'000);
  conditions.sync_time = random.Between(200, 5'000);
  conditions.faults_until = std::max(lasts, 30 * kSecond);
  conditions.ends_by = 600 * kSecond + 40 * lasts + 100 * conditions.task_time;
  conditions.fault_period = random.Between(1, 12) * kSecond;
  if (brisk) {  // its jobs don't last, so the faults have to hurry
    conditions.faults_until = 10 * kSecond;
    conditions.fault_period /= 10;
  }
  conditions.task_failure_of = 20 + random.Below(200);
  conditions.large_task_of = 2 + random.Below(16);
  if (small && conditions.faults.contains(Fault::kTask))
    LetRecordsBeSkipped(&conditions.jobs, random);
  if (small && random.OneIn(3)) {
    conditions.has_needs = true;
    GiveNeeds(&conditions.jobs, random);
    // All of it may have to run on one host, a task at a time.
    conditions.ends_by += 8 * conditions.task_time * conditions.tasks;
  }
  if (small && random.OneIn(3)) AllowFailures(&conditions.jobs, random);
  if (small && conditions.faults.contains(Fault::kTask) && random.OneIn(3)) {
    LimitByMedian(&conditions.jobs, random);
  }
  // Slow hosts and runners that hang are beyond it, and tasks that are long by themselves now and
  // then.
  if (small && conditions.faults.contains(Fault::kTask) && random.OneIn(3)) {
    conditions.task_timeout_ms = std::max<DurationMs>(6 * conditions.task_time / kMillisecond, 500);
  }
  if (small && conditions.faults.contains(Fault::kClient)) HoldJobs(&conditions.jobs, random);
  return conditions;
}

}  // namespace gristmill::simulation

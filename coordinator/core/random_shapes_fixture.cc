#include "coordinator/core/random_shapes_fixture.h"

#include <set>

namespace gristmill::coordinator {

JobShape RandomShapes::AnyJob() {
  JobShape shape{"job", {}, 1 + Below(3), Below(2) == 0};
  const auto tasks = [&] { return Below(6) == 0 ? 0 : 1 + Below(kTasksMax); };
  shape.stages.push_back({tasks(), {}});
  const std::uint32_t more = Below(5);
  for (std::uint32_t i = 0; i < more; ++i) {
    const bool broadcast = Below(4) == 0;
    StageShape stage{tasks(), {{i, broadcast ? EdgeKind::kBroadcast : EdgeKind::kShuffle}}};
    if (i > 0 && Below(3) == 0) stage.inputs.push_back({i - 1, EdgeKind::kShuffle});
    // As rounds do: a result of any stage before, also of one whose runs are read, too.
    const std::uint32_t from = Below(i + 1);
    if (Below(3) == 0 && !(broadcast && from == i)) {
      stage.inputs.push_back({from, EdgeKind::kBroadcast});
    }
    shape.stages.push_back(stage);
  }
  LetTasksBeCut(&shape);
  if (Below(2) == 0) shape.skip_bad_records = 1 + Below(3);
  if (Below(5) == 0) AllowFailures(&shape);
  if (Below(4) == 0) shape.needs = AnyNeeds();
  if (Below(4) == 0) shape.timeout_percent = 100 + Below(300);
  if (Below(3) == 0) shape.hold_ms = 1 + Below(20'000);
  return shape;
}

WorkerResources RandomShapes::AnyWorker() {
  WorkerResources has{1 + Below(kSlotsMax), Below(2 * kMemoryMax), Below(kGpusMax + 1), {}};
  if (Below(3) == 0) has.labels = {"ssd"};
  return has;
}

void RandomShapes::AllowFailures(JobShape* shape) {
  if (Below(2) == 0) {
    shape->halt.failures = 2 + Below(4);
  } else {
    shape->halt.percent = 1 + Below(100);
  }
  for (StageShape& stage : shape->stages) stage.may_be_cut = false;
}

TaskNeeds RandomShapes::AnyNeeds() {
  TaskNeeds needs;
  if (Below(2) == 0) needs.cpus = 1 + Below(kSlotsMax);
  if (Below(3) == 0) needs.memory_bytes = 1 + Below(kMemoryMax);
  if (Below(3) == 0) needs.gpus = Below(kGpusMax + 1);
  if (Below(4) == 0) needs.labels = {"ssd"};
  return needs;
}

void RandomShapes::LetTasksBeCut(JobShape* shape) {
  std::set<std::uint32_t> shuffled, broadcast;
  for (const StageShape& stage : shape->stages) {
    for (const EdgeShape& edge : stage.inputs) {
      (edge.kind == EdgeKind::kShuffle ? shuffled : broadcast).insert(edge.from_stage);
    }
  }
  for (const std::uint32_t stage : shuffled) {
    shape->stages[stage].may_be_cut = !broadcast.contains(stage) && Below(3) != 0;
  }
}

}  // namespace gristmill::coordinator

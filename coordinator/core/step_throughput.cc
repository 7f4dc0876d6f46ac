// Measures events per second of Coordinator::Step and the memory of a large job. Not a test:
//   ninja step_throughput && coordinator/core/step_throughput [WORKERS] [TASKS]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <deque>

#include "coordinator/core/coordinator.h"

namespace {

using namespace gristmill;
using namespace gristmill::coordinator;

void Measure(std::uint32_t workers, std::uint32_t tasks) {
  Coordinator core{Limits{}};
  std::deque<StartAttempt> running;
  std::uint64_t events = 0;
  const auto step = [&](const Event& event) {
    ++events;
    Output output = core.Step(event, Instant{static_cast<std::int64_t>(events / 500)});
    for (const Action& action : output.actions) {
      if (const auto* start = std::get_if<StartAttempt>(&action)) running.push_back(*start);
    }
  };
  JobShape shape{"measured", {}, 4, true};
  shape.stages.push_back({tasks, {}});
  shape.stages.push_back({256, {{0, EdgeKind::kShuffle}}});
  const auto begin = std::chrono::steady_clock::now();
  step(SubmitJob{shape});
  for (std::uint32_t i = 0; i < workers; ++i) {
    step(WorkerRegistered{fmt::format("instance-{}", i), "worker", 16, "host:1", "/spill", {}});
  }
  while (!running.empty()) {
    const StartAttempt attempt = running.front();
    running.pop_front();
    step(AttemptSucceeded{
        attempt.worker, attempt.attempt, {{"records_in", 1'000}, {"records_out", 100}}, {}});
    if (events % 4 == 0) step(WorkerHeartbeat{attempt.worker, {}});
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{} workers x 16 slots, {} map tasks: {} events in {:.3f} s = {:.0f} events/s, "
      "peak {} MiB, job state {}\n",
      workers, tasks, events, took.count(), static_cast<double>(events) / took.count(),
      usage.ru_maxrss / 1024, static_cast<int>(core.job(JobId(1))->state));
}

}  // namespace

int main(int argc, char** argv) {
  Measure(argc > 1 ? static_cast<std::uint32_t>(std::atoi(argv[1])) : 64,
          argc > 2 ? static_cast<std::uint32_t>(std::atoi(argv[2])) : 100'000);
}

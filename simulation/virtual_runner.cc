// How the runners of a virtual worker begin and end: worker/runner/runner_processes.cc, on the
// virtual clock. What they do in between is in virtual_attempt.cc.
#include "simulation/virtual_runner.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "simulation/virtual_worker.h"

namespace gristmill::simulation {
namespace {

constexpr int kSigKill = 9;
constexpr int kSigSegv = 11;

std::uint64_t Pack(worker::RunnerId runner, worker::RunnerDied::How how, int code) {
  return runner.value() << 16 | static_cast<std::uint64_t>(how) << 8 |
         static_cast<std::uint64_t>(code);
}

}  // namespace

void VirtualRunner::SetSources(SourcesPtr told) {
  for (SourcesPtr& known : sources) {
    if (known->sources.stage != told->sources.stage) continue;
    known = std::move(told);
    return;
  }
  sources.push_back(std::move(told));
}

VirtualAttempt* VirtualRunner::Find(AttemptId attempt) {
  for (VirtualAttempt& candidate : running) {
    if (candidate.id == attempt) return &candidate;
  }
  for (VirtualAttempt& candidate : waiting) {
    if (candidate.id == attempt) return &candidate;
  }
  return nullptr;
}

SourcesPtr VirtualRunner::FindSources(std::uint32_t stage) const {
  for (const SourcesPtr& known : sources) {
    if (known->sources.stage == stage) return known;
  }
  return nullptr;
}

VirtualRunner* VirtualWorker::Find(worker::RunnerId id) {
  const auto same = [&](const VirtualRunner& runner) { return runner.id == id; };
  const auto found = std::find_if(runners_.begin(), runners_.end(), same);
  return found == runners_.end() ? nullptr : &*found;
}

VirtualRunner* VirtualWorker::AnyRunner() {
  if (runners_.empty()) return nullptr;
  return &runners_[world_->random.Below(static_cast<std::uint32_t>(runners_.size()))];
}

void VirtualWorker::Perform(const worker::StartRunner& output) {
  Xoshiro& random = world_->random;
  VirtualRunner& runner = runners_.emplace_back();
  runner.id = output.runner;
  runner.job = output.job;
  runner.alone = output.alone;
  if (world_->conditions.may(Fault::kRunner) && random.OneIn(32)) {
    if (random.OneIn(2)) return;  // it starts but never says hello
    PushMine(random.Between(1, 20) * kMillisecond, Happening::kRunnerDies,
             Pack(output.runner, worker::RunnerDied::How::kNotStarted, 0));
    return;
  }
  const std::optional<Load>& load = world_->conditions.load;
  const Microseconds starts =
      load ? std::llround(load->costs.runner_start_us) : random.Between(5, 200) * kMillisecond;
  PushMine(starts, Happening::kRunnerConnects, output.runner.value());
}

void VirtualWorker::Perform(const worker::GiveRunner& output) {
  VirtualRunner* runner = Find(output.runner);
  if (runner != nullptr) runner->job = output.job;
}

void VirtualWorker::OnRunnerConnects(worker::RunnerId runner) {
  VirtualRunner* found = Find(runner);
  if (found == nullptr) return;
  found->connected = true;
  Do(worker::RunnerConnected{runner});
}

void VirtualWorker::OnRunnerDies(std::uint64_t death) {
  const worker::RunnerId id(death >> 16);
  const auto how = static_cast<worker::RunnerDied::How>(death >> 8 & 0xff);
  const int code = static_cast<int>(death & 0xff);
  const VirtualRunner* runner = Find(id);
  if (runner == nullptr) return;
  std::vector<worker::AttemptInFlight> in_flight;
  if (!world_->random.OneIn(4)) {  // else its record is lost
    for (const VirtualAttempt& attempt : runner->running) {
      in_flight.emplace_back(attempt.id);
    }
    const auto running = static_cast<std::uint32_t>(in_flight.size());
    const bool caught = code == kSigSegv && running > 0 && world_->random.OneIn(2);
    if (caught) in_flight[world_->random.Below(running)].crashed = true;
  }
  std::erase_if(runners_, [&](const VirtualRunner& gone) { return gone.id == id; });
  Do(worker::RunnerDied{id, how, code, {}, std::move(in_flight)});
}

void VirtualWorker::OnRunnerDetaches(worker::RunnerId id) {
  VirtualRunner* runner = Find(id);
  if (runner == nullptr) return;
  runner->detached = true;
  Do(worker::RunnerDetached{id});
}

void VirtualWorker::Perform(const worker::StopRunner& output) {
  const VirtualRunner* runner = Find(output.runner);
  if (runner == nullptr || runner->hangs || runner->detached) return;
  PushMine(world_->random.Between(1, 100) * kMillisecond, Happening::kRunnerDies,
           Pack(output.runner, worker::RunnerDied::How::kExited, 0));
}

void VirtualWorker::Perform(const worker::KillRunner& output) {
  PushMine(world_->random.Between(1, 20) * kMillisecond, Happening::kRunnerDies,
           Pack(output.runner, worker::RunnerDied::How::kSignalled, kSigKill));
}

void VirtualWorker::CrashRunner() {
  const VirtualRunner* runner = AnyRunner();
  if (runner == nullptr) return;
  PushMine(0, Happening::kRunnerDies,
           Pack(runner->id, worker::RunnerDied::How::kSignalled, kSigSegv));
}

void VirtualWorker::HangRunner() {
  if (VirtualRunner* runner = AnyRunner()) runner->hangs = true;
}

// Its stream breaks; mostly it notices and exits.
void VirtualWorker::DetachRunner() {
  const VirtualRunner* runner = AnyRunner();
  if (runner == nullptr || !runner->connected || runner->detached) return;
  PushMine(0, Happening::kRunnerDetaches, runner->id.value());
  if (world_->random.OneIn(3)) return;
  PushMine(world_->random.Between(1, 100) * kMillisecond, Happening::kRunnerDies,
           Pack(runner->id, worker::RunnerDied::How::kExited, 0));
}

}  // namespace gristmill::simulation

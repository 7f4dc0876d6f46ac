#include "simulation/simulation.h"

#include <fmt/format.h>

#include <vector>

#include "simulation/clients.h"
#include "simulation/fault_injector.h"
#include "simulation/virtual_coordinator.h"
#include "simulation/virtual_worker.h"
#include "simulation/world.h"

namespace gristmill::simulation {
namespace {

// After the last job: what is late in telling and deleting comes in this time. Longer than a broken
// session stays unnoticed.
constexpr Microseconds kSettles = 75 * kSecond;
constexpr Microseconds kSettlesLarge = 15 * kSecond;

class Simulation {
 public:
  explicit Simulation(const Options& options)
      : world_(options),
        coordinator_(&world_),
        clients_(&world_, &coordinator_),
        faults_(&world_, &coordinator_, &workers_) {
    workers_.reserve(world_.conditions.workers);
    for (std::uint32_t i = 0; i < world_.conditions.workers; ++i) workers_.emplace_back(&world_, i);
  }

  Summary Run() {
    coordinator_.Start();
    for (std::uint32_t i = 0; i < workers_.size(); ++i) {
      world_.heap.Push(world_.random.Between(0, kSecond), Happening::kWorkerStarts, i);
    }
    clients_.Start();
    faults_.Start();
    world_.heap.Push(world_.conditions.faults_until, Happening::kCalm);
    while (world_.checker.violation().empty() && !Ended()) Dispatch(world_.heap.Pop());
    if (world_.checker.violation().empty()) CheckEnd();
    return Summarize();
  }

 private:
  // A host that stands still does nothing until it goes on.
  bool Defer(const Event& event, bool paused, Microseconds until) {
    if (paused) world_.heap.PutOff(event, until);
    return paused;
  }

  void Dispatch(const Event& event) {
    switch (event.what()) {
      case Happening::kMessageToCoordinator:
        if (world_.conditions.load && event.generation == 0) return ReadFirst(event);
        if (UpMessage message;
            world_.network.TakeUp(event.detail, &message) && ReachesCoordinator(event.target)) {
          coordinator_.OnMessage(event.target, std::move(message));
        }
        return;
      case Happening::kSessionBreaks:
        return world_.network.Break(event.target, false);
      case Happening::kCoordinatorSeesEnd:
        if (ReachesCoordinator(event.target)) coordinator_.OnSessionEnd(event.target);
        return;
      case Happening::kWorkerSeesBreak:
        return DispatchBreak(event);
      case Happening::kTurnBegins:
      case Happening::kTurnSynced:
      case Happening::kCoordinatorTimer:
      case Happening::kOutputCommitted:
        return DispatchToCoordinator(event);
      case Happening::kCoordinatorStarts:
        if (!coordinator_.alive()) coordinator_.Start();
        return;
      case Happening::kClientSubmits:
        return clients_.OnSubmit(event.target);
      case Happening::kClientHearsReply:
        return clients_.OnReply(event.target, JobId(event.detail));
      case Happening::kClientCancels:
        return clients_.OnCancel(event.target);
      case Happening::kClientSuspends:
        return clients_.OnSuspend(JobId(event.detail));
      case Happening::kClientLooks:
        return clients_.OnLook(event.target, JobId(event.detail));
      case Happening::kFault:
        return faults_.OnFault(static_cast<Fault>(event.detail));
      case Happening::kHeal:
        return faults_.OnHeal(event.target);
      case Happening::kCalm:
        return BeginCalm();
      case Happening::kWorkerStarts:
        if (!workers_[event.target].alive()) workers_[event.target].Start();
        return;
      default:
        return DispatchToWorker(event);
    }
  }

  // It comes again, as the first generation, when the coordinator has read it.
  void ReadFirst(Event message) {
    message.generation = 1;
    world_.heap.PutOff(message, coordinator_.ReadsUntil());
  }

  bool ReachesCoordinator(SessionId session) {
    return coordinator_.alive() &&
           world_.network.at(session).coordinator == coordinator_.generation();
  }

  void DispatchToCoordinator(const Event& event) {
    if (event.generation != coordinator_.generation() || !coordinator_.alive()) return;
    if (Defer(event, coordinator_.IsPaused(event.at), coordinator_.paused_until())) return;
    switch (event.what()) {
      case Happening::kTurnBegins:
        return coordinator_.OnTurnBegins();
      case Happening::kTurnSynced:
        return coordinator_.OnTurnSynced();
      case Happening::kOutputCommitted:
        return coordinator_.OnOutputCommitted(JobId(event.detail), event.target == 0);
      default:
        return coordinator_.OnTimer();
    }
  }

  void DispatchBreak(const Event& event) {
    const Session& session = world_.network.at(event.target);
    VirtualWorker& worker = workers_[session.process];
    if (!worker.alive() || worker.incarnation() != session.incarnation) return;
    if (Defer(event, worker.IsPaused(event.at), worker.paused_until())) return;
    worker.OnBroken(event.target);
  }

  void DispatchToWorker(const Event& event) {
    VirtualWorker& worker = workers_[event.target];
    const bool void_event = !worker.alive() || worker.incarnation() != event.generation;
    if (!void_event && Defer(event, worker.IsPaused(event.at), worker.paused_until())) return;
    if (event.what() == Happening::kMessageToWorker) {
      DownMessage message;
      if (world_.network.TakeDown(event.detail, &message) && !void_event) {
        worker.OnMessage(std::move(message));
      }
      return;
    }
    if (void_event) return;
    switch (event.what()) {
      case Happening::kWorkerDials:
        return worker.OnDial();
      case Happening::kWorkerTimer:
        return worker.OnTimer();
      case Happening::kRunnerConnects:
        return worker.OnRunnerConnects(worker::RunnerId(event.detail));
      case Happening::kRunnerDetaches:
        return worker.OnRunnerDetaches(worker::RunnerId(event.detail));
      case Happening::kRunnerDies:
        return worker.OnRunnerDies(event.detail);
      case Happening::kRunnerReports:
        return worker.OnRunnerReports(worker::RunnerId(event.detail));
      case Happening::kAttemptIsCut:
        return worker.OnAttemptIsCut(AttemptId(event.detail));
      default:
        return worker.OnAttemptEnds(AttemptId(event.detail));
    }
  }

  void BeginCalm() {
    if (world_.conditions.calm) return;
    faults_.Calm();
  }

  bool JobsEnded() const {
    return coordinator_.alive() && coordinator_.idle() && clients_.satisfied();
  }

  // Everything is done and has settled, or there was time enough.
  bool Ended() {
    const Microseconds now = world_.heap.now();
    if (!JobsEnded()) {
      ended_at_ = 0;
      if (!world_.conditions.calm || now < world_.conditions.calm_since + world_.conditions.ends_by)
        return false;
      world_.checker.Fail(DescribeHang());
      return true;
    }
    if (!world_.conditions.calm) BeginCalm();
    if (ended_at_ == 0) ended_at_ = now;
    const Microseconds settles = world_.conditions.is_small() ? kSettles : kSettlesLarge;
    return now >= ended_at_ + settles && !coordinator_.in_turn();
  }

  std::string DescribeHang() const {
    const auto seconds = world_.conditions.ends_by / kSecond;
    if (!coordinator_.alive()) return "the coordinator did not start again";
    for (const JobId id : coordinator_.core().jobs()) {
      if (world_.checker.IsFinal(id)) continue;
      const auto job = *coordinator_.core().job(id);
      std::string stages;
      for (const coordinator::StageView& stage : job.stages) {
        stages += fmt::format(" {} of {} tasks done and {} running;", stage.succeeded, stage.tasks,
                              stage.running);
      }
      return fmt::format("job {} did not end within {} s of calm (state {};{} {} workers)",
                         id.value(), seconds, static_cast<int>(job.state), stages,
                         coordinator_.core().workers().size());
    }
    return fmt::format("a client got no answer within {} s of calm", seconds);
  }

  void CheckEnd() {
    Checker& checker = world_.checker;
    checker.CheckJobs(coordinator_.core());
    checker.CheckWorkers(coordinator_.core());
    coordinator_.log().CheckAgainst(coordinator_.core());
    for (std::uint32_t index = 0; index < workers_.size(); ++index) {
      const VirtualWorker& worker = workers_[index];
      if (!worker.alive()) continue;
      if (worker.has_unacknowledged()) {
        checker.Fail(fmt::format("host {} has a report that nobody acknowledges", index));
      }
      if (!worker.is_idle()) {
        checker.Fail(fmt::format("host {} keeps a runner though every job ended", index));
      }
      for (const JobId job : world_.data.JobsOn(index)) {
        checker.Fail(fmt::format("host {} keeps files of job {}, which ended", index, job.value()));
      }
    }
  }

  Summary Summarize() const {
    const Checker::Totals& totals = world_.checker.totals();
    Summary summary;
    summary.violation = world_.checker.violation();
    summary.workers = world_.conditions.workers;
    summary.tasks = world_.conditions.tasks;
    summary.jobs = static_cast<std::uint32_t>(world_.conditions.jobs.size());
    summary.events = world_.heap.popped();
    summary.digest = world_.heap.digest();
    summary.virtual_time = world_.heap.now();
    summary.attempts = world_.data.attempts();
    summary.copies = totals.copies;
    summary.cuts = totals.cuts;
    summary.skips = totals.skips;
    summary.wide = totals.wide;
    summary.left_out = totals.left_out;
    summary.suspended = totals.suspended;
    summary.resumed = totals.resumed;
    summary.tasks_succeeded = totals.succeeded;
    summary.outputs_lost = totals.outputs_lost;
    summary.workers_lost = totals.workers_lost;
    summary.coordinator_crashes = coordinator_.crashes();
    summary.faults = faults_.injected();
    summary.job_time = coordinator_.work().time;
    summary.coordinator_decided = coordinator_.work().decided;
    summary.coordinator_read = coordinator_.work().read;
    return summary;
  }

  World world_;
  VirtualCoordinator coordinator_;
  std::vector<VirtualWorker> workers_;
  Clients clients_;
  FaultInjector faults_;
  Microseconds ended_at_ = 0;  // 0: not all jobs have ended
};

}  // namespace

Summary Simulate(const Options& options) { return Simulation(options).Run(); }

std::string FlagsOf(const Options& options) {
  std::string flags = fmt::format("--seed {}", options.seed);
  if (options.workers > 0) flags += fmt::format(" --workers {}", options.workers);
  if (options.tasks > 0) flags += fmt::format(" --tasks {}", options.tasks);
  return flags + " --faults " + FormatFaults(options.faults);
}

}  // namespace gristmill::simulation

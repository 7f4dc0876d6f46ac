#include "chaos/injector.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace gristmill::chaos {
namespace {

absl::Status EndedByItself(const std::string& who, cluster::ChildProcess& process) {
  return Internal("{} ended, and nobody had killed it; its last words were:{}", who,
                  process.LastWords());
}

}  // namespace

Injector::Injector(cluster::LocalCluster* cluster, Network* network, StrikePlan plan, Instant begin)
    : cluster_(cluster), network_(network), plan_(std::move(plan)), begin_(begin) {
  Plan(begin);
}

void Injector::Plan(Instant after) {
  strike_ = plan_.Next();
  next_strike_ = after + strike_.after_ms;
}

Instant Injector::next() const {
  if (injuries_.empty()) return next_strike_;
  return std::min(next_strike_, injuries_.begin()->first);
}

absl::Status Injector::Act(Instant now) {
  while (!injuries_.empty() && injuries_.begin()->first <= now) {
    const auto healed = injuries_.extract(injuries_.begin());
    GM_RETURN_IF_ERROR(Mend(healed.mapped()));
  }
  GM_RETURN_IF_ERROR(CheckProcesses());
  if (next_strike_ > now) return absl::OkStatus();
  Strike strike = strike_;
  Plan(now);
  Injury injury;
  injury.kind = strike.kind;
  GM_ASSIGN_OR_RETURN(const bool struck, Carry(strike, &injury));
  if (!struck) return absl::OkStatus();
  injury.worker = strike.worker;
  ++counts_[static_cast<std::size_t>(strike.kind)];
  deeds_.push_back({now - begin_, Describe(strike)});
  injuries_.emplace(now + strike.lasts_ms, std::move(injury));
  return absl::OkStatus();
}

absl::Status Injector::MendAll() {
  Rest();
  while (!injuries_.empty()) {
    const auto healed = injuries_.extract(injuries_.begin());
    GM_RETURN_IF_ERROR(Mend(healed.mapped()));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Injector::Carry(Strike& strike, Injury* injury) {
  switch (strike.kind) {
    case StrikeKind::kKillWorker:
      return KillWorker(strike);
    case StrikeKind::kStopWorker:
    case StrikeKind::kStopHost:
      return StopWorker(strike, injury);
    case StrikeKind::kKillRunner:
    case StrikeKind::kStopRunner:
      return StrikeRunner(strike, injury);
    case StrikeKind::kKillCoordinator:
      if (cluster_->coordinator() == nullptr) return false;
      cluster_->KillCoordinator();
      return true;
    case StrikeKind::kStopCoordinator:
      return StopCoordinator(injury);
    case StrikeKind::kCutFromCoordinator:
    case StrikeKind::kCutFromWorker:
    case StrikeKind::kCutHost:
      GM_RETURN_IF_ERROR(Cut(strike, injury));
      return true;
  }
  return false;
}

bool Injector::KillWorker(Strike& strike) {
  if (!FindWorker(strike)) return false;
  cluster_->KillWorker(strike.worker);
  return true;
}

bool Injector::StopWorker(Strike& strike, Injury* injury) {
  if (!FindWorker(strike)) return false;
  const cluster::ChildProcess& worker = *cluster_->worker(strike.worker);
  if (IsStopped(worker)) return false;
  injury->pid = worker.pid();
  kill(injury->pid, SIGSTOP);
  if (strike.kind == StrikeKind::kStopWorker) return true;
  injury->runners = RunnersOf(injury->pid);
  for (const RunnerHandle& runner : injury->runners) runner.Signal(SIGSTOP);
  return true;
}

// The next worker's that has one, for there is none between two jobs and after a kill.
bool Injector::StrikeRunner(Strike& strike, Injury* injury) {
  for (std::uint32_t i = 0; i < cluster_->workers(); ++i) {
    const std::uint32_t index = (strike.worker + i) % cluster_->workers();
    if (cluster_->worker(index) == nullptr) continue;
    std::vector<RunnerHandle> runners = RunnersOf(cluster_->worker(index)->pid());
    if (runners.empty()) continue;
    const bool kills = strike.kind == StrikeKind::kKillRunner;
    if (!runners.front().Signal(kills ? SIGKILL : SIGSTOP)) continue;
    strike.worker = index;
    if (!kills) injury->runners.push_back(std::move(runners.front()));
    return true;
  }
  return false;
}

bool Injector::StopCoordinator(Injury* injury) {
  const cluster::ChildProcess* coordinator = cluster_->coordinator();
  if (coordinator == nullptr || IsStopped(*coordinator)) return false;
  injury->pid = coordinator->pid();
  kill(injury->pid, SIGSTOP);
  return true;
}

absl::Status Injector::Cut(const Strike& strike, Injury* injury) {
  constexpr std::uint32_t kCoordinator = 0;
  const std::uint32_t host = strike.worker + 1;
  std::vector<std::uint32_t> others;
  if (strike.kind == StrikeKind::kCutFromCoordinator) others = {kCoordinator};
  if (strike.kind == StrikeKind::kCutFromWorker) others = {strike.other + 1};
  if (strike.kind == StrikeKind::kCutHost) {
    for (std::uint32_t other = 0; other <= cluster_->workers(); ++other) {
      if (other != host) others.push_back(other);
    }
  }
  for (const std::uint32_t other : others) {
    injury->links.emplace(host, other);
    if (!strike.one_way) injury->links.emplace(other, host);
  }
  cut_.insert(injury->links.begin(), injury->links.end());
  return network_->Drop(cut_);
}

absl::Status Injector::Mend(const Injury& injury) {
  for (const RunnerHandle& runner : injury.runners) runner.Signal(SIGCONT);
  switch (injury.kind) {
    case StrikeKind::kKillRunner:
    case StrikeKind::kStopRunner:
      return absl::OkStatus();
    case StrikeKind::kKillWorker:
      return cluster_->StartWorker(injury.worker);
    case StrikeKind::kKillCoordinator:
      return cluster_->StartCoordinator();
    case StrikeKind::kStopWorker:
    case StrikeKind::kStopHost: {
      // Another process is in its place if it was killed since.
      const cluster::ChildProcess* worker = cluster_->worker(injury.worker);
      if (worker != nullptr && worker->pid() == injury.pid) kill(injury.pid, SIGCONT);
      return absl::OkStatus();
    }
    case StrikeKind::kStopCoordinator: {
      const cluster::ChildProcess* coordinator = cluster_->coordinator();
      if (coordinator != nullptr && coordinator->pid() == injury.pid) kill(injury.pid, SIGCONT);
      return absl::OkStatus();
    }
    case StrikeKind::kCutFromCoordinator:
    case StrikeKind::kCutFromWorker:
    case StrikeKind::kCutHost:
      for (const auto& link : injury.links) cut_.erase(cut_.find(link));
      return network_->Drop(cut_);
  }
  return absl::OkStatus();
}

absl::Status Injector::CheckProcesses() {
  if (cluster::ChildProcess* coordinator = cluster_->coordinator();
      coordinator != nullptr && coordinator->HasEnded()) {
    // While it was down, a worker that dialled its port may have been given just that for its own
    // end of the connection.
    if (coordinator->LastWords().find(" in use") == std::string::npos) {
      return EndedByItself("the coordinator", *coordinator);
    }
    GM_RETURN_IF_ERROR(cluster_->StartCoordinator());
  }
  for (std::uint32_t i = 0; i < cluster_->workers(); ++i) {
    cluster::ChildProcess* worker = cluster_->worker(i);
    if (worker == nullptr || !worker->HasEnded()) continue;
    return EndedByItself(fmt::format("worker {}", i + 1), *worker);
  }
  return absl::OkStatus();
}

bool Injector::IsStopped(const cluster::ChildProcess& process) const {
  return std::any_of(injuries_.begin(), injuries_.end(),
                     [&](const auto& at) { return at.second.pid == process.pid(); });
}

// The drawn one, else the next that is up.
bool Injector::FindWorker(Strike& strike) const {
  for (std::uint32_t i = 0; i < cluster_->workers(); ++i) {
    const std::uint32_t index = (strike.worker + i) % cluster_->workers();
    if (cluster_->worker(index) == nullptr) continue;
    strike.worker = index;
    return true;
  }
  return false;
}

}  // namespace gristmill::chaos

#include "chaos/strikes.h"

#include <fmt/format.h>

#include <algorithm>

namespace gristmill::chaos {
namespace {

constexpr FaultSet::Names kNames = {"kill", "stop", "cut", "coordinator"};

std::string Seconds(DurationMs ms) {
  return fmt::format("{:.2f} s", static_cast<double>(ms) / 1000);
}

std::string DescribeCut(const Strike& strike, const std::string& from) {
  const std::uint32_t worker = strike.worker + 1;
  if (!strike.one_way) {
    return fmt::format("worker {} cut off from {} for {}", worker, from, Seconds(strike.lasts_ms));
  }
  return fmt::format("what worker {} sends to {} lost for {}", worker, from,
                     Seconds(strike.lasts_ms));
}

}  // namespace

absl::StatusOr<FaultSet> ParseFaults(std::string_view text) {
  return FaultSet::Parse(text, "fault", "--faults", kNames);
}

std::string FormatFaults(const FaultSet& faults) { return faults.Format(kNames); }

StrikePlan::StrikePlan(std::uint64_t seed, const FaultSet& faults, const StrikeLimits& limits)
    : random_(seed), limits_(limits) {
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (faults.contains(static_cast<Fault>(i))) faults_.push_back(static_cast<Fault>(i));
  }
}

Strike StrikePlan::Next() {
  Strike strike;
  // The first one comes sooner, for a job may be short.
  strike.after_ms = random_.Between(0, first_ ? limits_.every_ms : 2 * limits_.every_ms);
  first_ = false;
  strike.kind = DrawKind();
  strike.worker = random_.Below(limits_.workers);
  const std::uint32_t others = std::max(limits_.workers - 1, 1u);
  strike.other = (strike.worker + 1 + random_.Below(others)) % limits_.workers;
  strike.one_way = random_.OneIn(3);
  strike.lasts_ms = DrawLength(strike.kind);
  return strike;
}

StrikeKind StrikePlan::DrawKind() {
  const Fault fault = faults_[random_.Below(static_cast<std::uint32_t>(faults_.size()))];
  const std::uint32_t third = random_.Below(3);
  switch (fault) {
    case Fault::kKill:
      return third == 0 ? StrikeKind::kKillRunner : StrikeKind::kKillWorker;
    case Fault::kStop:
      if (third == 0) return StrikeKind::kStopRunner;
      return third == 1 ? StrikeKind::kStopWorker : StrikeKind::kStopHost;
    case Fault::kCut:
      if (third == 0) return StrikeKind::kCutHost;
      // Of one worker there is no other to cut it off from.
      return third == 1 && limits_.workers > 1 ? StrikeKind::kCutFromWorker
                                               : StrikeKind::kCutFromCoordinator;
    case Fault::kCoordinator:
      return third == 0 ? StrikeKind::kStopCoordinator : StrikeKind::kKillCoordinator;
  }
  return StrikeKind::kKillWorker;
}

DurationMs StrikePlan::DrawLength(StrikeKind kind) {
  const DurationMs lease_ms = limits_.lease_ms;
  switch (kind) {
    case StrikeKind::kKillRunner:
      return 0;  // its worker starts another one
    case StrikeKind::kKillWorker:
    case StrikeKind::kKillCoordinator:
      return random_.Between(0, lease_ms * 3 / 2);
    default:
      // Half of them end before anybody is given up, half long after.
      return random_.OneIn(2) ? random_.Between(lease_ms / 20, lease_ms * 4 / 5)
                              : random_.Between(lease_ms * 6 / 5, lease_ms * 3);
  }
}

std::string Describe(const Strike& strike) {
  const std::uint32_t worker = strike.worker + 1;
  const std::string lasts = Seconds(strike.lasts_ms);
  switch (strike.kind) {
    case StrikeKind::kKillWorker:
      return fmt::format("worker {} killed, back after {}", worker, lasts);
    case StrikeKind::kKillRunner:
      return fmt::format("runner of worker {} killed", worker);
    case StrikeKind::kStopWorker:
      return fmt::format("worker {} stopped for {}", worker, lasts);
    case StrikeKind::kStopHost:
      return fmt::format("worker {} and its runner stopped for {}", worker, lasts);
    case StrikeKind::kStopRunner:
      return fmt::format("runner of worker {} stopped for {}", worker, lasts);
    case StrikeKind::kCutFromCoordinator:
      return DescribeCut(strike, "the coordinator");
    case StrikeKind::kCutFromWorker:
      return DescribeCut(strike, fmt::format("worker {}", strike.other + 1));
    case StrikeKind::kCutHost:
      return DescribeCut(strike, "everybody");
    case StrikeKind::kKillCoordinator:
      return fmt::format("coordinator killed, back after {}", lasts);
    case StrikeKind::kStopCoordinator:
      return fmt::format("coordinator stopped for {}", lasts);
  }
  return "";
}

}  // namespace gristmill::chaos

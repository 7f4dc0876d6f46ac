// Which faults strike whom and when: drawn from a seed, without a clock or a process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/instant.h"
#include "base/named_set.h"
#include "base/xoshiro.h"

namespace gristmill::chaos {

// What --faults names.
enum class Fault : std::uint8_t { kKill, kStop, kCut, kCoordinator };
inline constexpr std::size_t kFaultCount = 4;

using FaultSet = NamedSet<Fault, kFaultCount>;

// "all" or names separated by commas. An unknown name is InvalidArgument.
absl::StatusOr<FaultSet> ParseFaults(std::string_view text);
std::string FormatFaults(const FaultSet& faults);

enum class StrikeKind : std::uint8_t {
  kKillWorker,
  kKillRunner,
  kStopWorker,  // its runner goes on
  kStopHost,    // a worker and its runner
  kStopRunner,
  kCutFromCoordinator,  // a worker
  kCutFromWorker,       // a worker from another one
  kCutHost,             // a worker from everybody
  kKillCoordinator,
  kStopCoordinator,
};
inline constexpr std::size_t kStrikeKindCount = 10;

struct Strike {
  StrikeKind kind = StrikeKind::kKillWorker;
  std::uint32_t worker = 0, other = 0;  // counted from zero; different if there are two or more
  // Cuts only: what `worker` sends is dropped, what it is sent arrives.
  bool one_way = false;
  DurationMs after_ms = 0;  // since the strike before, or since the round's beginning
  DurationMs lasts_ms = 0;  // until it is mended: started again, continued, connected
};

struct StrikeLimits {
  std::uint32_t workers = 1;  // at least 1
  DurationMs lease_ms = 1'000;
  DurationMs every_ms = 500;  // mean time between two strikes; at least 1
};

// The same arguments give the same strikes.
class StrikePlan {
 public:
  // `faults` is not empty.
  StrikePlan(std::uint64_t seed, const FaultSet& faults, const StrikeLimits& limits);
  Strike Next();

 private:
  StrikeKind DrawKind();
  DurationMs DrawLength(StrikeKind kind);

  Xoshiro random_;
  const StrikeLimits limits_;
  std::vector<Fault> faults_;
  bool first_ = true;
};

// "worker 2 cut off from worker 3 for 1.2 s".
std::string Describe(const Strike& strike);

}  // namespace gristmill::chaos

// What rounds of chaos tell, as text and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.h"
#include "chaos/round.h"

namespace gristmill::chaos {

struct Report {
  std::string job;
  std::uint32_t workers = 0;
  std::uint32_t slots = 0;  // of each worker
  FaultSet faults;
  DurationMs calm_ms = 0;  // the job on the cluster without faults
  std::vector<Round> rounds;
};

// "round 3, seed 3: identical after 4.2 s, 71 attempts for 68 tasks" and, indented, what was done.
// `number` counts from one.
std::string RenderRound(std::uint64_t number, const Round& round, std::size_t columns);
// Rounds, faults, attempts beyond the minimum by their reasons, and times. At least one round.
std::string RenderSummary(const Report& report);
std::string RenderJson(const Report& report);

}  // namespace gristmill::chaos

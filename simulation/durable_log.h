// The coordinator's journal as its disk has it: the real codec and the real journal, in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "coordinator/journal/journal.h"
#include "simulation/checker.h"
#include "simulation/conditions.h"

namespace gristmill::simulation {

class DurableLog {
 public:
  // In small clusters every record is folded into a second core as soon as it is written.
  DurableLog(Checker* checker, coordinator::Limits limits, const Conditions& conditions);

  // One batch of decisions, as the coordinator hands it to the disk.
  void Append(const std::vector<coordinator::Record>& records);
  // Puts a snapshot of the live state, of which nothing is unwritten, in the place of a long
  // history.
  void CompactIfWorth(const coordinator::Coordinator& live);
  // A core that folded every record there is.
  std::unique_ptr<coordinator::Coordinator> Refold();
  // The refolded journal equals the live state, of which nothing is unwritten.
  void CheckAgainst(const coordinator::Coordinator& live);

  std::uint64_t compactions() const { return compactions_; }

 private:
  Checker* const checker_;
  const coordinator::Limits limits_;
  std::unique_ptr<coordinator::Journal> journal_;
  std::unique_ptr<coordinator::Coordinator> shadow_;
  std::vector<v1::JournalRecord> batch_;
  std::uint64_t compactions_ = 0;
};

}  // namespace gristmill::simulation

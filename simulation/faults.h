// What may go wrong in a run, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/named_set.h"

namespace gristmill::simulation {

enum class Fault : std::uint8_t {
  kDelay,      // messages take up to seconds
  kDuplicate,  // reports arrive twice
  kBreak,      // sessions break; what is under way is lost; one end may notice late
  kPartition,  // nothing passes between a worker and the coordinator, in one direction or both
  kSlow,       // workers compute up to ten times slower
  kPause,      // a worker's host stands still for a while
  kDeath,      // a worker's host dies; a new instance may come up there
  kDrain,      // an operator drains a worker; a new instance comes up there
  kRunner,     // runners crash, do not start, hang or lose their worker
  kTask,       // user code fails
  kDisk,       // a worker's disk is full for a while: attempts fail there
  kOutput,     // finished map output disappears or is found corrupt
  kUnserved,   // a worker answers heartbeats, but nobody can fetch from it
  kCrash,      // the coordinator dies, with or without the batch it was writing
  kJournal,    // the journal's disk is full: the coordinator ends and is started again
  kStall,      // the coordinator stands still or its disk takes seconds
  kClock,      // clocks jump forward
  kCommit,     // output can't be put into place
  kClient,     // clients cancel, suspend, submit again and vanish; jobs are held for some
};
inline constexpr std::size_t kFaultCount = 19;

using FaultSet = NamedSet<Fault, kFaultCount>;

// "all", "none" or names separated by commas. An unknown name is InvalidArgument.
absl::StatusOr<FaultSet> ParseFaults(std::string_view text);
std::string FormatFaults(const FaultSet& faults);
std::string_view NameOf(Fault fault);

}  // namespace gristmill::simulation

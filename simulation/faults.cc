#include "simulation/faults.h"

namespace gristmill::simulation {
namespace {

constexpr FaultSet::Names kNames = {"delay", "duplicate", "break",    "partition", "slow",
                                    "pause", "death",     "drain",    "runner",    "task",
                                    "disk",  "output",    "unserved", "crash",     "journal",
                                    "stall", "clock",     "commit",   "client"};

}  // namespace

std::string_view NameOf(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

absl::StatusOr<FaultSet> ParseFaults(std::string_view text) {
  if (text == "none") return FaultSet::None();
  return FaultSet::Parse(text, "fault", "--faults", kNames);
}

std::string FormatFaults(const FaultSet& faults) {
  if (faults == FaultSet::All()) return "all";
  return faults.empty() ? "none" : faults.Format(kNames);
}

}  // namespace gristmill::simulation

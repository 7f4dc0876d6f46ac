#include "simulation/faults.h"

#include <algorithm>
#include <array>

#include "base/status.h"

namespace gristmill::simulation {
namespace {

constexpr std::array<std::string_view, kFaultCount> kNames = {
    "delay",   "duplicate", "break", "partition", "slow",   "pause",    "death",
    "drain",   "runner",    "task",  "disk",      "output", "unserved", "crash",
    "journal", "stall",     "clock", "commit",    "client"};

}  // namespace

FaultSet FaultSet::All() {
  FaultSet all;
  all.bits_.set();
  return all;
}

std::string_view NameOf(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

absl::StatusOr<FaultSet> ParseFaults(std::string_view text) {
  if (text == "all") return FaultSet::All();
  if (text == "none") return FaultSet::None();
  FaultSet faults;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
      return InvalidArgument("there is no fault '{}'; choose from all, none, {}", name,
                             fmt::join(kNames, ", "));
    }
    faults.Insert(static_cast<Fault>(found - kNames.begin()));
    if (comma == std::string_view::npos) return faults;
    text.remove_prefix(comma + 1);
  }
}

std::string FormatFaults(const FaultSet& faults) {
  if (faults == FaultSet::All()) return "all";
  std::string text;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (!faults.contains(static_cast<Fault>(i))) continue;
    if (!text.empty()) text += ",";
    text += kNames[i];
  }
  return text.empty() ? "none" : text;
}

}  // namespace gristmill::simulation

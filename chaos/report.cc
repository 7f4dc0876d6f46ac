#include "chaos/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/status.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/table.h"
#include "gristmill/v1/report.pb.h"

namespace gristmill::chaos {
namespace {

constexpr std::array<std::string_view, kStrikeKindCount> kCounted = {
    "worker killed",
    "runner killed",
    "worker stopped",
    "worker stopped with its runner",
    "runner stopped",
    "worker cut off from the coordinator",
    "worker cut off from another",
    "worker cut off from everybody",
    "coordinator killed",
    "coordinator stopped",
};
constexpr std::string_view kIndent = "    ";

double Seconds(DurationMs ms) { return static_cast<double>(ms) / 1000; }

StrikeCounts CountsOf(const Report& report) {
  StrikeCounts counts{};
  for (const Round& round : report.rounds) {
    for (std::size_t i = 0; i < kStrikeKindCount; ++i) counts[i] += round.counts[i];
  }
  return counts;
}

Attempts AttemptsOf(const Report& report) {
  Attempts attempts;
  for (const Round& round : report.rounds) attempts.Add(round.attempts);
  return attempts;
}

std::uint64_t IdenticalIn(const Report& report) {
  return static_cast<std::uint64_t>(
      std::count_if(report.rounds.begin(), report.rounds.end(),
                    [](const Round& round) { return round.broken.ok(); }));
}

std::string RenderTimes(const Report& report) {
  std::vector<DurationMs> times;
  for (const Round& round : report.rounds) times.push_back(round.took_ms);
  std::sort(times.begin(), times.end());
  return fmt::format(
      "{:.1f} s without faults; with them {:.1f} to {:.1f} s, {:.1f} s at the median",
      Seconds(report.calm_ms), Seconds(times.front()), Seconds(times.back()),
      Seconds(times[times.size() / 2]));
}

v1::ChaosAttempts Describe(const Attempts& attempts) {
  v1::ChaosAttempts described;
  described.set_tasks(attempts.tasks);
  described.set_started(attempts.started);
  described.set_outputs_lost(attempts.outputs_lost);
  described.set_interrupted(attempts.interrupted());
  described.set_copies(attempts.copies);
  described.set_failed(attempts.failed);
  return described;
}

v1::ChaosRound Describe(const Round& round) {
  v1::ChaosRound described;
  described.set_seed(round.seed);
  described.set_seconds(Seconds(round.took_ms));
  described.set_broken(Message(round.broken));
  *described.mutable_attempts() = Describe(round.attempts);
  for (const Deed& deed : round.deeds) {
    v1::ChaosFault& fault = *described.add_faults();
    fault.set_at_seconds(Seconds(deed.at_ms));
    fault.set_what(deed.what);
  }
  return described;
}

}  // namespace

std::string RenderRound(std::uint64_t number, const Round& round, std::size_t columns) {
  std::string text = fmt::format("round {}, seed {}: ", number, round.seed);
  if (round.broken.ok()) {
    text += fmt::format("identical after {:.1f} s, {} for {}", Seconds(round.took_ms),
                        CountOf(round.attempts.started, "attempt"),
                        CountOf(round.attempts.tasks, "task"));
  } else {
    text += fmt::format("broken after {:.1f} s", Seconds(round.took_ms));
  }
  text += "\n";
  std::string line;
  for (const Deed& deed : round.deeds) {
    const std::string told = fmt::format("{:.2f} {}", Seconds(deed.at_ms), deed.what);
    if (!line.empty() && kIndent.size() + line.size() + 2 + told.size() > columns) {
      text += fmt::format("{}{};\n", kIndent, line);
      line.clear();
    }
    line += (line.empty() ? "" : "; ") + told;
  }
  if (!line.empty()) text += fmt::format("{}{}\n", kIndent, line);
  return text;
}

std::string RenderSummary(const Report& report) {
  const std::uint64_t identical = IdenticalIn(report);
  const Attempts all = AttemptsOf(report);
  const StrikeCounts counts = CountsOf(report);
  std::uint64_t faults = 0;
  for (const std::uint64_t count : counts) faults += count;
  std::string text = fmt::format(
      "rounds      {}, of which {} had an output identical to that of the sequential run\n",
      GroupDigits(report.rounds.size()), GroupDigits(identical));
  text += fmt::format("job         {}\n", RenderTimes(report));
  text += fmt::format("faults      {}\n", GroupDigits(faults));
  for (std::size_t i = 0; i < kStrikeKindCount; ++i) {
    if (counts[i] == 0) continue;
    text += fmt::format("{:>9} × {}\n", GroupDigits(counts[i]), kCounted[i]);
  }
  text += fmt::format("attempts    {} for {}: {} beyond the minimum{}\n", GroupDigits(all.started),
                      CountOf(all.tasks, "task"), GroupDigits(all.beyond()),
                      all.beyond() == 0 ? "" : ", because");
  const auto explain = [&text](std::uint64_t count, std::string_view why) {
    if (count > 0) text += fmt::format("{:>9} × {}\n", GroupDigits(count), why);
  };
  explain(all.outputs_lost, "a finished output went with its worker and was made again");
  explain(
      all.interrupted(),
      "an attempt was interrupted: its worker was lost or gave it back, or it missed lost output");
  explain(all.copies, "a slow task was tried a second time meanwhile");
  explain(all.failed, "an attempt failed with a runner that was killed");
  return text;
}

std::string RenderJson(const Report& report) {
  v1::ChaosReport described;
  described.set_job(report.job);
  described.set_workers(report.workers);
  described.set_slots(report.slots);
  described.set_faults(FormatFaults(report.faults));
  described.set_calm_seconds(Seconds(report.calm_ms));
  for (const Round& round : report.rounds) *described.add_rounds() = Describe(round);
  const StrikeCounts counts = CountsOf(report);
  for (std::size_t i = 0; i < kStrikeKindCount; ++i) {
    v1::ChaosFaultCount& count = *described.add_fault_counts();
    count.set_what(std::string(kCounted[i]));
    count.set_count(counts[i]);
  }
  *described.mutable_attempts() = Describe(AttemptsOf(report));
  described.set_rounds_identical(IdenticalIn(report));
  return cli::ToJson(described);
}

}  // namespace gristmill::chaos

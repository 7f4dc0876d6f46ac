#include "cli/simulate_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/units.h"
#include "cli/exit_code.h"
#include "simulation/seed_file.h"
#include "simulation/simulation.h"

namespace gristmill::cli {
namespace {

using Clock = std::chrono::steady_clock;

// What the handler of SIGABRT writes: a failed assertion of a core ends the process.
struct LastWords {
  std::string sentence;
  std::string line;
  const char* file = nullptr;
};
LastWords last_words;

// Only what a signal handler may do; false if the file can't be written.
bool Append(const char* path, const std::string& line) {
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) return false;
  const bool written = write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  return close(file) == 0 && written;
}

void OnAbort(int) {
  const std::string& sentence = last_words.sentence;
  [[maybe_unused]] const auto told = write(STDERR_FILENO, sentence.data(), sentence.size());
  Append(last_words.file, last_words.line);
}

struct Totals {
  std::uint64_t runs = 0, failed = 0;
  std::uint64_t events = 0, faults = 0, attempts = 0, copies = 0, cuts = 0, skips = 0, wide = 0,
                left_out = 0, suspended = 0, resumed = 0, succeeded = 0, outputs_lost = 0;
  std::uint64_t workers_lost = 0, crashes = 0;
  simulation::Microseconds virtual_time = 0;

  void Add(const simulation::Summary& run) {
    ++runs;
    failed += !run.violation.empty();
    events += run.events;
    faults += run.faults;
    attempts += run.attempts;
    copies += run.copies;
    cuts += run.cuts;
    skips += run.skips;
    wide += run.wide;
    left_out += run.left_out;
    suspended += run.suspended;
    resumed += run.resumed;
    succeeded += run.tasks_succeeded;
    outputs_lost += run.outputs_lost;
    workers_lost += run.workers_lost;
    crashes += run.coordinator_crashes;
    virtual_time += run.virtual_time;
  }
};

std::string DescribeFailure(const simulation::Options& options, std::string_view violation) {
  return fmt::format("gristmill: {}; reproduce it with: gristmill simulate {}\n", violation,
                     simulation::FlagsOf(options));
}

void PrintSummary(const Totals& totals, const simulation::Summary& last, double seconds) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  if (totals.runs == 1) {
    fmt::print("cluster        {} workers, {} jobs, {} tasks planned\n", last.workers, last.jobs,
               last.tasks);
  }
  fmt::print("seeds          {}, of which {} broke a promise\n", totals.runs, totals.failed);
  fmt::print("events         {} in {:.1f} s: {:.0f} events/s\n", totals.events, seconds,
             static_cast<double>(totals.events) / std::max(seconds, 1e-9));
  fmt::print("virtual time   {}\n", FormatDuration(totals.virtual_time / simulation::kMillisecond));
  fmt::print("faults         {}; {} workers lost, {} coordinator crashes\n", totals.faults,
             totals.workers_lost, totals.crashes);
  fmt::print(
      "attempts       {}, of which {} succeeded, {} were copies and {} took more than a slot; {} "
      "tasks cut, {} left out, {} outputs lost, {} records skipped\n",
      totals.attempts, totals.succeeded, totals.copies, totals.wide, totals.cuts, totals.left_out,
      totals.outputs_lost, totals.skips);
  fmt::print("jobs           suspended {} times and resumed {} times\n", totals.suspended,
             totals.resumed);
  fmt::print("memory         {} at most\n",
             FormatBytes(static_cast<std::uint64_t>(usage.ru_maxrss) << 10));
  if (totals.runs == 1) fmt::print("digest         {:016x}\n", last.digest);
}

absl::Status Run(const SimulateFlags& flags, bool* held) {
  simulation::Options options = flags.options;
  GM_ASSIGN_OR_RETURN(options.faults, simulation::ParseFaults(flags.faults));
  Clock::duration limit = Clock::duration::max();
  if (!flags.for_at_most.empty()) {
    GM_ASSIGN_OR_RETURN(const DurationMs ms, ParseDuration(flags.for_at_most));
    limit = std::chrono::milliseconds(ms);
  }
  if (flags.history) {
    options.tell = [](simulation::Microseconds at, const std::string& line) {
      fmt::print("{:>12.6f} {}\n", static_cast<double>(at) / simulation::kSecond, line);
    };
  }
  signal(SIGABRT, OnAbort);
  Totals totals;
  simulation::Summary last;
  const Clock::time_point begin = Clock::now();
  for (std::uint64_t i = 0; i < flags.seeds && Clock::now() - begin < limit; ++i) {
    options.seed = flags.options.seed + i;
    constexpr std::string_view kAssertion = "an assertion of a core failed";
    last_words = {DescribeFailure(options, kAssertion), simulation::SeedLine(options, kAssertion),
                  flags.failures.c_str()};
    last = simulation::Simulate(options);
    totals.Add(last);
    if (last.violation.empty()) continue;
    fmt::print(stderr, "{}", DescribeFailure(options, last.violation));
    if (!Append(flags.failures.c_str(), simulation::SeedLine(options, last.violation))) {
      return ErrnoStatus(errno, fmt::format("can't write the seed to '{}'", flags.failures));
    }
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  PrintSummary(totals, last, took.count());
  signal(SIGABRT, SIG_DFL);
  *held = totals.failed == 0;
  return absl::OkStatus();
}

}  // namespace

int RunSimulate(const SimulateFlags& flags) {
  bool held = false;
  const absl::Status status = Run(flags, &held);
  if (!status.ok()) return Fail(status);
  return held ? kDone : kJobFailed;
}

}  // namespace gristmill::cli

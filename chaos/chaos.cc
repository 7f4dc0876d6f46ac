#include "chaos/chaos.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/status.h"
#include "base/units.h"
#include "chaos/report.h"
#include "chaos/round.h"
#include "cli/embedded_run.h"
#include "cli/exit_code.h"
#include "cli/many_splits.h"
#include "cli/placed_files.h"
#include "cli/signals.h"
#include "cli/status_line.h"
#include "cli/temp_directory.h"
#include "gristmill/registry.h"
#include "stream/child_groups.h"

namespace gristmill::chaos {
namespace {

// Faults strike a round for so many leases at most; then it has so long to end.
constexpr DurationMs kStormLeases = 10;
constexpr DurationMs kPatienceMs = 120'000;
// A runner that is killed counts as a failure of its tasks; here that is nobody's fault.
constexpr std::uint32_t kAttemptsMax = 1'000;

class Chaos {
 public:
  Chaos(const ChaosOptions& options, std::string directory, cluster::ChildSet* children)
      : options_(options),
        directory_(std::move(directory)),
        children_(children),
        request_(options.request),
        display_(options.json ? stderr : stdout) {}

  // Ok although a round broke: that is in the report.
  absl::Status Run();
  const Report& report() const { return report_; }
  cli::StatusLine& display() { return display_; }

 private:
  absl::Status Plan();
  absl::Status RunSequentially();
  absl::Status StartCluster();
  absl::Status RunCalm(RoundRunner& runner);
  RoundOptions OptionsOf(std::uint64_t index, const FaultSet& faults) const;
  std::string files_directory() const { return directory_ + "/files"; }
  std::string expected_output() const { return directory_ + "/sequential"; }

  const ChaosOptions& options_;
  const std::string directory_;
  cluster::ChildSet* const children_;
  v1::JobRequest request_;
  const JobInfo* job_ = nullptr;  // of a shared object
  FaultSet faults_;
  cli::StatusLine display_;
  std::unique_ptr<Network> network_;  // null if nothing is cut
  std::unique_ptr<cluster::LocalCluster> cluster_;
  Report report_;
};

absl::Status Chaos::Run() {
  GM_RETURN_IF_ERROR(Plan());
  GM_RETURN_IF_ERROR(RunSequentially());
  GM_RETURN_IF_ERROR(StartCluster());
  Client client(cluster_->address());
  RoundRunner runner(cluster_.get(), network_.get(), &client, children_);
  GM_RETURN_IF_ERROR(runner.Prepare());
  GM_RETURN_IF_ERROR(RunCalm(runner));
  for (std::uint64_t i = 1; i <= options_.rounds; ++i) {
    const RoundOptions round = OptionsOf(i, faults_);
    display_.Begin(fmt::format("round {} of {}", i, options_.rounds));
    report_.rounds.push_back(
        runner.Run(round, [this](const v1::JobStatus& status, std::size_t faults) {
          display_.Show(status, ", " + CountOf(faults, "fault"));
        }));
    display_.End(RenderRound(i, report_.rounds.back(), display_.columns()));
    if (!report_.rounds.back().broken.ok()) return absl::OkStatus();
    std::error_code ignored;
    std::filesystem::remove_all(round.request.output(), ignored);
  }
  return absl::OkStatus();
}

absl::Status Chaos::Plan() {
  GM_ASSIGN_OR_RETURN(job_,
                      cli::PlaceFiles(request_, options_.files, directory_, files_directory()));
  if (job_ != nullptr) request_.set_job(job_->name);
  const JobInfo* job = job_ != nullptr ? job_ : FindJob(request_.job());
  if (job != nullptr && !job->writes_output) {
    return InvalidArgument("job '{}' writes no output that could be compared; choose another one",
                           request_.job());
  }
  GM_ASSIGN_OR_RETURN(faults_, ParseFaults(options_.faults));
  if (faults_.contains(Fault::kCut)) {
    auto network = Network::Make(options_.workers + 1, children_);
    if (network.ok()) {
      network_ = *std::move(network);
    } else {
      faults_.Erase(Fault::kCut);
      if (faults_.empty()) {
        return FailedPrecondition("the network can't be cut: {}", Message(network.status()));
      }
      fmt::print(stderr, "gristmill: the network is not cut: {}\n", Message(network.status()));
    }
  }
  if (request_.max_attempts() == 0) request_.set_max_attempts(kAttemptsMax);
  GM_RETURN_IF_ERROR(cli::AskForManySplits(&request_));
  report_.job = request_.job();
  report_.workers = options_.workers;
  report_.slots = options_.slots;
  report_.faults = faults_;
  return absl::OkStatus();
}

absl::Status Chaos::RunSequentially() {
  const std::string spill = directory_ + "/spill";
  std::error_code error;
  std::filesystem::create_directory(spill, error);
  if (error) return PermissionDenied("can't make {}: {}", spill, error.message());
  v1::JobRequest request = request_;
  request.set_output(expected_output());
  cli::EmbeddedOptions options;
  options.spill_directory = spill;
  options.directory = files_directory();
  options.job = job_;
  display_.Begin("in one process");
  options.on_progress = [this](const v1::JobStatus& status) { display_.Show(status); };
  GM_ASSIGN_OR_RETURN(const cli::EmbeddedOutcome outcome, cli::RunEmbedded(request, options));
  if (outcome.status.state() != v1::JOB_STATE_SUCCEEDED) {
    return Internal("the job fails without any fault: {}", outcome.status.message());
  }
  return absl::OkStatus();
}

absl::Status Chaos::StartCluster() {
  cluster::LocalClusterOptions options;
  options.directory = directory_ + "/cluster";
  options.workers = options_.workers;
  options.slots = options_.slots;
  options.keep_logs = true;
  options.coordinator_flags = {"--lease", fmt::format("{}ms", options_.lease_ms), "--heartbeat",
                               fmt::format("{}ms", options_.lease_ms / 10)};
  if (network_ != nullptr) {
    options.worker_flags = {"--shuffle", "remote"};
    options.coordinator_place = network_->place(0);
    for (std::uint32_t i = 1; i <= options_.workers; ++i) {
      options.worker_places.push_back(network_->place(i));
    }
  }
  GM_ASSIGN_OR_RETURN(cluster_, cluster::LocalCluster::Start(std::move(options), children_));
  return absl::OkStatus();
}

// Tells what is under the faults, and that without them all is well.
absl::Status Chaos::RunCalm(RoundRunner& runner) {
  const RoundOptions options = OptionsOf(0, FaultSet());
  display_.Begin("on the cluster without faults");
  const Round calm = runner.Run(options, [this](const v1::JobStatus& status, std::size_t faults) {
    display_.Show(status, ", " + CountOf(faults, "fault"));
  });
  if (!calm.broken.ok()) return Internal("without any fault {}", Message(calm.broken));
  report_.calm_ms = calm.took_ms;
  std::error_code ignored;
  std::filesystem::remove_all(options.request.output(), ignored);
  display_.End(fmt::format(
      "{}: {} on {} with {} each, lost after {} of silence\nfaults: {}, one in {} on average; "
      "without any the job takes {}\n",
      request_.job(), CountOf(calm.attempts.tasks, "task"), CountOf(options_.workers, "worker"),
      CountOf(options_.slots, "slot"), FormatDuration(options_.lease_ms), FormatFaults(faults_),
      FormatDuration(options_.every_ms), FormatDuration(calm.took_ms)));
  return absl::OkStatus();
}

RoundOptions Chaos::OptionsOf(std::uint64_t index, const FaultSet& faults) const {
  RoundOptions round;
  round.name = fmt::format("round {}", index);
  round.seed = options_.seed + index - 1;
  round.faults = faults;
  round.limits = {options_.workers, options_.lease_ms, options_.every_ms};
  round.request = request_;
  round.files = options_.files;
  round.request.set_output(fmt::format("{}/round-{}", directory_, index));
  round.expected_output = expected_output();
  round.storm_ms = kStormLeases * options_.lease_ms;
  round.patience_ms = kPatienceMs;
  return round;
}

// Prints the summary; returns the exit code.
int Conclude(const Report& report, const ChaosOptions& options, const cli::TempDirectory& files) {
  if (options.json) {
    std::fputs(RenderJson(report).c_str(), stdout);
  } else {
    std::fputs(RenderSummary(report).c_str(), stdout);
  }
  std::fflush(stdout);
  const Round& last = report.rounds.back();
  if (last.broken.ok()) return cli::kDone;
  fmt::print(stderr,
             "gristmill: round {}: {}; output, journal and logs are kept in {}; repeat it with: {} "
             "--rounds 1 --seed {}\n",
             report.rounds.size(), Message(last.broken), files.path(), options.repeat, last.seed);
  return cli::kJobFailed;
}

}  // namespace

int RunChaos(const ChaosOptions& options) {
  absl::StatusOr<cli::TempDirectory> files = cli::TempDirectory::Make(options.directory);
  if (!files.ok()) return cli::Fail(files.status());
  cluster::ChildSet children;
  Report report;
  {
    const cli::SignalWatcher signals([&](int, int) {
      children.KillAll();
      stream::ChildGroups::OfThisProcess().KillAll();
      files->Remove();
      _exit(cli::kInterrupted);
    });
    Chaos chaos(options, files->path(), &children);
    const absl::Status status = chaos.Run();
    if (!status.ok()) {
      children.KillAll();
      if (!absl::IsInternal(status)) return cli::Fail(status);
      files->Keep();
      return cli::Fail(
          Internal("{}; journal and logs are kept in {}", Message(status), files->path()));
    }
    report = chaos.report();
    if (!report.rounds.back().broken.ok()) files->Keep();
  }
  return Conclude(report, options, *files);
}

}  // namespace gristmill::chaos

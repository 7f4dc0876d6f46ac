#include "verify/verify.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/units.h"
#include "cli/embedded_run.h"
#include "cli/exit_code.h"
#include "cli/many_splits.h"
#include "cli/placed_files.h"
#include "cli/progress_display.h"
#include "cli/signals.h"
#include "cli/status_line.h"
#include "cli/temp_directory.h"
#include "client/client.h"
#include "cluster/local_cluster.h"
#include "coordinator/admission.h"
#include "gristmill/registry.h"
#include "storage/output_difference.h"
#include "stream/child_groups.h"

namespace gristmill::verify {
namespace {

using OnProgress = std::function<void(const v1::JobStatus&)>;

constexpr DurationMs kPatienceMs = 60'000;

// One way to run the job.
struct Way {
  std::string name;    // "on 4 threads"
  std::string reason;  // what may be wrong with the job if its output is another one
  std::function<absl::Status(const v1::JobRequest&, const OnProgress&)> run;
};

absl::Status OutcomeOf(const v1::JobStatus& status) {
  if (status.state() == v1::JOB_STATE_SUCCEEDED) return absl::OkStatus();
  return Internal("{}", status.message());
}

absl::Status RunOn(const std::string& address, const v1::JobRequest& request,
                   const std::vector<LocalFile>& files, const OnProgress& on_progress) {
  Client client(address);
  GM_ASSIGN_OR_RETURN(const std::uint64_t job, client.Submit(request, kPatienceMs, files));
  GM_ASSIGN_OR_RETURN(const v1::JobStatus status, client.Watch(job, [&](const auto& now) {
    on_progress(now);
    return true;
  }));
  return OutcomeOf(status);
}

class Verification {
 public:
  Verification(const VerifyOptions& options, const cli::TempDirectory& files,
               cluster::ChildSet* children)
      : options_(options), files_(files), children_(children), request_(options.request) {}

  absl::Status Run();

 private:
  absl::Status Plan();
  absl::Status Try(std::size_t index);
  absl::Status RunEmbedded(const v1::JobRequest& request, std::uint32_t threads,
                           const OnProgress& on_progress) const;
  absl::Status RunOnProcesses(const v1::JobRequest& request, const OnProgress& on_progress) const;
  absl::Status Differs(const Way& way, const OutputDifference& difference) const;
  std::string files_directory() const { return files_.path() + "/files"; }
  std::string OutputOf(std::size_t index) const {
    return fmt::format("{}/output-{}", files_.path(), index + 1);
  }

  const VerifyOptions& options_;
  const cli::TempDirectory& files_;
  cluster::ChildSet* const children_;
  v1::JobRequest request_;
  const JobInfo* job_ = nullptr;  // of a shared object
  std::vector<Way> ways_;         // the first is what the others are compared with
  cli::StatusLine display_{stdout};
};

absl::Status Verification::Run() {
  GM_RETURN_IF_ERROR(Plan());
  for (std::size_t i = 0; i < ways_.size(); ++i) GM_RETURN_IF_ERROR(Try(i));
  std::uint64_t count = 0, bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(OutputOf(0), ignored)) {
    if (!entry.is_regular_file(ignored) || entry.path().filename() == "_SUCCESS") continue;
    ++count;
    bytes += entry.file_size(ignored);
  }
  fmt::print("{}: the same output each time, {} of together {}\n", request_.job(),
             CountOf(count, "file"), FormatBytes(bytes));
  return absl::OkStatus();
}

absl::Status Verification::Plan() {
  GM_ASSIGN_OR_RETURN(job_,
                      cli::PlaceFiles(request_, options_.files, files_.path(), files_directory()));
  if (job_ != nullptr) request_.set_job(job_->name);
  const JobInfo* job = job_ != nullptr ? job_ : FindJob(request_.job());
  if (job != nullptr && !job->writes_output) {
    return InvalidArgument("job '{}' writes no output that could be compared; choose another one",
                           request_.job());
  }
  GM_RETURN_IF_ERROR(cli::AskForManySplits(&request_));

  const auto embedded = [this](std::uint32_t threads, std::uint64_t memory_bytes) {
    return [this, threads, memory_bytes](v1::JobRequest request, const OnProgress& on_progress) {
      if (memory_bytes > 0) request.set_memory_bytes(memory_bytes);
      return RunEmbedded(request, threads, on_progress);
    };
  };
  ways_.push_back({"on one thread", "", embedded(1, 0)});
  ways_.push_back({"on one thread again",
                   "its code depends on something besides its input, such as the time, unseeded "
                   "random numbers, addresses or the order of a hash table",
                   embedded(1, 0)});
  ways_.push_back({fmt::format("on {}", CountOf(options_.threads, "thread")),
                   "its tasks disturb one another, perhaps by static or global variables",
                   embedded(options_.threads, 0)});
  ways_.push_back({fmt::format("with {} of memory", FormatBytes(coordinator::kMemoryBytesMin)),
                   "how its values are grouped before they are all combined must not matter: "
                   "Combine has to be associative, which sums of floating-point numbers are not",
                   embedded(1, coordinator::kMemoryBytesMin)});
  ways_.push_back({fmt::format("on {}", CountOf(options_.workers, "worker")),
                   "its code keeps something from one task to the next, or reads something that "
                   "differs between processes, such as environment variables or addresses",
                   [this](const v1::JobRequest& request, const OnProgress& on_progress) {
                     return RunOnProcesses(request, on_progress);
                   }});
  if (options_.coordinator) {
    GM_ASSIGN_OR_RETURN(const std::string address, CoordinatorAddress(*options_.coordinator));
    ways_.push_back({fmt::format("on the cluster of {}", address),
                     "its code depends on something that differs between hosts, such as files, "
                     "libraries or the locale",
                     [this, address](const v1::JobRequest& request, const OnProgress& on_progress) {
                       return RunOn(address, request, options_.files, on_progress);
                     }});
  }
  return absl::OkStatus();
}

absl::Status Verification::Try(std::size_t index) {
  const Way& way = ways_[index];
  v1::JobRequest request = request_;
  request.set_output(OutputOf(index));
  const Instant begin = cli::MonotonicNow();
  display_.Begin(way.name);
  const absl::Status status =
      way.run(request, [this](const v1::JobStatus& now) { display_.Show(now); });
  const std::string took = FormatDuration(cli::MonotonicNow() - begin);
  if (!status.ok()) {
    display_.End(fmt::format("{:<32} fails after {}\n", way.name, took));
    return index == 0 || !absl::IsInternal(status)
               ? status
               : Internal("{} job '{}' fails, though not on one thread: {}", way.name,
                          request_.job(), Message(status));
  }
  GM_ASSIGN_OR_RETURN(const std::optional<OutputDifference> difference,
                      FindDifference(OutputOf(0), OutputOf(index)));
  display_.End(fmt::format("{:<32} {:<14} {}\n", way.name,
                           index == 0   ? "compared with"
                           : difference ? "DIFFERENT"
                                        : "identical",
                           took));
  if (difference) return Differs(way, *difference);
  if (index > 0) {
    std::error_code ignored;
    std::filesystem::remove_all(OutputOf(index), ignored);
  }
  return absl::OkStatus();
}

absl::Status Verification::Differs(const Way& way, const OutputDifference& difference) const {
  std::string text = fmt::format("{} the output of job '{}' is another one: {}", way.name,
                                 request_.job(), DescribeDifference(difference, "one thread"));
  if (difference.kind == OutputDifference::Kind::kBytes) {
    text += fmt::format(", line {}\n  on one thread: {}\n  {}: {}", difference.line,
                        difference.expected_text, way.name, difference.actual_text);
  }
  return absl::DataLossError(fmt::format("{}\n{}", text, way.reason));
}

absl::Status Verification::RunEmbedded(const v1::JobRequest& request, std::uint32_t threads,
                                       const OnProgress& on_progress) const {
  const std::string spill = files_.path() + "/spill";
  std::error_code error;
  std::filesystem::create_directory(spill, error);
  if (error) return PermissionDenied("can't make {}: {}", spill, error.message());
  cli::EmbeddedOptions options;
  options.threads = threads;
  options.spill_directory = spill;
  options.directory = files_directory();
  options.job = job_;
  options.on_progress = on_progress;
  options.on_stuck = [this](const v1::JobStatus& status) {
    stream::ChildGroups::OfThisProcess().KillAll();
    files_.Remove();
    _exit(cli::Fail(OutcomeOf(status)));
  };
  GM_ASSIGN_OR_RETURN(const cli::EmbeddedOutcome outcome, cli::RunEmbedded(request, options));
  return OutcomeOf(outcome.status);
}

absl::Status Verification::RunOnProcesses(const v1::JobRequest& request,
                                          const OnProgress& on_progress) const {
  cluster::LocalClusterOptions options;
  options.directory = files_.path() + "/cluster";
  options.workers = options_.workers;
  options.keep_logs = true;
  GM_ASSIGN_OR_RETURN(const auto cluster, cluster::LocalCluster::Start(options, children_));
  return RunOn(cluster->address(), request, options_.files, on_progress);
}

}  // namespace

int RunVerify(const VerifyOptions& options) {
  absl::StatusOr<cli::TempDirectory> files = cli::TempDirectory::Make(options.directory);
  if (!files.ok()) return cli::Fail(files.status());
  cluster::ChildSet children;
  const cli::SignalWatcher signals([&](int, int) {
    children.KillAll();
    stream::ChildGroups::OfThisProcess().KillAll();
    files->Remove();
    _exit(cli::kInterrupted);
  });
  const absl::Status status = Verification(options, *files, &children).Run();
  if (status.ok()) return cli::kDone;
  if (!absl::IsDataLoss(status) && !absl::IsInternal(status)) return cli::Fail(status);
  files->Keep();
  cli::Fail(status);
  fmt::print(stderr, "outputs and logs are kept in {}\n", files->path());
  return cli::kJobFailed;
}

}  // namespace gristmill::verify

#include "bench/scaling.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "bench/output_files.h"
#include "bench/python_baseline.h"
#include "bench/report.h"
#include "bench/svg_chart.h"
#include "bench/workload.h"
#include "cli/embedded_run.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "cli/temp_directory.h"
#include "client/client.h"
#include "cluster/child_process.h"
#include "cluster/local_cluster.h"
#include "worker/worker.h"

namespace gristmill::bench {
namespace {

constexpr std::uint32_t kTasksMin = 64;
constexpr std::uint32_t kTasksPerWorker = 8;
constexpr std::uint32_t kEveryNumberUpTo = 4;  // beyond that, doublings
constexpr std::size_t kColumns = 80;

// One way to do the work: runs it once and returns the seconds it took.
using Run = std::function<absl::StatusOr<double>()>;

template <class Work>
double SecondsOf(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// 1, 2, 3, 4, 8, 16, … and `max` itself.
std::vector<std::uint32_t> WorkerCounts(std::uint32_t max) {
  std::vector<std::uint32_t> counts;
  for (std::uint32_t n = 1; n < max; n = n < kEveryNumberUpTo ? n + 1 : 2 * n) counts.push_back(n);
  counts.push_back(max);
  return counts;
}

class Scaling {
 public:
  explicit Scaling(const ScalingOptions& options, std::string directory)
      : options_(options), directory_(std::move(directory)) {}

  absl::Status Measure();
  const Report& report() const { return report_; }
  cluster::ChildSet* children() { return &children_; }

 private:
  absl::Status Prepare();
  absl::Status PreparePython();
  absl::Status AddCluster(SeriesKind series, std::uint32_t processes, std::uint32_t threads);
  void AddPython(SeriesKind series, PythonMode mode, std::uint32_t workers);
  void Add(Measurement measurement, Run run);
  double RunPlain();
  absl::StatusOr<double> RunThreads(std::uint32_t threads) const;
  absl::StatusOr<double> RunCluster(Client& client, const std::string& output) const;
  absl::Status CheckAnswer(const std::string& output) const;

  const ScalingOptions& options_;
  const std::string directory_;
  cluster::ChildSet children_;
  Report report_;
  std::uint64_t answer_ = 0;
  std::string python_;
  std::string script_;
  std::vector<std::unique_ptr<cluster::LocalCluster>> clusters_;
  std::vector<Run> runs_;  // parallel to report_.measurements
};

absl::Status Scaling::Measure() {
  GM_RETURN_IF_ERROR(Prepare());
  const std::uint32_t repetitions =
      options_.repetitions > 0 ? options_.repetitions : (options_.quick ? 3 : 5);
  for (std::uint32_t i = 0; i < repetitions; ++i) {
    fmt::print(stderr, "repetition {} of {}\n", i + 1, repetitions);
    for (std::size_t kind = 0; kind < runs_.size(); ++kind) {
      GM_ASSIGN_OR_RETURN(const double seconds, runs_[kind]());
      report_.measurements[kind].seconds.push_back(seconds);
    }
  }
  return absl::OkStatus();
}

absl::Status Scaling::Prepare() {
  report_.cpus = worker::AvailableCpus();
  const std::uint32_t max = options_.workers_max > 0 ? options_.workers_max : report_.cpus;
  report_.work = CalibrateWorkload(options_.job, options_.quick ? 0.5 : 2.0);
  report_.work.tasks = std::max(kTasksMin, kTasksPerWorker * max);
  answer_ = RunPlainLoop(report_.work);
  fmt::print(stderr, "counting {} in {} tasks\n", DescribeWorkload(report_.work),
             report_.work.tasks);

  Add({.series = SeriesKind::kPlain, .processes = 1, .threads = 1, .seconds = {}},
      [this] { return RunPlain(); });
  for (const std::uint32_t n : WorkerCounts(max)) {
    Add({.series = SeriesKind::kThreads, .processes = 1, .threads = n, .seconds = {}},
        [this, n] { return RunThreads(n); });
  }
  for (const std::uint32_t n : WorkerCounts(max)) {
    GM_RETURN_IF_ERROR(AddCluster(SeriesKind::kProcesses, n, 1));
  }
  if (max > 1) GM_RETURN_IF_ERROR(AddCluster(SeriesKind::kPools, 1, max));
  if (max > 3) GM_RETURN_IF_ERROR(AddCluster(SeriesKind::kPools, 2, max / 2));
  python_ = FindPython();
  if (python_.empty()) return absl::OkStatus();
  GM_RETURN_IF_ERROR(PreparePython());
  AddPython(SeriesKind::kPythonPlain, PythonMode::kPlain, 1);
  for (const std::uint32_t n : WorkerCounts(max)) {
    AddPython(SeriesKind::kPythonThreads, PythonMode::kThreads, n);
  }
  for (const std::uint32_t n : WorkerCounts(max)) {
    AddPython(SeriesKind::kPythonProcesses, PythonMode::kProcesses, n);
  }
  return absl::OkStatus();
}

// Python takes a share of the work that its plain loop needs about half a second for.
absl::Status Scaling::PreparePython() {
  script_ = directory_ + "/work.py";
  GM_RETURN_IF_ERROR(WritePythonScript(script_));
  Workload trial = report_.work;
  trial.size = 50'000;
  GM_ASSIGN_OR_RETURN(const PythonRun run,
                      RunPython(python_, script_, PythonMode::kPlain, 1, trial, &children_));
  report_.python_work = report_.work;
  const double size = static_cast<double>(trial.size) * (options_.quick ? 0.2 : 0.5) / run.seconds;
  report_.python_work.size = static_cast<std::int64_t>(size) / 10'000 * 10'000 + 10'000;
  return absl::OkStatus();
}

void Scaling::Add(Measurement measurement, Run run) {
  report_.measurements.push_back(std::move(measurement));
  runs_.push_back(std::move(run));
}

absl::Status Scaling::AddCluster(SeriesKind series, std::uint32_t processes,
                                 std::uint32_t threads) {
  const std::string directory = fmt::format("{}/cluster-{}", directory_, clusters_.size());
  const std::vector<std::string> flags = {"--log-level", "warn"};
  GM_ASSIGN_OR_RETURN(auto started, cluster::LocalCluster::Start({.directory = directory,
                                                                  .workers = processes,
                                                                  .slots = threads,
                                                                  .coordinator_flags = flags,
                                                                  .worker_flags = flags},
                                                                 &children_));
  auto client = std::make_shared<Client>(started->address());
  clusters_.push_back(std::move(started));
  Add({.series = series, .processes = processes, .threads = threads, .seconds = {}},
      [this, client, output = directory + "/output"] { return RunCluster(*client, output); });
  return absl::OkStatus();
}

void Scaling::AddPython(SeriesKind series, PythonMode mode, std::uint32_t workers) {
  const bool processes = mode == PythonMode::kProcesses;
  Add({.series = series,
       .processes = processes ? workers : 1,
       .threads = processes ? 1 : workers,
       .seconds = {}},
      [this, mode, workers]() -> absl::StatusOr<double> {
        const absl::StatusOr<PythonRun> run =
            RunPython(python_, script_, mode, workers, report_.python_work, &children_);
        GM_RETURN_IF_ERROR(run.status());
        if (run->answer != RunPlainLoop(report_.python_work)) {
          return Internal("Python computed another answer, {}", run->answer);
        }
        return run->seconds;
      });
}

double Scaling::RunPlain() {
  const double cpu_before_s = ThreadCpuSeconds();
  const double seconds = SecondsOf([this] { answer_ = RunPlainLoop(report_.work); });
  report_.plain_cpu_seconds.push_back(ThreadCpuSeconds() - cpu_before_s);
  return seconds;
}

absl::StatusOr<double> Scaling::RunThreads(std::uint32_t threads) const {
  const std::string output = directory_ + "/output";
  cli::EmbeddedOptions options;
  options.threads = threads;
  options.spill_directory = directory_;
  absl::StatusOr<cli::EmbeddedOutcome> outcome;
  const double seconds =
      SecondsOf([&] { outcome = cli::RunEmbedded(RequestOf(report_.work, output), options); });
  GM_RETURN_IF_ERROR(outcome.status());
  if (outcome->status.state() != v1::JOB_STATE_SUCCEEDED) {
    return Internal("the job failed: {}", outcome->status.message());
  }
  GM_RETURN_IF_ERROR(CheckAnswer(output));
  return seconds;
}

absl::StatusOr<double> Scaling::RunCluster(Client& client, const std::string& output) const {
  absl::StatusOr<v1::JobStatus> status;
  const double seconds = SecondsOf([&] {
    const absl::StatusOr<std::uint64_t> job = client.Submit(RequestOf(report_.work, output));
    if (!job.ok()) {
      status = job.status();
      return;
    }
    status = client.Watch(*job, [](const v1::JobStatus&) { return true; });
  });
  GM_RETURN_IF_ERROR(status.status());
  if (status->state() != v1::JOB_STATE_SUCCEEDED) {
    return Internal("the job failed on the cluster: {}", status->message());
  }
  GM_RETURN_IF_ERROR(CheckAnswer(output));
  return seconds;
}

absl::Status Scaling::CheckAnswer(const std::string& output) const {
  GM_ASSIGN_OR_RETURN(const std::uint64_t answer, ReadAnswer(report_.work, output));
  if (answer == answer_) return absl::OkStatus();
  return Internal("the job found {} where the plain loop found {}", answer, answer_);
}

}  // namespace

absl::Status RunScaling(const ScalingOptions& options) {
  GM_RETURN_IF_ERROR(MakeOutputDirectory(options.output));
  GM_ASSIGN_OR_RETURN(const cli::TempDirectory directory, cli::TempDirectory::Make(""));
  Scaling scaling(options, directory.path());
  {
    const cli::SignalWatcher signals([&](int, int) {
      scaling.children()->KillAll();
      directory.Remove();
      _exit(cli::kInterrupted);
    });
    GM_RETURN_IF_ERROR(scaling.Measure());
  }
  const Report& report = scaling.report();
  const std::string title = fmt::format("Scaling of {} on {} CPUs", options.job, report.cpus);
  fmt::print("{}\n{}", RenderTable(report), cli::WrapText(RenderVerdict(report), kColumns));
  GM_RETURN_IF_ERROR(WriteOutputFile(options.output + "/scaling.json", RenderJson(report)));
  GM_RETURN_IF_ERROR(
      WriteOutputFile(options.output + "/scaling.svg", RenderSpeedUpChart(title, ChartOf(report))));
  fmt::print("Details: {0}/scaling.json and {0}/scaling.svg\n", options.output);
  return absl::OkStatus();
}

}  // namespace gristmill::bench

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <string>

#include "base/labels.h"
#include "bench/prediction.h"
#include "bench/scaling.h"
#include "cli/cluster_commands.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/job_catalog.h"
#include "cli/job_options.h"
#include "cli/new_project.h"
#include "cli/run_command.h"

namespace gristmill::cli {
namespace {

constexpr std::uint32_t kThreadsMax = 1'024;

void AddRun(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* run = app.add_subcommand("run", "Run a job on the threads of this process");
  AddJobFlags(run, &flags->job);
  AddControlFlags(run, &flags->job.control);
  run->add_option("-t,--threads", flags->threads, "Threads [the CPUs this process may use]")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, kThreadsMax).description(""));
  run->add_option("--gpus", flags->gpus, "GPUs that tasks may ask for with --task-gpus [0]")
      ->type_name("N")
      ->check(CLI::Range(0u, kGpusMax).description(""));
  run->add_option("--work-dir", flags->work_directory, "Where spill files go [$TMPDIR, else /tmp]")
      ->type_name("DIRECTORY");
  run->add_flag("-q,--quiet", flags->quiet, "Print errors only");
  run->add_flag("--profile", flags->profile, "At the end say where the time went, stage by stage");
  run->add_flag("--json", flags->json, "With --dry-run: print the plan as JSON");
  run->footer(
      "Examples:\n"
      "  gristmill run wordcount --input books/ --output counts\n"
      "  gristmill run grep --input '/var/log/*.log' --output hits --param pattern='error.*'\n"
      "  gristmill run primes --output primes --param to=50000000 --threads 2\n"
      "  gristmill run stream --input logs/ --output hosts --mapper 'cut -d\" \" -f1' --reducer "
      "'uniq -c'\n"
      "  gristmill run stream --input images.txt --output shrunk --mapper './shrink' --task-cpus 2 "
      "--halt fail=5%\n"
      "The exit code is 0 if the job succeeded, 4 if it did without tasks that failed (--halt), "
      "1 if it failed.\n"
      "Ctrl-C cancels the job and leaves nothing behind; a second one ends at once.");
  run->callback([flags, chosen] { *chosen = [flags] { return RunJob(*flags); }; });
}

void AddHold(CLI::App* submit, SubmitFlags* flags) {
  submit
      ->add_option("--hold", flags->job.control.hold,
                   "Where its tasks would fail the job, suspend it for so long, to be resumed when "
                   "the cause is mended [it fails]")
      ->type_name("DURATION")
      ->group("Control of tasks");
  submit
      ->add_option("--resume", flags->resume,
                   "In place of JOB: go on with a suspended job, as it was submitted; only what it "
                   "did not finish runs")
      ->type_name(kJobIdType);
}

// A resumed job keeps what it was submitted with; any other needs a name.
void CheckResume(const CLI::App* submit) {
  static const std::set<std::string> kBeside = {"--resume",  "--coordinator", "--wait",
                                                "--detach",  "--json",        "--quiet",
                                                "--profile", "--job-log"};
  if (submit->count("--resume") == 0) {
    if (submit->count("JOB") == 0) throw CLI::RequiredError("JOB");
    return;
  }
  for (const CLI::Option* option : submit->get_options()) {
    if (option->count() == 0 || kBeside.contains(option->get_name())) continue;
    throw CLI::ValidationError(fmt::format(
        "--resume goes on with a job as it was submitted; leave out {}", option->get_name()));
  }
}

void AddSubmit(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<SubmitFlags>();
  CLI::App* submit = app.add_subcommand("submit", "Give a job to a cluster");
  AddJobFlags(submit, &flags->job);
  AddControlFlags(submit, &flags->job.control);
  submit->add_option("-c,--coordinator", flags->cluster.coordinator, "The cluster's coordinator")
      ->type_name("HOST:PORT");
  CLI::Option* wait =
      submit->add_flag("-w,--wait", flags->wait, "Show progress; the exit code tells how it ended");
  submit->add_flag("--detach", flags->detach, "Return at once (the default)")->excludes(wait);
  submit->add_flag("--json", flags->cluster.json,
                   "Print the job's id as JSON; with --wait the final status");
  submit->add_flag("-q,--quiet", flags->quiet, "Print the job's id and errors only");
  submit
      ->add_flag("--profile", flags->profile,
                 "With --wait: at the end say where the time went, stage by stage")
      ->needs(wait);
  AddHold(submit, flags.get());
  submit->footer(
      "Prints the job's id. Paths must mean the same on the coordinator and all workers.\n"
      "Examples:\n"
      "  gristmill submit wordcount --input /data/books --output /data/counts --wait\n"
      "  job=$(gristmill submit primes --output /data/primes --quiet)\n"
      "  gristmill submit --resume 7 --wait\n"
      "Ctrl-C during --wait leaves the job running.");
  submit->get_option("--job-log")->needs(wait);
  submit->get_option("JOB")->required(false);  // but for --resume
  submit->callback([flags, submit, chosen] {
    CheckResume(submit);
    *chosen = [flags] { return SubmitJob(*flags); };
  });
}

void AddJobs(CLI::App& app, Command* chosen) {
  struct Flags {
    std::string name;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* jobs = app.add_subcommand("jobs", "List the jobs of this binary, or explain one");
  jobs->add_option("NAME", flags->name,
                   "The job to explain, or PATH.so[:NAME] of a shared object with jobs")
      ->type_name(kJobNameType);
  jobs->add_flag("--json", flags->json, "Print JSON");
  jobs->callback(
      [flags, chosen] { *chosen = [flags] { return ShowJobs(flags->name, flags->json); }; });
}

void AddNew(CLI::App& app, Command* chosen) {
  auto directory = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("new", "Write a project with a job of your own");
  command->add_option("DIRECTORY", *directory, "To be made; its name becomes the job's")
      ->required();
  command->footer("Example: gristmill new word_lengths");
  command->callback(
      [directory, chosen] { *chosen = [directory] { return NewProject(*directory); }; });
}

void AddPrediction(CLI::App& bench, Command* chosen) {
  auto flags = std::make_shared<bench::PredictionOptions>();
  CLI::App* prediction = bench.add_subcommand(
      "prediction", "Predict how a job would scale to many workers, from costs measured here");
  prediction->add_option("--tasks", flags->tasks, "Tasks of the job")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->default_str("10000");
  prediction->add_option("--task-time", flags->task_times, "What a task takes: one or several")
      ->type_name("DURATION,…")
      ->delimiter(',')
      ->default_str("10ms,100ms,1s");
  prediction->add_option("--up-to", flags->workers_max, "Most workers")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000).description(""))
      ->default_str("1000");
  prediction->add_option("--slots", flags->slots, "Slots of each worker")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""))
      ->default_str("1");
  prediction
      ->add_option("--costs", flags->costs,
                   "Take the costs of this prediction.json and measure nothing; they may be edited")
      ->type_name("FILE");
  prediction->add_option("--seed", flags->seed, "What the order of messages is drawn from")
      ->type_name("N")
      ->default_str("1");
  prediction
      ->add_option("-o,--output", flags->output, "Directory for prediction.json and prediction.svg")
      ->default_str(flags->output)
      ->type_name("DIRECTORY");
  prediction->add_flag("--quick", flags->quick, "Measure everything once instead of three times");
  prediction->add_flag("--json", flags->json, "Print JSON");
  prediction->footer(
      "Measures on its own coordinators and workers, puts real runs beside their predictions, and\n"
      "then runs the job on the virtual clock of 'gristmill simulate'. docs/performance.md says\n"
      "what is measured, and what the model leaves out.\n"
      "Example: gristmill bench prediction --task-time 50ms --tasks 100000 --slots 16 --up-to 200");
  prediction->callback([flags, chosen] {
    *chosen = [flags] {
      const absl::Status status = bench::RunPrediction(*flags);
      return status.ok() ? kDone : Fail(status);
    };
  });
}

void AddBench(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<bench::ScalingOptions>();
  CLI::App* bench = app.add_subcommand("bench", "Measure on this machine");
  bench->require_subcommand(1);
  CLI::App* scaling = bench->add_subcommand(
      "scaling", "Time one piece of work as a plain loop, on threads and on worker processes");
  scaling->add_option("JOB", flags->job, "primes or pi")
      ->check(CLI::IsMember({"primes", "pi"}).description(""))
      ->default_str("primes");
  scaling->add_option("-o,--output", flags->output, "Directory for scaling.json and scaling.svg")
      ->default_str(flags->output)
      ->type_name("DIRECTORY");
  scaling->add_option("--up-to", flags->workers_max, "Most threads or workers [the CPUs]")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""));
  scaling
      ->add_option("--repetitions", flags->repetitions, "Runs of each kind; the median counts [5]")
      ->type_name("N")
      ->check(CLI::Range(1, 99).description(""));
  scaling->add_flag("--quick", flags->quick, "Less work and 3 repetitions");
  scaling->footer("Starts and stops its own coordinators and workers on free loopback ports.");
  scaling->callback([flags, chosen] {
    *chosen = [flags] {
      const absl::Status status = bench::RunScaling(*flags);
      return status.ok() ? kDone : Fail(status);
    };
  });
  AddPrediction(*bench, chosen);
}

}  // namespace

void AddJobCommands(CLI::App& app, Command* chosen) {
  AddRun(app, chosen);
  AddSubmit(app, chosen);
  AddJobs(app, chosen);
  AddNew(app, chosen);
  AddBench(app, chosen);
}

}  // namespace gristmill::cli

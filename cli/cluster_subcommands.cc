#include <CLI/CLI.hpp>
#include <memory>

#include "cli/cluster_commands.h"
#include "cli/command_line.h"
#include "cli/insight_commands.h"

namespace gristmill::cli {
namespace {

struct Flags {
  ClusterFlags cluster;
  std::string job;
  bool quiet = false;
  bool tsv = false;
};

// A subcommand with the flags that all of them have.
CLI::App* AddCommand(CLI::App& app, const char* name, const char* help,
                     const std::shared_ptr<Flags>& flags, Command* chosen,
                     int (*run)(const Flags&)) {
  CLI::App* command = app.add_subcommand(name, help);
  command
      ->add_option("-c,--coordinator", flags->cluster.coordinator,
                   "The cluster's coordinator [$GRISTMILL_COORDINATOR, else localhost:7070]")
      ->type_name("HOST:PORT");
  command->add_flag("--json", flags->cluster.json,
                    "Print JSON: protobuf's mapping, lowerCamelCase, 64-bit integers as strings");
  command->callback([flags, chosen, run] { *chosen = [flags, run] { return run(*flags); }; });
  return command;
}

CLI::App* AddOfAll(CLI::App& app, const char* name, const char* help, Command* chosen,
                   int (*run)(const Flags&)) {
  return AddCommand(app, name, help, std::make_shared<Flags>(), chosen, run);
}

CLI::App* AddOfJob(CLI::App& app, const char* name, const char* help, Command* chosen,
                   int (*run)(const Flags&)) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = AddCommand(app, name, help, flags, chosen, run);
  command->add_option("JOB", flags->job, "The job's id, such as 7 or job-7")
      ->type_name(kJobIdType)
      ->required();
  if (std::string(name) == "watch") {
    command->add_flag("-q,--quiet", flags->quiet, "Only wait; print errors");
  }
  if (std::string(name) == "tasks") {
    command->add_flag("--tsv", flags->tsv, "Print them as --job-log of 'run' and 'submit' does");
  }
  return command;
}

void AddLogs(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<LogFlags>();
  CLI::App* command =
      app.add_subcommand("logs", "Show what a job's tasks wrote to stderr, and how they failed");
  command->add_option("JOB", flags->job, "The job's id, such as 7 or job-7")
      ->type_name(kJobIdType)
      ->required();
  command->add_option("TASK", flags->task, "Such as map-0 or reduce-3 [all of them]");
  command->add_flag("-f,--follow", flags->follow, "Go on with what comes, until the job ends");
  command
      ->add_option("-c,--coordinator", flags->cluster.coordinator,
                   "The cluster's coordinator [$GRISTMILL_COORDINATOR, else localhost:7070]")
      ->type_name("HOST:PORT");
  command->add_flag("--json", flags->cluster.json, "Print JSON: an object for each line");
  command->footer(
      "Workers keep the beginning and the newest part of what a job wrote there, up to 8 MiB, "
      "also\n"
      "for a while after its end. With a worker that is lost its part is gone. What a task prints\n"
      "through C's stdio or C++'s streams, or as a program of the job stream, is shown with the "
      "task\n"
      "and the attempt; what comes in another way, with the process that ran it.\n"
      "Examples:\n"
      "  gristmill logs 7 --follow\n"
      "  gristmill logs 7 reduce-3");
  command->callback([flags, chosen] { *chosen = [flags] { return ShowLogs(*flags); }; });
}

}  // namespace

void AddClusterCommands(CLI::App& app, Command* chosen) {
  AddOfAll(app, "list", "List all jobs of the cluster", chosen,
           [](const Flags& f) { return ListJobs(f.cluster); });
  AddOfAll(app, "workers", "List the workers and what they are doing", chosen,
           [](const Flags& f) { return ShowWorkers(f.cluster); });
  AddOfJob(app, "status", "Show one job", chosen,
           [](const Flags& f) { return ShowStatus(f.cluster, f.job); });
  AddOfJob(app, "watch", "Show a job's progress until it ended or is suspended", chosen,
           [](const Flags& f) { return WatchJob(f.cluster, f.job, f.quiet); })
      ->footer(
          "The exit code is 0 if the job succeeded, 4 if it did without tasks that failed, else 1, "
          "also if it was suspended. Ctrl-C leaves the job running.");
  AddOfJob(app, "cancel", "Stop a job; it leaves no output", chosen,
           [](const Flags& f) { return CancelJob(f.cluster, f.job); });
  AddOfJob(app, "suspend", "Stop a job's tasks and keep what it has done", chosen,
           [](const Flags& f) { return SuspendJob(f.cluster, f.job); })
      ->footer(
          "Its running tasks are given up; what it finished stays with the workers, and its "
          "output\n"
          "with it. 'gristmill submit --resume JOB' goes on. A job that is not resumed within 24 "
          "h,\n"
          "or what 'submit --hold' said, fails.");
  AddOfJob(app, "tasks", "List a job's tasks: state, attempts, worker, input", chosen,
           [](const Flags& f) { return ShowTasks(f.cluster, f.job, f.tsv); });
  AddOfJob(app, "explain", "Say why a job waits, is slow or failed, and what to do", chosen,
           [](const Flags& f) { return ExplainJob(f.cluster, f.job); })
      ->footer("The most important sentence comes first. --json has the facts behind them, too.");
  AddLogs(app, chosen);
  AddOfJob(app, "counters", "Show a job's counters", chosen,
           [](const Flags& f) { return ShowCounters(f.cluster, f.job); });
}

}  // namespace gristmill::cli

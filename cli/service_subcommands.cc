#include <CLI/CLI.hpp>
#include <memory>

#include "base/labels.h"
#include "cli/command_line.h"
#include "cli/service_commands.h"

namespace gristmill::cli {
namespace {

constexpr std::uint32_t kSlotsMax = 1'024;

void AddLogLevel(CLI::App* command, std::string* level) {
  command->add_option("--log-level", *level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}).description(""))
      ->type_name("LEVEL")
      ->default_str(*level);
}

void AddCoordinator(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<CoordinatorFlags>();
  flags->options.journal_path = "gristmill.journal";
  CLI::App* command = app.add_subcommand("coordinator", "Start the coordinator of a cluster");
  command
      ->add_option("--listen", flags->options.listen,
                   "Address to serve on; port 0 picks a free one")
      ->type_name("HOST:PORT")
      ->default_str(flags->options.listen);
  command
      ->add_option("--journal", flags->options.journal_path,
                   "File of its decisions; made if absent")
      ->type_name("PATH")
      ->default_str(flags->options.journal_path);
  command->add_option("--heartbeat", flags->heartbeat, "How often a worker reports [1s]")
      ->type_name("DURATION");
  command->add_option("--lease", flags->lease, "A worker unheard for so long is lost [10s]")
      ->type_name("DURATION");
  command
      ->add_option("--keep-jobs", flags->options.keep_jobs,
                   "Jobs that ended are remembered, the last so many")
      ->type_name("N")
      ->default_str(std::to_string(flags->options.keep_jobs));
  command
      ->add_option("--keep-tasks", flags->options.keep_tasks,
                   "As long as jobs that ended have so many tasks together, 'tasks' shows them")
      ->type_name("N")
      ->default_str(std::to_string(flags->options.keep_tasks));
  command
      ->add_option(
          "--quarantine", flags->quarantine,
          "A worker on which what works elsewhere keeps failing gets no tasks for so long, "
          "at first; 0s: never [60s]")
      ->type_name("DURATION");
  command
      ->add_option("--running-jobs", flags->options.running_jobs,
                   "So many jobs run at once; later ones wait, in order of submission")
      ->type_name("N")
      ->default_str(std::to_string(flags->options.running_jobs));
  command
      ->add_option("--queued-jobs", flags->options.queued_jobs,
                   "So many jobs wait at most; more are refused")
      ->type_name("N")
      ->default_str(std::to_string(flags->options.queued_jobs));
  command
      ->add_option("--file-space", flags->file_space,
                   "Files that come with jobs take so much beside the journal, at most [16GiB]")
      ->type_name("SIZE");
  command->add_flag("!--no-speculation", flags->options.speculation,
                    "Never cut a slow task in two, nor try it a second time on another worker");
  AddLogLevel(command, &flags->log_level);
  command->footer(
      "A coordinator started again on the same journal goes on with its jobs.\n"
      "Example: gristmill coordinator --listen 0.0.0.0:7070 --journal /var/lib/gristmill/journal");
  command->callback([flags, chosen] { *chosen = [flags] { return RunCoordinator(*flags); }; });
}

void AddWorker(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<WorkerFlags>();
  worker::WorkerOptions& options = flags->options;
  CLI::App* command = app.add_subcommand("worker", "Start a worker: it runs the tasks of jobs");
  command
      ->add_option("-c,--coordinator", options.coordinator,
                   "The cluster's coordinator [$GRISTMILL_COORDINATOR, else localhost:7070]")
      ->type_name("HOST:PORT");
  command->add_option("--slots", options.slots, "Tasks at once [the CPUs this process may use]")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, kSlotsMax).description(""));
  command
      ->add_option("--memory", flags->memory,
                   "What tasks may ask for together with --task-memory [what this process may use]")
      ->type_name("SIZE");
  command->add_option("--gpus", options.gpus, "GPUs that tasks may ask for with --task-gpus [0]")
      ->type_name("N")
      ->check(CLI::Range(0u, kGpusMax).description(""));
  command
      ->add_option("--label", flags->labels,
                   "Something that tasks may ask for with --require, such as ssd; repeat for more")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command->add_option("--dir", options.directory, "Where map output goes [/tmp/gristmill-UID]")
      ->type_name("DIRECTORY");
  command->add_option("--listen", options.listen, "Address that serves map output to other workers")
      ->type_name("HOST:PORT")
      ->default_str(options.listen);
  command
      ->add_option("--advertise", options.advertise, "Host by which other workers reach this one")
      ->type_name("HOST");
  command
      ->add_option("--shuffle", flags->shuffle,
                   "local: readers on this host open map output themselves; remote: all fetch it")
      ->type_name("local|remote")
      ->check(CLI::IsMember({"local", "remote"}).description(""))
      ->default_str(flags->shuffle);
  command
      ->add_option("--shuffle-compression", flags->shuffle_compression,
                   "LZ4 for map output that is fetched; auto: where it makes it arrive sooner")
      ->type_name("auto|on|off")
      ->check(CLI::IsMember({"auto", "on", "off"}).description(""))
      ->default_str(flags->shuffle_compression);
  command
      ->add_option("--reconnect-for", flags->reconnect_for,
                   "Give up after so long without a coordinator [never]")
      ->type_name("DURATION");
  command
      ->add_option("--drain-deadline", flags->drain_deadline,
                   "After SIGTERM leave at the latest after this long [1m]")
      ->type_name("DURATION");
  command
      ->add_option("--spill-reserve", flags->spill_reserve,
                   "With less disk space free below --dir take no tasks whose output is shuffled "
                   "[1GiB, at most a twentieth "
                   "of the disk]")
      ->type_name("SIZE");
  command
      ->add_option("--runner-memory", flags->runner_memory,
                   "Most memory of a process that runs a job's tasks; the job's code fails beyond "
                   "it [twice the job's --memory and 512MiB]")
      ->type_name("SIZE|none");
  AddLogLevel(command, &flags->log_level);
  command->footer(
      "The first SIGTERM or Ctrl-C drains: running tasks end and their output stays served while\n"
      "it is needed. The second ends the worker at once.\n"
      "Example: gristmill worker --coordinator head:7070 --slots 8 --dir /scratch");
  command->callback([flags, chosen] { *chosen = [flags] { return RunWorker(*flags); }; });
}

}  // namespace

void AddServiceCommands(CLI::App& app, Command* chosen) {
  AddCoordinator(app, chosen);
  AddWorker(app, chosen);
}

}  // namespace gristmill::cli

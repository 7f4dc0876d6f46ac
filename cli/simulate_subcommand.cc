#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command_line.h"
#include "cli/simulate_command.h"

namespace gristmill::cli {

void AddSimulateCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<SimulateFlags>();
  simulation::Options& options = flags->options;
  CLI::App* command =
      app.add_subcommand("simulate", "Run virtual clusters under faults: does every promise hold?");
  command->add_option("--seed", options.seed, "What chance is drawn from; the first one of several")
      ->type_name("N")
      ->default_str("1");
  command->add_option("--seeds", flags->seeds, "How many seeds, one after the other")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""))
      ->default_str("1");
  command->add_option("--workers", options.workers, "Virtual workers [2 to 9, by the seed]")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000).description(""));
  command
      ->add_option("--tasks", options.tasks, "Tasks of all jobs together [5 to 120, by the seed]")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000'000).description(""));
  command
      ->add_option("--faults", flags->faults,
                   "all, none, or some of: delay, duplicate, break, partition, slow, pause, death, "
                   "drain, runner, task, disk, output, unserved, crash, journal, stall, clock, "
                   "commit, client")
      ->type_name("LIST")
      ->default_str("all");
  command
      ->add_option("--for", flags->for_at_most, "Begin no further seed after this long [no limit]")
      ->type_name("DURATION");
  command->add_flag("--history", flags->history,
                    "Print what happens: virtual seconds, who, and what");
  command
      ->add_option("--failures", flags->failures, "Seeds that break a promise are appended to it")
      ->type_name("FILE")
      ->default_str(flags->failures);
  command->footer(
      "The coordinator's core, the workers' cores and the journal are the real ones; clock, "
      "network,\n"
      "disks, runners and clients are virtual. The same flags give the same run. Exit code 1 if a\n"
      "promise was broken. docs/simulation.md says what is checked.\n"
      "Example: gristmill simulate --seeds 1000\n"
      "         gristmill simulate --workers 64 --tasks 100000 --faults none");
  command->callback([flags, chosen] { *chosen = [flags] { return RunSimulate(*flags); }; });
}

}  // namespace gristmill::cli

#include <CLI/CLI.hpp>
#include <memory>

#include "base/status.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/names.h"
#include "replay/replay.h"

namespace gristmill::cli {
namespace {

struct Flags {
  std::string job, from;
  bool gdb = false, valgrind = false, perf = false;
  replay::ReplayOptions options;
};

int Run(Flags& flags) {
  if (!flags.from.empty()) return replay::ReplayPrepared(flags.from);
  if (flags.job.empty()) {
    return Fail(InvalidArgument("'gristmill replay' needs a job; 'gristmill list' shows them"));
  }
  const absl::StatusOr<std::uint64_t> job = ParseJobId(flags.job);
  if (!job.ok()) return Fail(job.status());
  flags.options.job = *job;
  flags.options.tool = flags.gdb        ? replay::Tool::kGdb
                       : flags.valgrind ? replay::Tool::kValgrind
                       : flags.perf     ? replay::Tool::kPerf
                                        : replay::Tool::kNone;
  return replay::Replay(flags.options);
}

}  // namespace

void AddReplayCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("replay", "Run one task of a job again, here, in a process");
  CLI::Option* job = command->add_option("JOB", flags->job, "The job's id, such as 7 or job-7")
                         ->type_name(kJobIdType);
  command->add_option("TASK", flags->options.task,
                      "Such as map-0 or reduce-3 [the one for which the job failed]");
  command
      ->add_option("-c,--coordinator", flags->options.coordinator,
                   "The cluster's coordinator [$GRISTMILL_COORDINATOR, else localhost:7070]")
      ->type_name("HOST:PORT");
  CLI::Option* gdb =
      command->add_flag("--gdb", flags->gdb, "Under gdb, which stops at crashes and exceptions");
  CLI::Option* valgrind = command->add_flag("--valgrind", flags->valgrind, "Under valgrind");
  CLI::Option* perf = command->add_flag("--perf", flags->perf, "Under perf record");
  gdb->excludes(valgrind)->excludes(perf);
  valgrind->excludes(perf);
  command
      ->add_option("--dir", flags->options.directory,
                   "Files go into a new directory in this one [$TMPDIR, else /tmp]")
      ->type_name("DIRECTORY");
  CLI::Option* from =
      command->add_option("--from", flags->from, "Run what an earlier replay left there")
          ->type_name("DIRECTORY");
  from->excludes(job)->excludes(gdb)->excludes(valgrind)->excludes(perf);
  command->footer(
      "Asks the coordinator for the task's input and parameters and runs it on one thread of a\n"
      "process on this host, which must see the input under the same path. The tasks whose output\n"
      "it reads run first. Nothing of the job changes, and its output directory is not touched.\n"
      "Examples:\n"
      "  gristmill replay 7 --gdb\n"
      "  gristmill replay 7 map-12 --perf");
  command->callback([flags, chosen] { *chosen = [flags] { return Run(*flags); }; });
}

}  // namespace gristmill::cli

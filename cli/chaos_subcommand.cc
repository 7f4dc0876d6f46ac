#include <CLI/CLI.hpp>
#include <memory>

#include "base/status.h"
#include "base/units.h"
#include "chaos/chaos.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/job_flags.h"
#include "cli/job_options.h"

namespace gristmill::cli {
namespace {

// As typed.
struct ChaosFlags {
  JobFlags job;
  std::string named_job;  // --job
  std::string every, lease;
  chaos::ChaosOptions options;
};

void AddJobFlags(CLI::App* command, ChaosFlags* flags) {
  JobFlags* job = &flags->job;
  CLI::Option* positional =
      command->add_option("JOB", job->job, "Name of the job; 'gristmill jobs' lists them")
          ->type_name(kJobNameType);
  command->add_option("--job", flags->named_job, "The same")
      ->type_name(kJobNameType)
      ->excludes(positional);
  AddFileFlags(command, job);
  command->add_option("-i,--input", job->inputs, "Files, directories or globs to read")
      ->type_name("PATH");
  command->add_option("-p,--param", job->params, "A parameter of the job; repeat for more")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_option("--partitions", job->partitions, "Reduce tasks and output files [4]")
      ->type_name("N");
  command
      ->add_option("--split-size", job->split_size, "Most input per map task [a 64th of the input]")
      ->type_name("SIZE");
  command
      ->add_option("--splits", job->splits, "Map tasks of a job on integers, such as primes [64]")
      ->type_name("N");
  command->add_option("--memory", job->memory, "Memory of a process for sorting and merging [1GiB]")
      ->type_name("SIZE");
  command
      ->add_option("--max-attempts", job->max_attempts,
                   "Tries of a task before the job fails [1000]")
      ->type_name("N");
}

void AddChaosFlags(CLI::App* command, ChaosFlags* flags) {
  chaos::ChaosOptions* options = &flags->options;
  command->add_option("--rounds", options->rounds, "How often the job runs")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->default_str(std::to_string(options->rounds));
  command
      ->add_option("--seed", options->seed,
                   "What the faults of the first round are drawn from; the next takes the next")
      ->type_name("N")
      ->default_str(std::to_string(options->seed));
  command->add_option("--workers", options->workers, "Worker processes")
      ->type_name("N")
      ->check(CLI::Range(1, 64).description(""))
      ->default_str(std::to_string(options->workers));
  command->add_option("--slots", options->slots, "Tasks at once of each worker")
      ->type_name("N")
      ->check(CLI::Range(1, 64).description(""))
      ->default_str(std::to_string(options->slots));
  command
      ->add_option("--faults", options->faults,
                   "all, or some of: kill, stop (workers and runners), cut (the network between "
                   "them and to the coordinator), coordinator (killed or stopped)")
      ->type_name("LIST")
      ->default_str(options->faults);
  command->add_option("--every", flags->every, "Mean time between two faults [500ms]")
      ->type_name("DURATION");
  command->add_option("--lease", flags->lease, "A worker unheard for so long is lost [1s]")
      ->type_name("DURATION");
  command
      ->add_option("--dir", options->directory,
                   "Files go into a new directory in this one [$TMPDIR, else /tmp]")
      ->type_name("DIRECTORY");
  command->add_flag("--json", options->json, "Print the report as JSON, the rounds on stderr");
}

absl::Status ParseBetween(std::string_view flag, const std::string& text, DurationMs least_ms,
                          DurationMs* ms) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<DurationMs> parsed = ParseDuration(text);
  if (!parsed.ok()) return InvalidArgument("{}: {}", flag, Message(parsed.status()));
  constexpr DurationMs kMostMs = 60'000;
  if (*parsed < least_ms || *parsed > kMostMs) {
    return InvalidArgument("{} takes {} to {}, not '{}'", flag, FormatDuration(least_ms),
                           FormatDuration(kMostMs), text);
  }
  *ms = *parsed;
  return absl::OkStatus();
}

// Quoted for a shell where need be.
std::string Quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The flags that make a round what it is, less its seed.
std::string CommandOf(const ChaosFlags& flags) {
  const JobFlags& job = flags.job;
  const chaos::ChaosOptions& options = flags.options;
  std::string command = "gristmill chaos " + Quoted(job.job);
  const auto add = [&command](std::string_view flag, const std::string& value) {
    if (!value.empty()) command += fmt::format(" {} {}", flag, Quoted(value));
  };
  for (const std::string& input : job.inputs) add("--input", input);
  for (const std::string& file : job.files) add("--file", file);
  for (const std::string& param : job.params) add("--param", param);
  if (job.partitions) add("--partitions", std::to_string(*job.partitions));
  add("--split-size", job.split_size);
  if (job.splits > 0) add("--splits", std::to_string(job.splits));
  add("--memory", job.memory);
  if (job.max_attempts > 0) add("--max-attempts", std::to_string(job.max_attempts));
  add("--workers", std::to_string(options.workers));
  add("--slots", std::to_string(options.slots));
  add("--faults", options.faults);
  add("--every", flags.every);
  add("--lease", flags.lease);
  return command;
}

absl::Status Complete(ChaosFlags* flags) {
  if (flags->job.job.empty()) flags->job.job = flags->named_job;
  if (flags->job.job.empty()) {
    return InvalidArgument(
        "'gristmill chaos' needs a job; write gristmill chaos wordcount --input FILES…");
  }
  chaos::ChaosOptions& options = flags->options;
  GM_RETURN_IF_ERROR(ParseBetween("--every", flags->every, 1, &options.every_ms));
  GM_RETURN_IF_ERROR(ParseBetween("--lease", flags->lease, 200, &options.lease_ms));
  GM_ASSIGN_OR_RETURN(options.request, BuildRequest(flags->job));
  GM_ASSIGN_OR_RETURN(options.files, BringFiles(flags->job, &options.request));
  options.repeat = CommandOf(*flags);
  return absl::OkStatus();
}

}  // namespace

void AddChaosCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<ChaosFlags>();
  CLI::App* command = app.add_subcommand(
      "chaos", "Run a job on real processes under faults: is its output still the same?");
  AddJobFlags(command, flags.get());
  AddChaosFlags(command, flags.get());
  command->footer(
      "Starts a cluster of its own, kills, stops and cuts off its processes at instants drawn "
      "from\n"
      "the seed, and compares each output with that of a run in one process. Exit code 1 if one\n"
      "differs, or a job fails or hangs. Cuts need root, iproute2 and nftables, and are left out\n"
      "without them; they are made in network namespaces, so the machine's network is untouched.\n"
      "Examples:\n"
      "  gristmill chaos wordcount --input books/ --rounds 100\n"
      "  gristmill chaos sort --param records=terasort --input records.dat --faults "
      "kill,coordinator\n"
      "Ctrl-C stops everything and leaves nothing behind.");
  command->callback([flags, chosen] {
    *chosen = [flags] {
      const absl::Status status = Complete(flags.get());
      return status.ok() ? chaos::RunChaos(flags->options) : Fail(status);
    };
  });
}

}  // namespace gristmill::cli

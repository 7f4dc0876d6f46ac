#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/job_options.h"
#include "verify/verify.h"

namespace gristmill::cli {

void AddVerifyCommand(CLI::App& app, Command* chosen) {
  struct Flags {
    JobFlags job;
    std::string coordinator;
    verify::VerifyOptions options;
  };
  auto flags = std::make_shared<Flags>();
  verify::VerifyOptions* options = &flags->options;
  CLI::App* command = app.add_subcommand(
      "verify", "Run a job in different ways: is its output the same each time?");
  AddJobFlagsWithoutOutput(command, &flags->job);
  command->get_option("--split-size")->description("Most input per map task [a 64th of the input]");
  command->add_option("-t,--threads", options->threads, "Threads of the run on several")
      ->type_name("N")
      ->check(CLI::Range(1, 1'024).description(""))
      ->default_str(std::to_string(options->threads));
  command->add_option("--workers", options->workers, "Worker processes")
      ->type_name("N")
      ->check(CLI::Range(1, 64).description(""))
      ->default_str(std::to_string(options->workers));
  CLI::Option* cluster =
      command->add_option("-c,--coordinator", flags->coordinator, "Run on this cluster as well")
          ->type_name("HOST:PORT");
  command
      ->add_option("--dir", options->directory,
                   "Files go into a new directory in this one [$TMPDIR, else /tmp]")
      ->type_name("DIRECTORY");
  command->footer(
      "Runs the job on one thread, on one thread again, on several threads, with little memory, "
      "on\n"
      "processes that it starts for that, and with --coordinator on a cluster, which has to see\n"
      "--dir under the same path. Shows the first difference to the output of one thread, and "
      "what\n"
      "in a job's code makes such a difference. Exit code 1 if there is one, or a run fails.\n"
      "Examples:\n"
      "  gristmill verify wordcount --input books/\n"
      "  gristmill verify myjob --input sample.txt --coordinator head:7070 --dir /shared/tmp\n"
      "Ctrl-C stops everything and leaves nothing behind.");
  command->callback([flags, cluster, chosen] {
    if (cluster->count() > 0) flags->options.coordinator = flags->coordinator;
    *chosen = [flags] {
      absl::StatusOr<v1::JobRequest> request = BuildRequest(flags->job);
      if (!request.ok()) return Fail(request.status());
      absl::StatusOr<std::vector<LocalFile>> files = BringFiles(flags->job, &*request);
      if (!files.ok()) return Fail(files.status());
      flags->options.request = *std::move(request);
      flags->options.files = *std::move(files);
      return verify::RunVerify(flags->options);
    };
  });
}

}  // namespace gristmill::cli

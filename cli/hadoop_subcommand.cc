#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/cluster_commands.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/hadoop_fs.h"
#include "cli/hadoop_progress.h"
#include "cli/hadoop_streaming.h"
#include "cli/run_command.h"
#include "cli/version.h"

namespace gristmill::cli {
namespace {

int FailAs(const absl::Status& status) {
  fmt::print(stderr, "gristmill: {}\n", Message(status));
  return kJobFailed;  // as Hadoop's client ends
}

int RunStreaming(const std::vector<std::string>& arguments) {
  const absl::StatusOr<JobFlags> flags = TranslateHadoopStreaming(arguments);
  if (!flags.ok()) return FailAs(flags.status());
  HadoopProgress progress([](const std::string& text) { fmt::print(stderr, "{}", text); });
  int code = kDone;
  if (std::getenv("GRISTMILL_COORDINATOR") != nullptr) {
    SubmitFlags submit;
    submit.job = *flags;
    submit.wait = true;
    submit.teller = &progress;
    code = SubmitJob(submit);
  } else {
    RunFlags run;
    run.job = *flags;
    run.teller = &progress;
    code = RunJob(run);
  }
  return code == kDone || code == kInterrupted ? code : static_cast<int>(kJobFailed);
}

// On the cluster of $GRISTMILL_COORDINATOR if that is set, else in this process.
int RunHadoop(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"version"}) {
    fmt::print("Gristmill {}, which runs command lines of Hadoop Streaming\n", kVersion);
    return kDone;
  }
  // As after Hadoop's other programs: hdfs dfs, mapred streaming.
  const bool has_program =
      arguments.size() >= 2 &&
      (arguments[0] == "hdfs" || arguments[0] == "mapred" || arguments[0] == "hadoop");
  if (has_program) return RunHadoop({arguments.begin() + 1, arguments.end()});
  if (arguments.size() >= 2 && arguments[0] == "jar") {
    return RunStreaming({arguments.begin() + 2, arguments.end()});
  }
  if (!arguments.empty() && arguments[0] == "streaming") {
    return RunStreaming({arguments.begin() + 1, arguments.end()});
  }
  if (!arguments.empty() && (arguments[0] == "fs" || arguments[0] == "dfs")) {
    return RunHadoopFs({arguments.begin() + 1, arguments.end()});
  }
  return FailAs(InvalidArgument(
      "of Hadoop's commands there are 'gristmill hadoop jar ANY.jar OPTIONS…', with the options of "
      "Hadoop Streaming, 'gristmill hadoop fs -COMMAND …' and 'gristmill hadoop version'"));
}

}  // namespace

void AddHadoopCommand(CLI::App& app, Command* chosen) {
  CLI::App* hadoop =
      app.add_subcommand("hadoop", "Run a command line of Hadoop Streaming, or 'fs', as it is");
  hadoop->prefix_command();
  hadoop->footer(
      "jar runs the job on the cluster of $GRISTMILL_COORDINATOR if that is set, else in this\n"
      "process, and tells of it as Hadoop's client does. fs works on paths that all hosts see.\n"
      "Options and properties that would change the result and can't be had are refused by name.\n"
      "Examples:\n"
      "  gristmill hadoop jar hadoop-streaming.jar -D mapreduce.job.reduces=2 -files "
      "map.py,reduce.py \\\n"
      "    -input logs -output counts -mapper 'python3 map.py' -reducer 'python3 reduce.py'\n"
      "  gristmill hadoop fs -ls -h /data\n"
      "  gristmill hadoop fs -getmerge counts counts.txt      (fs -help lists its commands)\n"
      "  gristmill hadoop version");
  hadoop->callback([hadoop, chosen] {
    *chosen = [arguments = hadoop->remaining()] { return RunHadoop(arguments); };
  });
}

}  // namespace gristmill::cli

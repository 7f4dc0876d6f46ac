#include "cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/version.h"
#include "gristmill/edit_distance.h"

namespace gristmill::cli {
namespace {

constexpr const char* kOverview =
    R"(gristmill runs map-reduce jobs on the threads of one process, on several
processes, or on many hosts: same job, same command line, same output.

On this machine, without any set-up:
  gristmill jobs                      what it can run; 'jobs NAME' explains one
  gristmill run wordcount --input FILES… --output DIRECTORY

On a cluster:
  gristmill coordinator               start the one coordinator
  gristmill worker                    start a worker, on as many hosts as you like
  gristmill submit JOB …              flags as for run; --wait shows progress
  gristmill list | status | watch | cancel | tasks | counters | workers
  gristmill suspend JOB               stop its tasks and keep what it has done;
                                      'submit --resume JOB' goes on with it
  gristmill explain JOB               why it waits, is slow or failed
  gristmill logs JOB [TASK]           what its tasks wrote to stderr

Your own job:
  gristmill new NAME                  a project with a job, its test and its build
  gristmill run ./libNAME.so:NAME …   a job in a shared object; so do submit, verify, chaos
  gristmill run stream --mapper COMMAND [--reducer COMMAND] …   programs in any language

Also:
  gristmill bench scaling             measure how work scales on this machine
  gristmill bench prediction          predict how it scales to 1,000 workers
  gristmill simulate                  virtual clusters under faults: do the promises hold?
  gristmill chaos JOB …               a job on real processes under faults: the same output?
  gristmill verify JOB …              a job in different ways: the same output each time?
  gristmill replay JOB [TASK]         a task that failed, here, under --gdb, --valgrind or --perf
  gristmill hadoop jar …              a command line of Hadoop Streaming
  gristmill completion SHELL          completion of command lines for bash, zsh or fish
  gristmill version

'gristmill help COMMAND' shows flags and examples. A cluster is found by
--coordinator HOST:PORT, else $GRISTMILL_COORDINATOR, else localhost:7070.
Exit codes: 0 done, 1 the job failed or is suspended, 2 wrong usage or refused
input, 3 no coordinator reached, 130 interrupted.
)";

// The subcommand that parsing got to.
const CLI::App* Innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

// "gristmill run".
std::string PathOf(const CLI::App* app) {
  std::string path = app->get_name();
  for (const CLI::App* at = app->get_parent(); at != nullptr; at = at->get_parent()) {
    path = at->get_name() + " " + path;
  }
  return path;
}

std::vector<std::string> FlagsOf(const CLI::App* app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> SubcommandsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

// One sentence about the first argument that nothing wanted.
std::string DescribeExtra(const CLI::App* app, const std::string& extra) {
  const std::string argument = extra.substr(0, extra.find('='));
  const bool is_flag = argument.size() > 1 && argument[0] == '-';
  const std::vector<std::string> known = is_flag ? FlagsOf(app) : SubcommandsOf(app);
  const std::string nearest(NearestName(argument, known));
  const std::string advice = nearest.empty() ? fmt::format("see '{} --help'", PathOf(app))
                                             : fmt::format("did you mean '{}'?", nearest);
  if (is_flag) return fmt::format("'{}' has no flag {}; {}", PathOf(app), argument, advice);
  if (!known.empty()) return fmt::format("there is no command '{}'; {}", argument, advice);
  return fmt::format("'{}' does not expect '{}'; {}", PathOf(app), argument, advice);
}

// "a number" for a flag whose value is called N.
std::string WantedOf(const CLI::App* app, const std::string& flag) {
  const CLI::Option* option = app->get_option_no_throw(flag);
  if (option == nullptr) return "another value";
  const std::string type = option->get_type_name();
  if (type == "N") return "a whole number, zero or more";
  return option->get_items_expected_max() == 0 ? "no value" : type;
}

// CLI11's own words, by which it tells what is wrong, as one sentence with the remedy.
std::string Reword(const CLI::App* app, const std::string& what) {
  static const std::regex kConversion("Could not convert: (\\S+) = (.*)");
  static const std::regex kRange("(\\S+): Value (.*) not in range (\\S+) to (\\S+)");
  static const std::regex kMember("(\\S+): (.*) not in \\{(.*)\\}");
  static const std::regex kMissing("(\\S+): (\\d+) required (.+) missing");
  static const std::regex kTooMany("(\\S+): At Most (\\d+) required but received (\\d+)");
  static const std::regex kExcludes("(\\S+) excludes (\\S+)");
  static const std::regex kRequired("(\\S+) is required");
  std::smatch m;
  if (std::regex_match(what, m, kConversion)) {
    return fmt::format("{} takes {}, not '{}'", m.str(1), WantedOf(app, m.str(1)), m.str(2));
  }
  if (std::regex_match(what, m, kRange)) {
    return fmt::format("{} takes a number from {} to {}, not '{}'", m.str(1), m.str(3), m.str(4),
                       m.str(2));
  }
  if (std::regex_match(what, m, kMember)) {
    return fmt::format("{} is one of {}, not '{}'", m.str(1),
                       std::regex_replace(m.str(3), std::regex(","), ", "), m.str(2));
  }
  if (std::regex_match(what, m, kMissing)) {
    return fmt::format("{0} needs a value; write {0} {1}", m.str(1), m.str(3));
  }
  if (std::regex_match(what, m, kTooMany)) {
    return fmt::format("{} is given {} times; give it once", m.str(1), m.str(3));
  }
  if (std::regex_match(what, m, kExcludes)) {
    return fmt::format("{} and {} exclude each other; leave one of them out", m.str(1), m.str(2));
  }
  if (std::regex_match(what, m, kRequired)) {
    return fmt::format("'{0}' needs a {1}; write {0} {1} …", PathOf(app), m.str(1));
  }
  return what;
}

std::string DescribeError(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App* app = Innermost(root);
  const std::vector<std::string> extras = app->remaining();
  if (!extras.empty()) return DescribeExtra(app, extras.front());
  std::string what = error.what();
  if (!what.empty() && what.back() == '.') what.pop_back();
  if (what == "A subcommand is required") {
    return fmt::format("'{}' needs one of the commands {}; see '{} --help'", PathOf(app),
                       fmt::join(SubcommandsOf(app), ", "), PathOf(app));
  }
  return fmt::format("{}; see '{} --help'", Reword(app, what), PathOf(app));
}

std::string HelpOf(const CLI::App& root, const CLI::App* app) {
  return app == &root ? kOverview : app->help(PathOf(app->get_parent()));
}

// `gristmill help`, `gristmill help bench scaling`.
int ShowHelp(const CLI::App& root, const std::vector<std::string>& path) {
  const CLI::App* app = &root;
  for (const std::string& name : path) {
    const auto named =
        app->get_subcommands([&name](const CLI::App* sub) { return sub->get_name() == name; });
    if (named.empty()) {
      fmt::print(stderr, "gristmill: {}\n", DescribeExtra(app, name));
      return kRefused;
    }
    app = named.front();
  }
  fmt::print("{}", HelpOf(root, app));
  return kDone;
}

void AddHelp(CLI::App& app, Command* chosen) {
  auto path = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Explain a command");
  help->add_option("COMMAND", *path, "Such as run, or bench scaling");
  help->callback([&app, path, chosen] { *chosen = [&app, path] { return ShowHelp(app, *path); }; });
}

void AddCompletion(CLI::App& app, Command* chosen) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "Print the script by which a shell completes command lines");
  completion->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  completion->footer(
      "In ~/.bashrc:                  eval \"$(gristmill completion bash)\"\n"
      "In ~/.zshrc, after compinit:   eval \"$(gristmill completion zsh)\"\n"
      "In ~/.config/fish/config.fish: gristmill completion fish | source");
  completion->callback([shell, chosen] {
    *chosen = [shell] {
      const absl::StatusOr<std::string> script = CompletionScript(*shell);
      if (!script.ok()) return Fail(script.status());
      fmt::print("{}", *script);
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CLI::App app("", "gristmill");
  app.require_subcommand(0, 1);
  app.set_help_flag("-h,--help", "Show this text");
  app.set_version_flag("--version", fmt::format("gristmill {}", kVersion));
  app.failure_message(nullptr);
  Command chosen;
  AddJobCommands(app, &chosen);
  AddClusterCommands(app, &chosen);
  AddServiceCommands(app, &chosen);
  AddSimulateCommand(app, &chosen);
  AddChaosCommand(app, &chosen);
  AddVerifyCommand(app, &chosen);
  AddReplayCommand(app, &chosen);
  AddHadoopCommand(app, &chosen);
  AddHelp(app, &chosen);
  AddCompletion(app, &chosen);
  app.add_subcommand("version", "Print the version")->callback([&chosen] {
    chosen = [] {
      fmt::print("gristmill {}\n", kVersion);
      return kDone;
    };
  });
  if (argc > 1 && argv[1] == kCompleteWord) {
    fmt::print("{}", Candidates(app, {argv + 2, argv + argc}));
    return kDone;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", HelpOf(app, Innermost(app)));
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return kDone;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "gristmill: {}\n", DescribeError(app, error));
    return kRefused;
  }
  if (!chosen) {
    fmt::print("{}", kOverview);
    return kDone;
  }
  const int code = chosen();
  if (std::fflush(stdout) != 0 && code == kDone) {
    fmt::print(stderr, "gristmill: the output could not be written to stdout\n");
    return kJobFailed;
  }
  return code;
}

}  // namespace gristmill::cli

// The subcommands of `gristmill` and their flags. Only the files named here include CLI11.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gristmill::cli {

// What the command line asks for; returns the exit code.
using Command = std::function<int()>;

// Each adds a family of subcommands to `app`; parsing leaves the chosen one in `*chosen`.
void AddJobCommands(CLI::App& app,
                    Command* chosen);  // job_subcommands.cc: run, submit, jobs, new, bench
void AddClusterCommands(CLI::App& app, Command* chosen);  // cluster_subcommands.cc: status, list, …
void AddServiceCommands(CLI::App& app, Command* chosen);  // service_subcommands.cc
void AddSimulateCommand(CLI::App& app, Command* chosen);  // simulate_subcommand.cc
void AddChaosCommand(CLI::App& app, Command* chosen);     // chaos_subcommand.cc
void AddHadoopCommand(CLI::App& app, Command* chosen);    // hadoop_subcommand.cc
void AddReplayCommand(CLI::App& app, Command* chosen);    // replay_subcommand.cc
void AddVerifyCommand(CLI::App& app, Command* chosen);    // verify_subcommand.cc

// What the values of options are called that name a job of the binary, and one of a cluster; by
// that shells complete them (completion.h).
inline constexpr char kJobNameType[] = "NAME";
inline constexpr char kJobIdType[] = "ID";

// Parses, runs, returns the exit code.
int RunCommandLine(int argc, char** argv);

}  // namespace gristmill::cli

// `gristmill replay`: one task of a cluster's job again, here, in a process under a tool.
#pragma once

#include <cstdint>
#include <string>

namespace gristmill::replay {

enum class Tool : std::uint8_t { kNone, kGdb, kValgrind, kPerf };

struct ReplayOptions {
  std::string coordinator;  // as for clients
  std::uint64_t job = 0;
  std::string task;  // "map-3"; empty: the one for which the job failed
  Tool tool = Tool::kNone;
  std::string directory;  // files go into a new directory in it; empty: $TMPDIR, else /tmp
};

// Asks the coordinator what the task is made of, runs here what it reads the output of, and starts
// this program anew, under the tool, to run the task. Under a tool the process becomes the tool,
// and the files stay; else they go when the task ended. Returns the exit code.
int Replay(const ReplayOptions& options);

// Runs the task that an earlier replay prepared in this directory. Returns the exit code.
int ReplayPrepared(const std::string& directory);

}  // namespace gristmill::replay

// The commands that tell why a job waits, is slow or failed. Each prints, and returns the exit
// code.
#pragma once

#include <string>

#include "cli/cluster_commands.h"

namespace gristmill::cli {

struct LogFlags {
  ClusterFlags cluster;
  std::string job;   // as typed
  std::string task;  // "map-3"; empty: all
  bool follow = false;
};

// What its tasks wrote to stderr, by worker in the order in which it was written, and its failures.
int ShowLogs(const LogFlags& flags);
int ExplainJob(const ClusterFlags& flags, const std::string& job);

}  // namespace gristmill::cli

// The same work in Python: a plain loop, threads, and multiprocessing.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bench/workload.h"
#include "cluster/child_process.h"

namespace gristmill::bench {

enum class PythonMode { kPlain, kThreads, kProcesses };

struct PythonRun {
  double seconds = 0;  // of the work alone, with interpreter and pool already started
  std::uint64_t answer = 0;
};

// The path of python3; empty if there is none.
std::string FindPython();

// `script` is where WritePythonScript put it.
absl::StatusOr<PythonRun> RunPython(const std::string& python, const std::string& script,
                                    PythonMode mode, std::uint32_t workers, const Workload& work,
                                    cluster::ChildSet* children);

absl::Status WritePythonScript(const std::string& path);

}  // namespace gristmill::bench

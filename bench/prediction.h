// `gristmill bench prediction`: how a job would scale beyond this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace gristmill::bench {

struct PredictionOptions {
  std::string output = "gristmill-bench";
  std::string costs;  // a prediction.json whose costs count; empty: they are measured
  std::vector<std::string> task_times = {"10ms", "100ms", "1s"};
  std::uint32_t tasks = 10'000;
  std::uint32_t slots = 1;  // of each worker
  std::uint32_t workers_max = 1'000;
  std::uint64_t seed = 1;
  bool quick = false;
  bool json = false;
};

// Measures what the framework's work costs on real processes of this machine, feeds the simulation
// with it, and puts some real runs beside their predictions; prints tables or JSON on stdout and
// writes prediction.json and prediction.svg. With given costs nothing real runs, and the same
// options give the same output. Ctrl-C removes what it started.
absl::Status RunPrediction(const PredictionOptions& options);

}  // namespace gristmill::bench

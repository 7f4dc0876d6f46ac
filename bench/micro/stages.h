// The stages of the data path and the core's Step, one by one, on made data: what
// micro_benchmarks times and hot_loops runs under callgrind.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace gristmill::bench {

struct Stage {
  // Goes through the data once and returns how many units that were; the same at each call.
  using Pass = std::function<std::uint64_t()>;

  const char* name;
  const char* unit;
  Pass (*prepare)();  // makes what a pass needs, which the pass keeps
};

const std::vector<Stage>& Stages();

}  // namespace gristmill::bench

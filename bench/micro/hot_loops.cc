// Runs one stage so many times, for bench/instructions, which counts what a pass more executes.
//   hot_loops                print the names of the stages
//   hot_loops NAME PASSES    print the units of a pass and what they are
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/micro/stages.h"

int main(int argc, char** argv) {
  using gristmill::bench::Stage;
  using gristmill::bench::Stages;
  for (const Stage& stage : Stages()) {
    if (argc == 1) std::puts(stage.name);
    if (argc != 3 || std::strcmp(stage.name, argv[1]) != 0) continue;
    const Stage::Pass pass = stage.prepare();
    std::uint64_t units = 0;
    for (int i = std::atoi(argv[2]); i > 0; --i) units = pass();
    std::printf("%llu %s\n", static_cast<unsigned long long>(units), stage.unit);
    return 0;
  }
  if (argc == 1) return 0;
  std::fprintf(stderr,
               "hot_loops: give a stage and a number of passes; alone it lists the stages\n");
  return 2;
}

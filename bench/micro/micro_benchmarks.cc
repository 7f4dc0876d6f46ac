// Times each stage with Google Benchmark: micro_benchmarks [--benchmark_filter=REGEX …].
#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/stages.h"

namespace {

void Measure(benchmark::State& state, const gristmill::bench::Stage& stage) {
  const gristmill::bench::Stage::Pass pass = stage.prepare();
  std::uint64_t units = 0;
  for (auto _ : state) units += pass();
  state.counters[std::string(stage.unit) + "s"] =
      benchmark::Counter(static_cast<double>(units), benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const gristmill::bench::Stage& stage : gristmill::bench::Stages()) {
    benchmark::RegisterBenchmark(stage.name, Measure, stage)
        ->Unit(benchmark::kMillisecond)
        ->MinTime(0.2);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

// What the scaling benchmark found, as a table, a paragraph, JSON and a chart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/svg_chart.h"
#include "bench/workload.h"

namespace gristmill::bench {

enum class SeriesKind {
  kPlain,
  kThreads,
  kProcesses,
  kPools,
  kPythonPlain,
  kPythonThreads,
  kPythonProcesses
};

struct Measurement {
  SeriesKind series = SeriesKind::kPlain;
  std::uint32_t processes = 1;
  std::uint32_t threads = 1;    // of each process
  std::vector<double> seconds;  // one per repetition

  std::uint32_t workers() const { return processes * threads; }
  double MedianSeconds() const;
};

struct Report {
  Workload work;
  Workload python_work;  // smaller; size zero if Python was not measured
  std::uint32_t cpus = 1;
  std::vector<double> plain_cpu_seconds;  // processor time of each run of the plain loop
  std::vector<Measurement> measurements;  // the plain loop first; series by series

  // Over the plain loop in the same language.
  double SpeedUp(const Measurement& measurement) const;
  // The share of a processor that the plain loop got over all its runs; well below 1 if other
  // programs kept the machine busy.
  double PlainCpuShare() const;
};

std::string RenderTable(const Report& report);
// One paragraph: overhead, serial fraction, what more workers would bring.
std::string RenderVerdict(const Report& report);
std::string RenderJson(const Report& report);
std::vector<ChartSeries> ChartOf(const Report& report);

}  // namespace gristmill::bench

#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "bench/amdahl.h"
#include "cli/json.h"
#include "cli/names.h"
#include "cli/table.h"
#include "gristmill/v1/report.pb.h"

namespace gristmill::bench {
namespace {

constexpr double kQuietCpuShare = 0.95;
constexpr double kNoSerialPart = 0.0005;
constexpr SeriesKind kSeries[] = {SeriesKind::kThreads, SeriesKind::kProcesses, SeriesKind::kPools,
                                  SeriesKind::kPythonThreads, SeriesKind::kPythonProcesses};

bool IsPython(SeriesKind series) {
  return series == SeriesKind::kPythonPlain || series == SeriesKind::kPythonThreads ||
         series == SeriesKind::kPythonProcesses;
}

const char* NameOf(SeriesKind series) {
  switch (series) {
    case SeriesKind::kPlain:
      return "plain loop, no framework";
    case SeriesKind::kThreads:
      return "threads of one process";
    case SeriesKind::kProcesses:
      return "worker processes, one thread each";
    case SeriesKind::kPools:
      return "worker processes with thread pools";
    case SeriesKind::kPythonPlain:
      return "Python: plain loop";
    case SeriesKind::kPythonThreads:
      return "Python: threads";
    case SeriesKind::kPythonProcesses:
      return "Python: multiprocessing";
  }
  return "";
}

const Measurement* Find(const Report& report, SeriesKind series, std::uint32_t workers) {
  const auto at =
      std::find_if(report.measurements.begin(), report.measurements.end(),
                   [&](const auto& m) { return m.series == series && m.workers() == workers; });
  return at == report.measurements.end() ? nullptr : &*at;
}

std::vector<TimePoint> PointsOf(const Report& report, SeriesKind series) {
  std::vector<TimePoint> points;
  for (const Measurement& m : report.measurements) {
    if (m.series == series) points.push_back({double(m.workers()), m.MedianSeconds()});
  }
  return points;
}

// "0.024 s or 1.2 % longer".
std::string Overhead(const Report& report, SeriesKind series) {
  const Measurement* one = Find(report, series, 1);
  GM_CHECK(one != nullptr);
  const double percent = 100 * (1 / report.SpeedUp(*one) - 1);
  const double seconds = one->MedianSeconds() * (1 - 1 / (1 + percent / 100));
  return fmt::format("{:.3f} s or {:.1f} % {}", std::abs(seconds), std::abs(percent),
                     percent < 0 ? "shorter" : "longer");
}

// What one series says of scaling; empty if it has a single point.
std::string DescribeScaling(const Report& report, SeriesKind series, const char* noun) {
  const std::vector<TimePoint> points = PointsOf(report, series);
  if (points.size() < 2) return "";
  const AmdahlFit fit = FitAmdahl(points);
  const double last = points.back().workers;
  const Measurement* most = Find(report, series, static_cast<std::uint32_t>(last));
  GM_CHECK(most != nullptr);
  std::string text = fmt::format(
      " With {:.0f} {} the speed-up is {:.2f}; Amdahl's law, fitted to {} points by least squares, "
      "puts the serial part at {:.1f} %, so",
      last, noun, report.SpeedUp(*most), points.size(), 100 * fit.serial_fraction);
  if (fit.serial_fraction < kNoSerialPart)
    return text + " nothing measured here limits more of them.";
  return text + fmt::format(
                    " {:.0f} would reach {:.1f}, and no number of them more than {:.1f}, each on a "
                    "processor of its own.",
                    2 * last, fit.SpeedUp(2 * last), 1 / fit.serial_fraction);
}

v1::ScalingMeasurement Describe(const Report& report, const Measurement& m) {
  v1::ScalingMeasurement described;
  described.set_series(NameOf(m.series));
  described.set_processes(m.processes);
  described.set_threads_per_process(m.threads);
  described.set_median_seconds(m.MedianSeconds());
  described.set_speed_up(report.SpeedUp(m));
  described.set_efficiency(report.SpeedUp(m) / m.workers());
  for (const double s : m.seconds) described.add_seconds(s);
  return described;
}

}  // namespace

double Measurement::MedianSeconds() const {
  GM_CHECK(!seconds.empty());
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Report::SpeedUp(const Measurement& measurement) const {
  const Measurement* base =
      Find(*this, IsPython(measurement.series) ? SeriesKind::kPythonPlain : SeriesKind::kPlain, 1);
  GM_CHECK(base != nullptr);
  return base->MedianSeconds() / measurement.MedianSeconds();
}

double Report::PlainCpuShare() const {
  const Measurement* plain = Find(*this, SeriesKind::kPlain, 1);
  GM_CHECK(plain != nullptr);
  const double wall_s = std::accumulate(plain->seconds.begin(), plain->seconds.end(), 0.0);
  return std::accumulate(plain_cpu_seconds.begin(), plain_cpu_seconds.end(), 0.0) / wall_s;
}

std::string RenderTable(const Report& report) {
  cli::Table table({"WHAT", ">PROCESSES", ">THREADS EACH", ">TIME", ">SPEED-UP", ">EFFICIENCY"});
  for (const Measurement& m : report.measurements) {
    const double speed_up = report.SpeedUp(m);
    table.AddRow({NameOf(m.series), std::to_string(m.processes), std::to_string(m.threads),
                  fmt::format("{:.3f} s", m.MedianSeconds()), fmt::format("{:.2f}", speed_up),
                  fmt::format("{:.0f} %", 100 * speed_up / m.workers())});
  }
  return table.Render();
}

std::string RenderVerdict(const Report& report) {
  std::string text;
  if (report.PlainCpuShare() < kQuietCpuShare) {
    text = fmt::format(
        "Careful: the plain loop got {:.0f} % of a processor only; other programs kept the machine "
        "busy, so measure again when it is quiet. ",
        100 * report.PlainCpuShare());
  }
  text += fmt::format(
      "On one thread the framework takes {} than the plain loop, on one worker process {}.",
      Overhead(report, SeriesKind::kThreads), Overhead(report, SeriesKind::kProcesses));
  text += DescribeScaling(report, SeriesKind::kThreads, "threads");
  text += DescribeScaling(report, SeriesKind::kProcesses, "worker processes");
  if (report.python_work.size > 0) {
    text += fmt::format(" Python worked on {} only; its speed-ups are over its own plain loop.",
                        DescribeWorkload(report.python_work));
  }
  return text;
}

std::string RenderJson(const Report& report) {
  v1::ScalingReport described;
  described.set_work(DescribeWorkload(report.work));
  described.set_job(report.work.job);
  described.set_size(static_cast<double>(report.work.size));
  described.set_tasks(report.work.tasks);
  described.set_python_size(static_cast<double>(report.python_work.size));
  described.set_cpus(report.cpus);
  described.set_plain_loop_cpu_share(report.PlainCpuShare());
  for (const Measurement& m : report.measurements) {
    *described.add_measurements() = Describe(report, m);
  }
  for (const SeriesKind series : {SeriesKind::kThreads, SeriesKind::kProcesses}) {
    const std::vector<TimePoint> points = PointsOf(report, series);
    if (points.size() < 2) continue;
    v1::SerialFraction& fit = *described.add_serial_fractions();
    fit.set_series(NameOf(series));
    fit.set_fraction(FitAmdahl(points).serial_fraction);
  }
  return cli::ToJson(described);
}

std::vector<ChartSeries> ChartOf(const Report& report) {
  std::vector<ChartSeries> chart;
  for (const SeriesKind kind : kSeries) {
    ChartSeries series{NameOf(kind), {}};
    for (const Measurement& m : report.measurements) {
      if (m.series == kind) series.points.emplace_back(m.workers(), report.SpeedUp(m));
    }
    if (!series.points.empty()) chart.push_back(std::move(series));
  }
  return chart;
}

}  // namespace gristmill::bench

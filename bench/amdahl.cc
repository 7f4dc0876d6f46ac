#include "bench/amdahl.h"

#include <algorithm>

#include "base/check.h"

namespace gristmill::bench {

double AmdahlFit::SpeedUp(double workers) const {
  return 1 / (serial_fraction + (1 - serial_fraction) / workers);
}

AmdahlFit FitAmdahl(const std::vector<TimePoint>& points) {
  const auto count = static_cast<double>(points.size());
  double mean_x = 0;  // x = 1 / workers
  double mean_y = 0;
  for (const TimePoint& point : points) {
    mean_x += 1 / point.workers / count;
    mean_y += point.seconds / count;
  }
  double covariance = 0;
  double variance = 0;
  for (const TimePoint& point : points) {
    const double dx = 1 / point.workers - mean_x;
    covariance += dx * (point.seconds - mean_y);
    variance += dx * dx;
  }
  GM_CHECK(variance > 0);
  const double parallel_s = covariance / variance;
  const double serial_s = mean_y - parallel_s * mean_x;
  const double total_s = serial_s + parallel_s;
  return {total_s, total_s > 0 ? std::clamp(serial_s / total_s, 0.0, 1.0) : 1};
}

}  // namespace gristmill::bench

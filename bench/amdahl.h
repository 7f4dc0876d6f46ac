// Amdahl's law: T(n) = T(1) · (s + (1 - s) / n), where s is the part of the work that stays serial
// (G. M. Amdahl, 1967).
#pragma once

#include <vector>

namespace gristmill::bench {

struct TimePoint {
  double workers = 0;
  double seconds = 0;
};

struct AmdahlFit {
  double one_worker_seconds = 0;
  double serial_fraction = 0;  // within [0, 1]
  // Over one worker.
  double SpeedUp(double workers) const;
};

// The least-squares fit of seconds = a + b / workers. Needs two different numbers of workers or
// more; a fraction outside [0, 1], which noise can bring, becomes the nearer end.
AmdahlFit FitAmdahl(const std::vector<TimePoint>& points);

}  // namespace gristmill::bench

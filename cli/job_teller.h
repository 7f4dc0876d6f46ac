// Tells of a job on its way in other words than the usual ones.
#pragma once

#include <vector>

#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

class JobTeller {
 public:
  virtual ~JobTeller() = default;
  // The state now and after changes; from any thread, one call at a time.
  virtual void Update(const v1::JobStatus& status) = 0;
  // The final one, and the counters of the job.
  virtual void End(const v1::JobStatus& status, const std::vector<v1::Counter>& counters) = 0;
};

}  // namespace gristmill::cli

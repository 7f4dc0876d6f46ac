// The work of the scaling benchmark: a job of the library and the same computation without it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::bench {

// The computation on the first `size` integers; its answer is a count.
struct Workload {
  std::string job;  // "primes" or "pi"
  std::int64_t size = 0;
  std::uint32_t tasks = 64;
};

// The answer, by a plain loop on this thread.
std::uint64_t RunPlainLoop(const Workload& work);

double SecondsOfPlainLoop(const Workload& work);

// Of a size that the plain loop works on for about `seconds`.
Workload CalibrateWorkload(const std::string& job, double seconds);

// The job that computes the same and leaves its answer in `output`.
v1::JobRequest RequestOf(const Workload& work, const std::string& output);

// The answer that the job left there.
absl::StatusOr<std::uint64_t> ReadAnswer(const Workload& work, const std::string& output);

// "the primes below 40,000,000".
std::string DescribeWorkload(const Workload& work);

}  // namespace gristmill::bench

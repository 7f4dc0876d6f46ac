// Counting primes by testing each number: CPU-bound work that costs about the same per number
// wherever the range lies below 2^32, and about four times as much above. Shared by the job
// `primes` and the plain loop of `gristmill bench`.
#pragma once

#include <cstdint>

namespace gristmill::jobs {

bool IsPrime(std::uint64_t n);

// The number of primes in [begin, end). Compiled once, so that the plain loop and the job run the
// same machine code.
std::uint64_t CountPrimes(std::int64_t begin, std::int64_t end);

}  // namespace gristmill::jobs

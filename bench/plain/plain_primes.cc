// Counts primes as the job `primes` does, without the framework: what bench/run divides by.
//   plain_primes TO THREADS [PART PARTS]     of PARTS processes that share the work, the PARTth
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "jobs/count_primes.h"

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::fprintf(stderr, "usage: plain_primes TO THREADS [PART PARTS]\n");
    return 2;
  }
  constexpr std::int64_t kChunks = 64;
  const std::int64_t to = std::atoll(argv[1]);
  const std::int64_t part = argc == 5 ? std::atoll(argv[3]) : 0;
  const std::int64_t parts = argc == 5 ? std::atoll(argv[4]) : 1;
  std::atomic<std::int64_t> next{part};
  std::atomic<std::uint64_t> count{0};
  const auto work = [&] {
    for (std::int64_t i = next.fetch_add(parts); i < kChunks; i = next.fetch_add(parts)) {
      count += gristmill::jobs::CountPrimes(to * i / kChunks, to * (i + 1) / kChunks);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::atoi(argv[2]); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  std::printf("primes\t%llu\n", static_cast<unsigned long long>(count.load()));
}

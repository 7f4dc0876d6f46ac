#include "bench/python_baseline.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "base/status.h"

namespace gristmill::bench {
namespace {

constexpr DurationMs kDeadlineMs = 300'000;

// The functions compute what jobs/count_primes.cc and jobs/pi_samples.cc do, number by number.
constexpr const char* kScript = R"(import concurrent.futures, multiprocessing, sys, time

SMALL = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)

def passes(n, base):
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    power = pow(base, (n - 1) >> twos, n)
    if power == 1 or power == n - 1:
        return True
    for _ in range(1, twos):
        power = power * power % n
        if power == n - 1:
            return True
    return False

def is_prime(n):
    for p in SMALL:
        if n % p == 0:
            return n == p
    if n < 61 * 61:
        return n > 1
    return passes(n, 2) and passes(n, 7) and passes(n, 61)

def primes(begin, end):
    return sum(1 for n in range(max(begin, 2), end) if is_prime(n))

MASK = (1 << 64) - 1

def pi(begin, end):
    inside = 0
    for i in range(begin, end):
        z = (1 + (i + 1) * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        x = z >> 33
        y = z & 0x7FFFFFFF
        if x * x + y * y < 1 << 62:
            inside += 1
    return inside

def main():
    mode, workers, job, size, tasks = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    work = {'primes': primes, 'pi': pi}[job]
    bounds = [size * i // tasks for i in range(tasks + 1)]
    begins, ends = bounds[:-1], bounds[1:]
    if mode == 'plain':
        start = time.perf_counter()
        answer = work(0, size)
    elif mode == 'threads':
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            start = time.perf_counter()
            answer = sum(pool.map(work, begins, ends))
    else:
        with multiprocessing.Pool(workers) as pool:
            pool.starmap(work, [(0, 1)] * workers)
            start = time.perf_counter()
            answer = sum(pool.starmap(work, zip(begins, ends), chunksize=1))
    print(time.perf_counter() - start, answer)

if __name__ == '__main__':
    main()
)";

const char* NameOf(PythonMode mode) {
  switch (mode) {
    case PythonMode::kPlain:
      return "plain";
    case PythonMode::kThreads:
      return "threads";
    case PythonMode::kProcesses:
      return "processes";
  }
  return "";
}

}  // namespace

std::string FindPython() {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, end)) + "/python3";
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "";
}

absl::Status WritePythonScript(const std::string& path) {
  std::ofstream file(path);
  file << kScript << std::flush;
  if (!file) return PermissionDenied("can't write {}; check the disk and its permissions", path);
  return absl::OkStatus();
}

absl::StatusOr<PythonRun> RunPython(const std::string& python, const std::string& script,
                                    PythonMode mode, std::uint32_t workers, const Workload& work,
                                    cluster::ChildSet* children) {
  GM_ASSIGN_OR_RETURN(
      const std::string output,
      cluster::RunToEnd({python, script, NameOf(mode), std::to_string(workers), work.job,
                         std::to_string(work.size), std::to_string(work.tasks)},
                        kDeadlineMs, children));
  PythonRun run;
  unsigned long long answer = 0;
  if (std::sscanf(output.c_str(), "%lf %llu", &run.seconds, &answer) != 2) {
    return Internal("the Python script printed '{}' instead of its time and answer", output);
  }
  run.answer = answer;
  return run;
}

}  // namespace gristmill::bench

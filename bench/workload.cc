#include "bench/workload.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <string_view>

#include "base/status.h"
#include "base/units.h"
#include "jobs/count_primes.h"
#include "jobs/pi_samples.h"
#include "storage/output_directory.h"

namespace gristmill::bench {
namespace {

constexpr std::uint64_t kPiSeed = 1;
constexpr double kSizeMin = 100'000;
constexpr double kSizeMax = 4e9;  // a prime test costs more above 2^32

// Two digits are enough for a size that people read.
std::int64_t RoundToTwoDigits(double size) {
  const double unit = std::pow(10, std::floor(std::log10(size)) - 1);
  return static_cast<std::int64_t>(std::round(size / unit) * unit);
}

// The field of the output line that holds the count: "primes<TAB>count" and
// "pi<TAB>estimate,count,points".
std::string_view AnswerField(const Workload& work, std::string_view line) {
  line.remove_prefix(std::min(line.find('\t') + 1, line.size()));
  if (work.job == "pi") line.remove_prefix(std::min(line.find(',') + 1, line.size()));
  return line;
}

}  // namespace

std::uint64_t RunPlainLoop(const Workload& work) {
  return work.job == "pi" ? jobs::CountPointsInCircle(kPiSeed, 0, work.size)
                          : jobs::CountPrimes(0, work.size);
}

double SecondsOfPlainLoop(const Workload& work) {
  const auto begin = std::chrono::steady_clock::now();
  // Kept: a loop whose result nobody wants is one that the compiler may leave out.
  [[maybe_unused]] const volatile std::uint64_t answer = RunPlainLoop(work);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Workload CalibrateWorkload(const std::string& job, double seconds) {
  Workload work{.job = job, .size = static_cast<std::int64_t>(kSizeMin)};
  double took_s = SecondsOfPlainLoop(work);
  while (took_s < 0.1 && static_cast<double>(work.size) < kSizeMax / 4) {
    work.size *= 4;
    took_s = SecondsOfPlainLoop(work);
  }
  const double size = static_cast<double>(work.size) * seconds / took_s;
  work.size = RoundToTwoDigits(std::min(std::max(size, kSizeMin), kSizeMax));
  return work;
}

v1::JobRequest RequestOf(const Workload& work, const std::string& output) {
  v1::JobRequest request;
  request.set_job(work.job);
  auto& params = *request.mutable_params();
  if (work.job == "pi") {
    params["samples"] = std::to_string(work.size);
    params["seed"] = std::to_string(kPiSeed);
  } else {
    params["from"] = "0";
    params["to"] = std::to_string(work.size);
  }
  request.set_splits(work.tasks);
  request.set_partitions(1);
  request.set_output(output);
  request.set_overwrite(true);
  return request;
}

absl::StatusOr<std::uint64_t> ReadAnswer(const Workload& work, const std::string& output) {
  const std::string path = output + "/" + PartitionFileName(0, 1);
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const std::string_view field = AnswerField(work, line);
  std::uint64_t answer = 0;
  if (std::from_chars(field.data(), field.data() + field.size(), answer).ec != std::errc()) {
    return DataLoss("{} holds no answer of the job {}", path, work.job);
  }
  return answer;
}

std::string DescribeWorkload(const Workload& work) {
  const std::string size = GroupDigits(static_cast<std::uint64_t>(work.size));
  return work.job == "pi" ? "pi from " + size + " random points" : "the primes below " + size;
}

}  // namespace gristmill::bench

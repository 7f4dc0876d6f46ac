#include "simulation/bad_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/xoshiro.h"
#include "simulation/payloads.h"
#include "simulation/virtual_worker.h"

namespace gristmill::simulation {
namespace {

constexpr std::uint64_t kBadSplitOf = 16;     // one split in so many has a bad record
constexpr std::uint64_t kSecondRecordOf = 3;  // one of those in so many has two
constexpr int kSigSegv = 11;

}  // namespace

std::vector<std::uint64_t> BadRecordsOf(JobId job, std::uint32_t stage, std::uint32_t planned) {
  const std::uint64_t name = job.value() * 1'000'003 + stage * 10'007 + planned;
  const std::uint64_t drawn = Xoshiro::Scramble(name ^ 0xbad);
  if (drawn % kBadSplitOf != 0) return {};
  std::vector<std::uint64_t> records = {(drawn >> 8) % kSplitLength};
  if ((drawn >> 32) % kSecondRecordOf == 0) {
    records.push_back((records[0] + 1 + (drawn >> 40) % (kSplitLength - 1)) % kSplitLength);
    std::sort(records.begin(), records.end());
  }
  return records;
}

std::string InputPath(std::uint32_t stage, std::uint32_t planned) {
  return std::to_string(stage) + "/" + std::to_string(planned);
}

// The first record that it reads at which its code dies.
std::optional<std::uint64_t> VirtualWorker::DiesAt(const VirtualRunner& runner,
                                                   const VirtualAttempt& attempt) {
  if (attempt.cancelled || runner.plan->shape.skip_bad_records == 0) return std::nullopt;
  for (const std::uint64_t record :
       BadRecordsOf(attempt.task.job, attempt.task.stage, attempt.planned)) {
    const bool skipped = std::ranges::binary_search(attempt.skips, record);
    if (record < attempt.begin || record >= attempt.end || skipped) continue;
    world_->checker.OnDiedAt(attempt.id, record);
    return record;
  }
  return std::nullopt;
}

void VirtualWorker::CrashAt(const VirtualRunner& runner, AttemptId attempt, std::uint64_t record) {
  const bool exits = world_->random.OneIn(3);  // nobody knows on which thread
  worker::RunnerDied died;
  died.runner = runner.id;
  died.how = exits ? worker::RunnerDied::How::kExited : worker::RunnerDied::How::kSignalled;
  died.code = exits ? 3 : kSigSegv;
  if (!exits) died.crash = "in the user's code";
  for (const VirtualAttempt& running : runner.running) {
    worker::AttemptInFlight& in_flight = died.in_flight.emplace_back(running.id);
    if (running.id != attempt) continue;
    in_flight.offset = record;
    in_flight.crashed = !exits;
  }
  std::erase_if(runners_, [&](const VirtualRunner& gone) { return gone.id == died.runner; });
  Do(died);
}

// Nothing but what kills its code is left out.
void VirtualWorker::CheckSkips(const VirtualAttempt& attempt) {
  const auto bad = BadRecordsOf(attempt.task.job, attempt.task.stage, attempt.planned);
  for (const std::uint64_t record : attempt.skips) {
    if (record < attempt.begin || record >= attempt.end) continue;
    if (std::ranges::binary_search(bad, record)) continue;
    world_->checker.Fail(fmt::format("attempt {} left out the record at {}, which is not bad",
                                     attempt.id.value(), record));
  }
}

}  // namespace gristmill::simulation

#include "cli/task_pool.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/attempt_limits.h"
#include "base/check.h"
#include "cli/progress_display.h"

namespace gristmill::cli {
namespace {

constexpr absl::Duration kHoldReports = absl::Milliseconds(5);

}  // namespace

TaskPool::TaskPool(const worker::JobContext& job, std::uint32_t threads) : job_(job) {
  for (std::uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

TaskPool::~TaskPool() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::Start(std::shared_ptr<PoolTask> task) {
  const absl::MutexLock lock(&mutex_);
  GM_CHECK(waiting_.size() < threads_.size() + AttemptsAheadMax(threads()));
  waiting_.push_back(std::move(task));
}

std::vector<v1::TaskReport> TaskPool::TakeReports(DurationMs wait_ms) {
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &TaskPool::HasReports),
                          absl::Milliseconds(wait_ms));
  mutex_.AwaitWithTimeout(absl::Condition(this, &TaskPool::HasManyReports), kHoldReports);
  return std::exchange(reports_, {});
}

void TaskPool::Run() {
  while (true) {
    std::shared_ptr<PoolTask> task;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &TaskPool::HasWork));
      if (waiting_.empty()) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const absl::Time begin = absl::Now();
    task->since = MonotonicNow();
    v1::TaskReport report =
        worker::ExecuteTask(job_, task->assignment, task->inputs, task->control);
    const std::int64_t run_us = absl::ToInt64Microseconds(absl::Now() - begin);
    report.set_run_us(static_cast<std::uint64_t>(std::max<std::int64_t>(run_us, 1)));
    const absl::MutexLock lock(&mutex_);
    reports_.push_back(std::move(report));
  }
}

bool TaskPool::HasWork() const { return stopping_ || !waiting_.empty(); }
bool TaskPool::HasReports() const { return !reports_.empty(); }
bool TaskPool::HasManyReports() const {
  return waiting_.empty() || reports_.size() >= ReportsAtOnce(threads());
}

}  // namespace gristmill::cli

#include "cli/task_pool.h"

#include <utility>

#include "absl/time/time.h"
#include "base/check.h"

namespace gristmill::cli {

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
  GM_CHECK(waiting_.size() < threads_.size());
  waiting_.push_back(std::move(task));
}

std::vector<v1::TaskReport> TaskPool::TakeReports(DurationMs wait_ms) {
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &TaskPool::HasReports),
                          absl::Milliseconds(wait_ms));
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
    v1::TaskReport report =
        worker::ExecuteTask(job_, task->assignment, task->inputs, task->control);
    const absl::MutexLock lock(&mutex_);
    reports_.push_back(std::move(report));
  }
}

bool TaskPool::HasWork() const { return stopping_ || !waiting_.empty(); }
bool TaskPool::HasReports() const { return !reports_.empty(); }

}  // namespace gristmill::cli

#include "chaos/job_follower.h"

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"

namespace gristmill::chaos {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

JobFollower::JobFollower(Client* client, v1::JobRequest request, std::vector<LocalFile> files)
    : client_(client), request_(std::move(request)), files_(std::move(files)) {
  thread_ = std::thread([this] {
    absl::StatusOr<v1::JobStatus> result = Follow();
    const absl::MutexLock lock(&mutex_);
    result_ = std::move(result);
  });
}

JobFollower::~JobFollower() { thread_.join(); }

bool JobFollower::AwaitEnd(DurationMs wait_ms) {
  const absl::MutexLock lock(&mutex_);
  const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return result_.has_value(); };
  return mutex_.AwaitWithTimeout(absl::Condition(&ended), absl::Milliseconds(wait_ms));
}

absl::StatusOr<v1::JobStatus> JobFollower::result() {
  const absl::MutexLock lock(&mutex_);
  return *result_;
}

v1::JobStatus JobFollower::newest() {
  const absl::MutexLock lock(&mutex_);
  return newest_;
}

void JobFollower::Abandon() {
  const absl::MutexLock lock(&mutex_);
  abandoned_ = true;
}

bool JobFollower::abandoned() {
  const absl::MutexLock lock(&mutex_);
  return abandoned_;
}

absl::StatusOr<v1::JobStatus> JobFollower::Follow() {
  GM_ASSIGN_OR_RETURN(const std::uint64_t job, Submit());
  const auto take = [this](const v1::JobStatus& status) {
    const absl::MutexLock lock(&mutex_);
    newest_ = status;
    return !abandoned_;
  };
  return client_->Watch(job, take, absl::ToInt64Milliseconds(kPatience));
}

// The client asks again by itself only if it reaches the coordinator at first; here that may be
// down just then. The request id makes all of it one submission.
absl::StatusOr<std::uint64_t> JobFollower::Submit() {
  const absl::Time give_up = absl::Now() + kPatience;
  while (true) {
    absl::StatusOr<std::uint64_t> job =
        client_->Submit(request_, absl::ToInt64Milliseconds(kPatience), files_);
    if (!absl::IsUnavailable(job.status()) || absl::Now() > give_up || abandoned()) return job;
  }
}

}  // namespace gristmill::chaos

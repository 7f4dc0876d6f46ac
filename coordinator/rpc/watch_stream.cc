#include "coordinator/rpc/watch_stream.h"

#include <utility>

#include "base/status.h"
#include "coordinator/rpc/grpc_status.h"
#include "coordinator/rpc/status_view.h"

namespace gristmill::coordinator {
namespace {
constexpr std::size_t kWatchersMax = 10'000;
}  // namespace

WatchStream* WatchStream::Start(Shell* shell, JobId job) {
  const std::shared_ptr<WatchStream> stream(new WatchStream(shell, job));
  stream->self_ = stream;
  if (!shell->TryPost([stream](Driver& driver) { stream->Join(driver); })) {
    stream->Close(ResourceExhausted("the coordinator is overloaded or stopping; try again"));
  }
  return stream.get();
}

void WatchStream::Join(Driver& driver) {
  if (driver.catalog().Find(job_) == nullptr) {
    Close(NoSuchJob(driver.core(), job_));
  } else if (driver.watches().closed()) {
    Close(Unavailable("the coordinator is stopping"));
  } else if (driver.watches().size() >= kWatchersMax) {
    Close(ResourceExhausted("{} clients are watching jobs already; try again", kWatchersMax));
  } else {
    driver.watches().Add(job_, shared_from_this());
  }
}

void WatchStream::Offer(const v1::JobStatus& status, bool last) {
  absl::MutexLock lock(&mutex_);
  if (closing_) return;
  next_ = status;
  if (last) closing_ = absl::OkStatus();
  Advance();
}

void WatchStream::Close(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (!closing_) closing_ = status;
  Advance();
}

void WatchStream::Advance() {
  if (writing_ || finished_) return;
  if (next_) {
    sending_ = *std::exchange(next_, std::nullopt);
    writing_ = true;
    StartWrite(&sending_);
  } else if (closing_) {
    finished_ = true;
    Finish(ToGrpc(*closing_));
  }
}

void WatchStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) {
    next_.reset();
    if (!closing_) closing_ = Cancelled("the client went away");
  }
  Advance();
}

void WatchStream::OnCancel() { Close(Cancelled("the client went away")); }

void WatchStream::OnDone() {
  const std::shared_ptr<WatchStream> self = std::move(self_);
  shell_->Post([self](Driver& driver) { driver.watches().Remove(self->job_, self.get()); });
}

}  // namespace gristmill::coordinator

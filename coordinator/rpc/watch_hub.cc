#include "coordinator/rpc/watch_hub.h"

#include <algorithm>
#include <utility>

namespace gristmill::coordinator {

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED;
}

void WatchHub::Add(JobId job, std::shared_ptr<Watcher> watcher) {
  jobs_[job].watchers.push_back(std::move(watcher));
  ++watchers_;
  TouchState(job);
}

void WatchHub::Remove(JobId job, const Watcher* watcher) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  watchers_ -= std::erase_if(found->second.watchers,
                             [&](const auto& known) { return known.get() == watcher; });
  if (found->second.watchers.empty()) jobs_.erase(found);
}

void WatchHub::Touch(JobId job) {
  if (auto found = jobs_.find(job); found != jobs_.end()) found->second.touched = true;
}

void WatchHub::TouchState(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.touched = true;
  found->second.quiet_until = Instant{};
}

void WatchHub::TouchAll() {
  for (auto& [job, watched] : jobs_) watched.touched = true;
}

void WatchHub::Drop(JobId job, const absl::Status& status) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  for (const auto& watcher : found->second.watchers) watcher->Close(status);
  watchers_ -= found->second.watchers.size();
  jobs_.erase(found);
}

void WatchHub::Close(const absl::Status& status) {
  closed_ = true;
  for (const auto& [job, watched] : jobs_) {
    for (const auto& watcher : watched.watchers) watcher->Close(status);
  }
  jobs_.clear();
  watchers_ = 0;
}

Instant WatchHub::next_deadline() const {
  Instant next = kNever;
  for (const auto& [job, watched] : jobs_) {
    if (watched.touched) next = std::min(next, watched.quiet_until);
  }
  return next;
}

void WatchHub::Send(Instant now, const StatusOf& status_of) {
  for (auto next = jobs_.begin(); next != jobs_.end();) {
    auto& [job, watched] = *next;
    if (!watched.touched || watched.quiet_until > now) {
      ++next;
      continue;
    }
    const v1::JobStatus status = status_of(job);
    const bool last = IsFinal(status.state());
    for (const auto& watcher : watched.watchers) watcher->Offer(status, last);
    watched.touched = false;
    watched.quiet_until = now + kQuietMs;
    if (last) watchers_ -= watched.watchers.size();
    next = last ? jobs_.erase(next) : std::next(next);
  }
}

}  // namespace gristmill::coordinator

#include "coordinator/rpc/recent_ends.h"

namespace gristmill::coordinator {

void RecentEnds::DropOld(std::deque<End>* ends, Instant now) {
  while (!ends->empty() && (ends->size() > kKeptMax || ends->front().told + kKeptMs < now)) {
    ends->pop_front();
  }
}

void RecentEnds::Add(WorkerId worker, JobId job, Instant now) {
  std::deque<End>& ends = ends_[worker];
  ends.push_back({now, job});
  DropOld(&ends, now);
}

std::vector<JobId> RecentEnds::Take(WorkerId worker, Instant now) {
  const auto found = ends_.find(worker);
  if (found == ends_.end()) return {};
  DropOld(&found->second, now);
  std::vector<JobId> jobs;
  for (const End& end : found->second) jobs.push_back(end.job);
  ends_.erase(found);
  return jobs;
}

}  // namespace gristmill::coordinator

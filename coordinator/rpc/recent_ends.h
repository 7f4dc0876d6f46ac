// Which workers were lately told of which jobs' ends. What is written to a stream that is just
// breaking is lost, and nothing acknowledges it: a worker that comes back is told again.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"

namespace gristmill::coordinator {

// Not thread-safe: lives on the shell's thread.
class RecentEnds {
 public:
  // Longer than a broken stream stays unnoticed: twice the servers' keepalive, and some.
  static constexpr DurationMs kKeptMs = 60'000;
  static constexpr std::size_t kKeptMax = 1'000;  // per worker

  void Add(WorkerId worker, JobId job, Instant now);
  // In the order of telling. They count as not told any more.
  std::vector<JobId> Take(WorkerId worker, Instant now);
  void Forget(WorkerId worker) { ends_.erase(worker); }

 private:
  struct End {
    Instant told;
    JobId job;
  };
  static void DropOld(std::deque<End>* ends, Instant now);

  std::map<WorkerId, std::deque<End>> ends_;
};

}  // namespace gristmill::coordinator

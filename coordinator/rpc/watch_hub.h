// Who watches which job, and when they hear of it: at most ten times a second, at once when the
// job's state changes, never per task.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "base/ids.h"
#include "base/instant.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Thread-safe; no call blocks.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // A status replaces an older one that is not yet sent. The last one ends the stream.
  virtual void Offer(const v1::JobStatus& status, bool last) = 0;
  // Ends the stream; does nothing after the last status.
  virtual void Close(const absl::Status& status) = 0;
};

// Not thread-safe: lives on the shell's thread.
class WatchHub {
 public:
  static constexpr DurationMs kQuietMs = 100;  // between two updates of one job

  // The watcher hears the status at the next Send.
  void Add(JobId job, std::shared_ptr<Watcher> watcher);
  void Remove(JobId job, const Watcher* watcher);
  void Touch(JobId job);                             // something changed
  void TouchState(JobId job);                        // the job's state changed
  void TouchAll();                                   // the cluster changed
  void Drop(JobId job, const absl::Status& status);  // ends its watches
  // Ends every watch; no more may be added.
  void Close(const absl::Status& status);
  bool closed() const { return closed_; }
  std::size_t size() const { return watchers_; }

  Instant next_deadline() const;
  // Sends what is due. The watchers of a job that has ended are dropped.
  using StatusOf = std::function<v1::JobStatus(JobId)>;
  void Send(Instant now, const StatusOf& status_of);

 private:
  struct Watched {
    std::vector<std::shared_ptr<Watcher>> watchers;
    Instant quiet_until;
    bool touched = true;
  };

  std::map<JobId, Watched> jobs_;
  std::size_t watchers_ = 0;
  bool closed_ = false;
};

// Succeeded, failed or cancelled.
bool IsFinal(v1::JobState state);

}  // namespace gristmill::coordinator

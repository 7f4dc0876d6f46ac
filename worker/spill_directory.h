// The directory in which one worker process keeps its map output: its own while it lives, swept
// away by the next worker if it died.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_descriptor.h"
#include "base/ids.h"
#include "worker/runner/thread_pool.h"

namespace gristmill::worker {

// Not thread-safe. What is deleted is renamed at once, so that its place is free, and removed in
// the background.
class SpillDirectory {
 public:
  // Makes PARENT (if need be) and PARENT/worker-INSTANCE with mode 0700, after removing what dead
  // workers of this host left in PARENT. One sentence if PARENT can't be written.
  static absl::StatusOr<std::unique_ptr<SpillDirectory>> Create(const std::string& parent,
                                                                const std::string& instance);
  // Removes the directory.
  ~SpillDirectory();

  const std::string& path() const { return path_; }
  void DeleteAttempts(JobId job, const std::vector<AttemptId>& attempts);
  void DeleteJob(JobId job);
  void DeleteAllJobs();

 private:
  SpillDirectory(std::string path, FileDescriptor lock);
  void Discard(const std::string& entry);

  const std::string path_;
  const FileDescriptor lock_;  // of PATH/lock: held as long as its worker lives
  std::uint64_t discarded_ = 0;
  ThreadPool remover_;
};

}  // namespace gristmill::worker

// What the code of jobs wrote to stderr on this worker, kept for whoever asks.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/file_descriptor.h"
#include "base/ids.h"
#include "gristmill/v1/log.pb.h"
#include "worker/core/input.h"
#include "worker/runner/log_message.h"

namespace gristmill::worker {

struct JobLogLimits {
  std::uint64_t segment_bytes = 1 << 20;
  // Of a job: the first one, and the newest ones.
  std::size_t segments_max = 8;
  // Of jobs that ended, the last ones.
  std::size_t ended_jobs_max = 256;
  std::uint64_t ended_bytes_max = 64 << 20;
  // Of jobs whose log went, of how many it is remembered that they had one.
  std::size_t gone_jobs_max = 10'000;
};

// A log is a sequence of v1::LogLine, each after its length (protobuf's delimited format), cut into
// files at whole lines; a position counts the bytes of all that was ever written. What can't be
// written, as on a full disk, is counted, and told in the log once there is room. Thread-safe.
class JobLogs {
 public:
  static constexpr std::size_t kPageBytesMax = 256 << 10;

  // Makes files below `directory`, which need not exist.
  explicit JobLogs(std::string directory, JobLogLimits limits = {});

  // Lines of this runner are the job's from now on.
  void Bind(RunnerId runner, JobId job);
  // The runner is gone: none comes any more.
  void Unbind(RunnerId runner);
  // Of a runner without a job it is dropped. `text` has no LF.
  void Append(RunnerId runner, const LogOrigin& origin, std::string_view text,
              std::int64_t unix_ms);

  // Keeps the log as long as there is room for it among those of jobs that ended.
  void EndJob(JobId job);
  void DeleteAll();

  // The lines from a position on: of the task, if `asked` names one. A job without a log has an
  // empty one; of one whose log went all bytes are gone.
  v1::LogPage Read(const v1::ReadLog& asked) const;

 private:
  struct Segment {
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
    std::string path;
  };
  struct Log {
    std::deque<Segment> segments;
    FileDescriptor last;  // of the last segment
    std::uint64_t end = 0;
    std::uint64_t unwritten_lines = 0;
    bool ended = false;
    std::uint64_t bytes() const;
  };

  std::string DirectoryOf(JobId job) const;
  void Write(JobId job, Log& log, const std::string& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool BeginSegment(JobId job, Log& log) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(JobId job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string directory_;
  const JobLogLimits limits_;
  mutable absl::Mutex mutex_;
  std::map<RunnerId, JobId> runners_ ABSL_GUARDED_BY(mutex_);
  std::map<JobId, Log> logs_ ABSL_GUARDED_BY(mutex_);
  std::deque<JobId> ended_ ABSL_GUARDED_BY(mutex_);              // in order of their end
  std::map<JobId, std::uint64_t> gone_ ABSL_GUARDED_BY(mutex_);  // where the log ended that went
};

}  // namespace gristmill::worker

// What one runner writes, on its way to the worker's log and to that of its job.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "worker/runner/log_message.h"
#include "worker/runner/runner_output.h"
#include "worker/runner/token_bucket.h"

namespace gristmill::worker {

// The job's log gets the lines of each attempt within limits of its own (runner_output.h), so that
// one that floods takes nothing from another; the worker's log gets of all together no more than of
// one. Not thread-safe.
class RunnerLog {
 public:
  // Of so many attempts lines are told apart at once; beyond, the one that wrote longest ago begins
  // anew.
  static constexpr std::size_t kAttemptsMax = 1'024;

  using LogLine = std::function<void(const LogOrigin&, std::string_view)>;
  // `log` is for the worker's log, `keep` for the job's.
  RunnerLog(LogLine log, LogLine keep, Instant now);
  RunnerLog(RunnerLog&&) = delete;

  // From the pipe that is the runner's stdout and stderr: nobody knows which thread wrote it.
  void Take(std::string_view text, Instant now);
  // From its log socket.
  void TakeMessage(std::string_view datagram, Instant now);
  // Nothing comes any more.
  void End();
  // The end of all text, logged or not.
  const std::string& tail() const { return tail_.text(); }

 private:
  struct Attempt {
    RunnerOutput output;
    Instant last_wrote;
  };
  RunnerOutput& OutputOf(const LogOrigin& origin, Instant now);
  void EndAttempt(const LogOrigin& origin);
  void LogOfAttempt(const LogOrigin& origin, std::string_view line, Instant now);

  const LogLine log_;
  const LogLine keep_;
  RunnerOutput shared_;
  std::map<std::uint64_t, std::pair<LogOrigin, Attempt>> attempts_;
  TokenBucket allowance_;             // of attempts' lines in the worker's log
  std::uint64_t unlogged_bytes_ = 0;  // of theirs
  Tail tail_;
  Instant now_;
};

}  // namespace gristmill::worker

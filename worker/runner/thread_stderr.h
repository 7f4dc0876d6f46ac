// A runner's stderr, told apart by the thread that writes: what a task's thread writes through
// stdio or iostreams goes to the worker with the attempt that it runs. Everything else (write(2),
// child processes, threads that the job's code started) goes to descriptor 2 as ever.
#pragma once

#include "worker/runner/log_message.h"

namespace gristmill::worker {

// Replaces stdio's `stderr` and the buffers of std::cerr and std::clog, for good. `socket` takes
// datagrams (log_message.h); if it can't, the text goes to descriptor 2. Once, before other threads
// write.
void TellStderrByThread(int socket);

// While it lives, what this thread writes is the attempt's. Does nothing unless the above was
// called.
class WritesOfAttempt {
 public:
  explicit WritesOfAttempt(const LogOrigin& origin);
  WritesOfAttempt(const WritesOfAttempt&) = delete;
  WritesOfAttempt& operator=(const WritesOfAttempt&) = delete;
  ~WritesOfAttempt();
};

}  // namespace gristmill::worker

// SIGINT and SIGTERM as calls on an ordinary thread, where locks and I/O are allowed.
#pragma once

#include <signal.h>

#include <functional>
#include <thread>

namespace gristmill::cli {

// While it lives, both signals are blocked in the calling thread and in every thread started from
// now on. So make it before any thread, and on the main thread.
class SignalWatcher {
 public:
  // `on_signal(n, SIGINT or SIGTERM)` is called for the n-th signal, n = 1, 2, …, on a thread of
  // its own.
  explicit SignalWatcher(std::function<void(int count, int signal)> on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Watch();

  const std::function<void(int count, int signal)> on_signal_;
  sigset_t previous_mask_;
  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::thread thread_;
};

// Undoes the mask that a child process inherits from a parent that watches signals.
void UnblockSignals();

}  // namespace gristmill::cli

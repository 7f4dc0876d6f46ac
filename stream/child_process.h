// A program that a task feeds and listens to.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"

namespace gristmill::stream {

struct ChildOptions {
  std::string command;                           // for /bin/sh -c
  std::string directory;                         // where it runs; empty: where this process does
  std::vector<std::string> environment;          // "NAME=value"; all there is
  const std::atomic<bool>* cancelled = nullptr;  // looked at ten times a second, unless null
  // For what the program left running and still holds its stdin or stdout, once neither moves.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
};

struct ExitStatus {
  int code = 0;    // if no signal ended it
  int signal = 0;  // zero: none
  // It left somebody running who still holds its stdout: what was taken may lack something.
  bool left_writer = false;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// The program has a process group of its own, all of which is gone when this object is; it itself
// does not outlive this process even if that is killed. Whatever it writes is taken while it is
// fed, so that neither waits for the other for ever. Of one thread, in which SIGPIPE is blocked
// meanwhile; several nest.
class ChildProcess {
 public:
  // Must not call the child. Exceptions pass, and end the child.
  using Take = std::function<void(std::string_view)>;

  // Throws TaskError if it can't be started.
  ChildProcess(const ChildOptions& options, Take take_output, Take take_errors);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Feeds it all of `bytes`. False if it reads no more: it closed its stdin or ended, which is
  // no error by itself. Throws TaskCancelled.
  bool Write(std::string_view bytes);

  // Tells it that there is no more to read, waits for its end and takes what it still writes. If it
  // ended well, that lasts until nobody holds its stdout any more, as with a shell's pipe, or who
  // does wrote nothing for as long as the patience lasts. Throws TaskCancelled.
  ExitStatus Finish();

  pid_t pid() const { return pid_; }

 private:
  // Blocks SIGPIPE in this thread.
  class SignalBlock {
   public:
    SignalBlock();
    ~SignalBlock();

   private:
    sigset_t before_;
  };

  void Start(const ChildOptions& options);
  // Waits until something can be done, and takes what the child wrote. True if it can be written
  // to, where `to_write`.
  bool WaitAndTake(bool to_write);
  // Its stdin, unless that is full.
  std::size_t WriteSome(std::string_view bytes);
  // Returns the bytes.
  std::size_t TakeFrom(FileDescriptor& from, const Take& take);
  void NoteEnd();
  // The program ended, and what it left need not be waited for.
  bool WaitedEnough() const;
  // Kills what is left of the group, reaps the child.
  ExitStatus Reap();

  const SignalBlock no_sigpipe_;
  const std::atomic<bool>* const cancelled_;
  const Take take_output_, take_errors_;
  FileDescriptor input_, output_, errors_;  // our ends
  FileDescriptor end_;                      // readable once the child ended, and closed then
  bool failed_ = false;                     // it ended, but not well
  const std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point moved_;  // after the end: when bytes last did
  std::string buffer_;
  bool writes_little_ = false;  // at a time
  pid_t pid_ = 0;               // zero once it is reaped
};

}  // namespace gristmill::stream

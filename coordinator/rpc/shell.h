// The one thread that decides: takes everything queued, lets the driver step it, journals what was
// decided in one transaction, and only then lets anyone hear of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "coordinator/journal/journal.h"
#include "coordinator/rpc/bounded_queue.h"
#include "coordinator/rpc/driver.h"

namespace gristmill::coordinator {

class Shell {
 public:
  // Runs on the shell's thread, within a turn.
  using Task = std::function<void(Driver&)>;
  // The journal can't be written. Must not return to deciding: the default ends the process.
  using OnFatal = std::function<void(const absl::Status&)>;

  // A turn that takes so long or begins so late (a slow disk, a paused machine) is a stall: every
  // worker gets a fresh lease.
  static constexpr DurationMs kStallMs = 2'000;

  // Replays the journal; nothing runs yet.
  static absl::StatusOr<std::unique_ptr<Shell>> Recover(std::unique_ptr<Journal> journal,
                                                        std::unique_ptr<Driver> driver,
                                                        OnFatal on_fatal = EndProcess,
                                                        DurationMs stall_ms = kStallMs);
  ~Shell();

  void Start();
  // Runs what is queued, then ends the thread. What is posted from now on is dropped.
  void Stop();

  // Thread-safe. False when the coordinator is overloaded or stopping: the caller says so.
  bool TryPost(Task task) { return queue_.TryPush(std::move(task)); }
  // For those who have at most a few tasks queued each: sessions, watches, background work.
  bool Post(Task task) { return queue_.Push(std::move(task)); }

  static void EndProcess(const absl::Status& status);

 private:
  Shell(std::unique_ptr<Journal> journal, std::unique_ptr<Driver> driver, OnFatal on_fatal,
        DurationMs stall_ms);
  void Loop();
  // False after a fatal error.
  bool CompactIfWorth();
  // False after a fatal error. `stalled_ms`: how long the thread stood still before; zero if it did
  // not.
  bool RunTurn(std::deque<Task> tasks, DurationMs stalled_ms);
  DurationMs WaitMs() const;
  // Enters what writing to the journal takes.
  absl::Status Timed(const std::function<absl::Status()>& writes);

  const std::unique_ptr<Journal> journal_;
  const std::unique_ptr<Driver> driver_;
  const OnFatal on_fatal_;
  const DurationMs stall_ms_;
  BoundedQueue<Task> queue_;
  std::uint64_t journal_size_to_try_ = 0;  // after a compaction that found no room
  std::thread thread_;
};

}  // namespace gristmill::coordinator

// Questions to workers for the logs of their jobs, until they are answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/rpc/worker_links.h"
#include "gristmill/v1/log.pb.h"

namespace gristmill::coordinator {

// Not thread-safe: lives on the shell's thread.
class LogQueries {
 public:
  static constexpr std::size_t kWaitingMax = 100;
  static constexpr DurationMs kAnswerMs = 5'000;

  // Called once, on the shell's thread.
  using Reply = std::function<void(absl::StatusOr<v1::LogPage>)>;

  // Asks the worker. `asked` gets its number.
  void Ask(v1::ReadLog asked, WorkerId worker, WorkerLink* link, Instant now, Reply reply);
  void OnAnswer(WorkerId worker, const v1::LogRead& answer);
  // Gives up what is due, or has no session any more.
  void GiveUp(Instant now, WorkerLinks& links);
  // Answers all with `status`; nothing is asked any more.
  void Close(const absl::Status& status);

  Instant next_deadline() const;

 private:
  struct Waiting {
    WorkerId worker;
    Instant until;
    Reply reply;
  };

  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;
  bool closed_ = false;
};

}  // namespace gristmill::coordinator

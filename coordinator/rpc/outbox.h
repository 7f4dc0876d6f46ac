// The messages for one worker of one turn, held back until the turn's records are on disk.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/rpc/session_port.h"
#include "gristmill/v1/worker_service.pb.h"

namespace gristmill::coordinator {

// Keeps the order in which messages were added, but puts neighbouring assignments,
// cancellations, requests to cut or to stop and ends of jobs into one message, and all
// acknowledgements into one at the end.
class Outbox {
 public:
  void Add(v1::CoordinatorMessage message) { messages_.push_back(std::move(message)); }
  void Assign(v1::TaskAssignment assignment);
  void Cancel(AttemptId attempt);
  void AskCut(AttemptId attempt);
  void StopOverdue(AttemptId attempt, DurationMs limit_ms);
  void EndJob(JobId job);
  void Acknowledge(AttemptId attempt) { acknowledged_.push_back(attempt.value()); }

  bool empty() const { return messages_.empty() && acknowledged_.empty(); }
  // Empties the box into the session.
  void SendTo(SessionPort& session);

 private:
  std::vector<v1::CoordinatorMessage> messages_;
  std::vector<std::uint64_t> acknowledged_;
};

}  // namespace gristmill::coordinator

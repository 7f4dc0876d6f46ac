// Which session belongs to which worker, and what was already said on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/ids.h"
#include "coordinator/rpc/outbox.h"
#include "coordinator/rpc/session_port.h"

namespace gristmill::coordinator {

// What a session was told of each job, so that it is told once.
struct Told {
  std::map<JobId, bool> jobs;  // whether JobStart was sent
  std::map<std::pair<JobId, std::uint32_t>, std::uint64_t> source_versions;  // by (job, stage)
  std::map<std::pair<JobId, std::uint32_t>, std::uint64_t> broadcast_versions;
  void Forget(JobId job);
};

struct WorkerLink {
  std::shared_ptr<SessionPort> session;
  Told told;
  Outbox outbox;
};

// Not thread-safe: lives on the shell's thread.
class WorkerLinks {
 public:
  // A session asks to be let in as `instance`; Bind or Refuse answers.
  void Open(const std::string& instance, std::shared_ptr<SessionPort> session);
  // The session that asked last as `instance` now speaks for `worker`; one that did so before is
  // closed. Null if no session asked.
  WorkerLink* Bind(const std::string& instance, WorkerId worker);
  // Sends what is held for the worker, then ends its session.
  void Close(WorkerId worker, const absl::Status& status);
  // The stream is gone. Returns the worker that it spoke for, zero if it speaks for none (any
  // more).
  WorkerId OnClosed(const SessionPort* session);

  WorkerId WorkerOf(const SessionPort* session) const;
  // Null if the worker has no session.
  WorkerLink* Find(WorkerId worker);
  std::map<WorkerId, WorkerLink>& all() { return links_; }
  // Sends everything held back.
  void Flush();

 private:
  struct Closing {
    std::shared_ptr<SessionPort> session;
    Outbox outbox;
    absl::Status status;
  };
  void Retire(WorkerLink link, const absl::Status& status);

  absl::flat_hash_map<std::string, std::shared_ptr<SessionPort>> opening_;  // by instance
  std::map<WorkerId, WorkerLink> links_;
  absl::flat_hash_map<const SessionPort*, WorkerId> workers_;
  std::vector<Closing> closing_;  // until the next Flush
};

}  // namespace gristmill::coordinator

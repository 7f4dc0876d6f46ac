// What a worker says, checked and turned into the core's events.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "coordinator/core/event.h"
#include "coordinator/rpc/driver.h"
#include "coordinator/rpc/session_port.h"
#include "gristmill/v1/worker_service.pb.h"

namespace gristmill::coordinator {

// --- Pure: bounds are checked before anything is kept. ----------------------------------------

// InvalidArgument, or FailedPrecondition if the worker's version is not `version`; one sentence.
absl::Status CheckRegister(const v1::Register& message, const std::string& version);
WorkerRegistered RegisteredEvent(const v1::Register& message);
// AttemptSucceeded or AttemptFailed. A report that holds too much is a failure of the user's code:
// refused with its session, it would be sent again for ever.
Event ReportEvent(WorkerId worker, const v1::TaskReport& report);

// --- On the shell's thread. -------------------------------------------------------------------

// `message` is the stream's first and was checked.
void OnRegister(Driver& driver, const std::shared_ptr<SessionPort>& session,
                const v1::Register& message);
// Any later message.
void OnWorkerMessage(Driver& driver, const std::shared_ptr<SessionPort>& session,
                     const v1::WorkerMessage& message);
void OnSessionClosed(Driver& driver, const SessionPort* session);

}  // namespace gristmill::coordinator

// One handler per event. Each decides records and actions for what the event itself changes;
// Step then gives out free slots and releases drained workers.
#pragma once

#include "coordinator/core/event.h"
#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// on_job.cc
void OnEvent(Turn& turn, const SubmitJob& event);
void OnEvent(Turn& turn, const CancelJob& event);
void OnEvent(Turn& turn, const SuspendJob& event);
void OnEvent(Turn& turn, const ResumeJob& event);
void OnEvent(Turn& turn, const OutputCommitted& event);

// on_worker.cc
void OnEvent(Turn& turn, const WorkerRegistered& event);
void OnEvent(Turn& turn, const WorkerHeartbeat& event);
void OnEvent(Turn& turn, const WorkerDisconnected& event);
void OnEvent(Turn& turn, const WorkerDraining& event);
void OnEvent(Turn& turn, const WorkerLeft& event);
void OnEvent(Turn& turn, const CoordinatorStalled& event);
void OnEvent(Turn& turn, const Tick& event);

// on_attempt.cc
void OnEvent(Turn& turn, const AttemptSucceeded& event);
void OnEvent(Turn& turn, const AttemptFailed& event);

// Of the queued jobs the first, while fewer run than may. To be called after the event.
void StartQueuedJobs(Turn& turn);

}  // namespace gristmill::coordinator

// A job to predict: equal tasks on workers that never fail, at costs that were measured on real
// processes. Nothing but the order of messages is left to chance.
#pragma once

#include <cstdint>

#include "simulation/event_heap.h"

namespace gristmill::simulation {

// In microseconds. The coordinator is two servers with queues: threads that read and write
// messages, taken as one, and the thread that decides, turn by turn; while it takes a turn, what
// was read waits. A worker pays for what it sends and receives with the time of its slots.
struct Costs {
  // Of reading and writing, for each message of a worker.
  double rpc_us = 0;
  // Of deciding: for each event (a report, a heartbeat), with its record and what is said for it;
  // for each message that brings events, on top; for each batch that goes to the journal.
  double event_us = 0;
  double message_us = 0;
  double sync_us = 0;
  // Of a worker: for each task; for each message of reports, on top; until a runner takes tasks.
  double task_us = 0;
  double report_us = 0;
  double runner_start_us = 0;
  // Of a message on its way, about.
  double latency_us = 0;
};

struct Load {
  std::uint32_t slots = 1;  // of each worker
  Microseconds task_time = kSecond;
  Costs costs;
};

}  // namespace gristmill::simulation

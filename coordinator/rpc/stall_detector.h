// Tells when the shell's thread stood still against its plan: meanwhile heartbeats lay unread in
// gRPC's buffers, so that silence proves nothing.
#pragma once

#include <algorithm>

#include "base/instant.h"

namespace gristmill::coordinator {

// Not thread-safe: lives on the shell's thread.
class StallDetector {
 public:
  StallDetector(DurationMs stall_ms, Instant now) : stall_ms_(stall_ms), turn_began_(now) {}

  // The turn is over; the next one begins within `wait_ms`, if nothing happens sooner.
  void OnTurnEnd(Instant now, DurationMs wait_ms) {
    took_ms_ = now - turn_began_;
    due_ = now + wait_ms;
  }
  // How long the thread stood still since the turn before began: that turn took too long, or this
  // one begins too late. Zero if neither is so.
  DurationMs OnTurnBegin(Instant now) {
    turn_began_ = now;
    const DurationMs still_ms = std::max(took_ms_, now - due_);
    return still_ms > stall_ms_ ? still_ms : 0;
  }

 private:
  const DurationMs stall_ms_;
  Instant turn_began_;
  Instant due_ = kNever;
  DurationMs took_ms_ = 0;
};

}  // namespace gristmill::coordinator

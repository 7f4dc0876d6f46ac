// What the deciding thread has done since it started, and the time that took: of the coordinator's
// parts, the one that more processors don't make faster.
#pragma once

#include <cstdint>

namespace gristmill::coordinator {

struct WorkAccount {
  std::uint64_t turns = 0;
  std::uint64_t batches = 0;   // turns that wrote to the journal
  std::uint64_t messages = 0;  // from workers
  std::uint64_t events = 0;    // stepped
  double deciding_s = 0;       // of processor time: turns but for the journal
  double journal_s = 0;        // on the clock: the thread waits for the disk meanwhile
  double journal_cpu_s = 0;    // of that
};

}  // namespace gristmill::coordinator

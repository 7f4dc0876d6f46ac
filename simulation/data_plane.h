// What really is on the workers' disks, whatever the coordinator believes: one run file per attempt
// that finished.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "simulation/payloads.h"

namespace gristmill::simulation {

// Everything there is to know of one attempt. Kept small: there are millions.
struct AttemptTrace {
  TaskRef task;
  WorkerId assigned_to;       // as the journal says
  std::int64_t run_us = 0;    // how long its runner was at it
  std::uint32_t process = 0;  // where its file lies
  std::uint32_t disk = 0;     // the generation of that process's disk
  std::uint16_t begin = 0;    // what it has read of its planned split
  std::uint16_t end = 0;
  bool known : 1 = false;      // its assignment is in the journal
  bool finished : 1 = false;   // its runner ended it with success
  bool deleted : 1 = false;    // the file
  bool committed : 1 = false;  // its success is in the journal
  bool missed : 1 = false;     // a reader could not read it
  bool alone : 1 = false;      // it has a runner of its own
  bool cut : 1 = false;        // it read less than it was assigned
};

class DataPlane {
 public:
  explicit DataPlane(std::uint32_t processes) : processes_(processes) {}

  // The attempt's trace, made if there is none. References hold until the next call.
  AttemptTrace& Trace(AttemptId attempt);
  const AttemptTrace* Find(AttemptId attempt) const;
  std::uint64_t attempts() const { return traces_.empty() ? 0 : traces_.size() - 1; }

  // The runner on `process` finished the attempt: its file is there.
  void Write(AttemptId attempt, std::uint32_t process, std::int64_t run_us);
  void Delete(AttemptId attempt);
  void DeleteJob(std::uint32_t process, JobId job);
  void DeleteAll(std::uint32_t process);
  // A file of the process that a disk fault might take; zero if it has none.
  AttemptId AnyFile(std::uint32_t process, std::uint64_t choice) const;
  // Jobs of which the process has files.
  std::vector<JobId> JobsOn(std::uint32_t process) const;

  // Nobody can fetch from the process, which does not know.
  void SetServed(std::uint32_t process, bool served);

  bool IsReadable(AttemptId attempt) const;
  // Indexes of the sources that can't be read, ascending.
  const std::vector<std::uint32_t>& Missing(const Sources& sources) const;

 private:
  struct Process {
    std::uint32_t disk = 0;
    bool served = true;
    std::vector<std::pair<JobId, std::vector<AttemptId>>> files;  // by job; few
  };

  std::vector<AttemptTrace> traces_;  // by attempt
  std::vector<Process> processes_;
  std::uint64_t losses_ = 0;  // how often something became unreadable or readable again
};

}  // namespace gristmill::simulation

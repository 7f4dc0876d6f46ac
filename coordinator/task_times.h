// When a job's tasks were tried last and how long that took, as far as this process saw it: nothing
// of that is journaled. 8 bytes by task.
#pragma once

#include <cstdint>
#include <vector>

namespace gristmill::coordinator {

class TaskTimes {
 public:
  struct Time {
    std::uint64_t started_ms = 0;  // since the job was submitted
    std::uint64_t run_ms = 0;
    bool known = false;
    bool ended = false;
  };

  void Start(std::uint32_t stage, std::uint32_t task, std::uint64_t started_ms);
  // The try before took so long and ended then, since the job was submitted; when it began is known
  // better now. A clock that was set back may make a time negative: it counts as none.
  void End(std::uint32_t stage, std::uint32_t task, std::int64_t ended_ms, std::int64_t run_ms);
  Time Of(std::uint32_t stage, std::uint32_t task) const;

 private:
  struct Entry {
    std::uint32_t started_ms = 0;  // plus one; zero: not known
    std::uint32_t run_ms = 0;      // plus one; zero: it runs
  };
  Entry& EntryOf(std::uint32_t stage, std::uint32_t task);

  std::vector<std::vector<Entry>> entries_;  // by stage and task, as far as any was tried
};

}  // namespace gristmill::coordinator

// What a task takes of its worker while it runs, and what its worker must have.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace gristmill::coordinator {

struct TaskNeeds {
  std::uint32_t cpus = 1;  // slots; not zero
  std::uint64_t memory_bytes = 0;
  std::uint32_t gpus = 0;
  std::vector<std::string> labels;  // ascending, each once
  friend auto operator<=>(const TaskNeeds&, const TaskNeeds&) = default;

  // Takes a slot of any worker.
  bool is_plain() const { return takes_one_slot() && labels.empty(); }
  // Nothing else is counted, so that it may wait at a worker for a slot (AssignAhead).
  bool takes_one_slot() const { return cpus == 1 && memory_bytes == 0 && gpus == 0; }
  // Several narrower tasks may have to end before one of these begins.
  bool is_wide() const { return cpus > 1 || memory_bytes > 0 || gpus > 1; }
};

// What a worker has for tasks.
struct WorkerResources {
  std::uint32_t slots = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t gpus = 0;
  std::vector<std::string> labels = {};  // ascending, each once
  friend bool operator==(const WorkerResources&, const WorkerResources&) = default;

  bool HasLabels(const TaskNeeds& needs) const;
  // Such a task could run there, were nothing else running.
  bool Suffice(const TaskNeeds& needs) const { return HasLabels(needs) && Hold(needs, 1); }
  // So many such tasks could run there at once, whatever labels they ask for.
  bool Hold(const TaskNeeds& needs, std::uint64_t tasks) const;
};

// What the tasks at a worker take of it together.
struct ResourcesUsed {
  std::uint64_t cpus = 0;  // more than the slots while tasks wait there ahead of a slot
  std::uint64_t memory_bytes = 0;
  std::uint64_t gpus = 0;

  ResourcesUsed& operator+=(const TaskNeeds& needs);
  ResourcesUsed& operator-=(const TaskNeeds& needs);
};

// Why none of the workers could ever run such a task, as a clause with the remedy.
std::string WhyNoneSuffices(const TaskNeeds& needs, const std::vector<WorkerResources>& workers);

}  // namespace gristmill::coordinator

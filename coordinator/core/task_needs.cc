#include "coordinator/core/task_needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/units.h"

namespace gristmill::coordinator {
namespace {

std::string Flags(const TaskNeeds& needs) {
  std::string flags;
  for (const std::string& label : needs.labels) flags += fmt::format(" --label {}", label);
  if (needs.gpus > 0) flags += fmt::format(" --gpus {}", needs.gpus);
  return flags;
}

std::string Remedy(const TaskNeeds& needs) {
  return fmt::format("start one with 'gristmill worker{}', or cancel the job", Flags(needs));
}

// The most that those workers have of something which have enough of what was looked at before.
struct Most {
  std::uint64_t value = 0;
  template <class Has>
  Most(const std::vector<WorkerResources>& workers, Has has) {
    for (const WorkerResources& worker : workers)
      value = std::max<std::uint64_t>(value, has(worker));
  }
};

}  // namespace

bool WorkerResources::HasLabels(const TaskNeeds& needs) const {
  return std::ranges::includes(labels, needs.labels);
}

bool WorkerResources::Hold(const TaskNeeds& needs, std::uint64_t tasks) const {
  return tasks * needs.cpus <= slots && tasks * needs.gpus <= gpus &&
         (needs.memory_bytes == 0 || tasks <= memory_bytes / needs.memory_bytes);
}

ResourcesUsed& ResourcesUsed::operator+=(const TaskNeeds& needs) {
  cpus += needs.cpus;
  memory_bytes += needs.memory_bytes;
  gpus += needs.gpus;
  return *this;
}

ResourcesUsed& ResourcesUsed::operator-=(const TaskNeeds& needs) {
  cpus -= needs.cpus;
  memory_bytes -= needs.memory_bytes;
  gpus -= needs.gpus;
  return *this;
}

std::string WhyNoneSuffices(const TaskNeeds& needs, const std::vector<WorkerResources>& workers) {
  std::vector<WorkerResources> left = workers;
  std::string which;  // of the workers are left
  for (const std::string& label : needs.labels) {
    std::erase_if(left, [&](const WorkerResources& worker) {
      return !std::ranges::binary_search(worker.labels, label);
    });
    if (left.empty()) {
      return fmt::format("no worker{} has the label '{}'; {}", which, label, Remedy(needs));
    }
    which += fmt::format("{} '{}'", which.empty() ? " with the label" : " and", label);
  }
  const Most gpus(left, [](const WorkerResources& worker) { return worker.gpus; });
  if (gpus.value < needs.gpus) {
    return fmt::format("a task asks for {} and no worker{} has more than {}; {}",
                       CountOf(needs.gpus, "GPU"), which, gpus.value, Remedy(needs));
  }
  const Most slots(left, [](const WorkerResources& worker) { return worker.slots; });
  if (slots.value < needs.cpus) {
    return fmt::format("a task asks for {} and no worker{} has more than {}; {}",
                       CountOf(needs.cpus, "CPU"), which, CountOf(slots.value, "slot"),
                       Remedy(needs));
  }
  const Most memory(left, [](const WorkerResources& worker) { return worker.memory_bytes; });
  if (memory.value < needs.memory_bytes) {
    return fmt::format("a task asks for {} of memory and no worker{} has more than {}; {}",
                       FormatBytes(needs.memory_bytes), which, FormatBytes(memory.value),
                       Remedy(needs));
  }
  return fmt::format(
      "no worker has at once all that a task asks for: {}, {} of memory and {}{}; {}",
      CountOf(needs.cpus, "CPU"), FormatBytes(needs.memory_bytes), CountOf(needs.gpus, "GPU"),
      which, Remedy(needs));
}

}  // namespace gristmill::coordinator

#include "cli/embedded_resources.h"

#include "base/status.h"
#include "base/units.h"

namespace gristmill::cli {

absl::Status CheckResources(const v1::JobRequest& request,
                            const coordinator::WorkerResources& here) {
  if (request.required_labels_size() > 0) {
    return InvalidArgument(
        "--require asks for a worker with the label '{}', and 'run' has no workers; leave it out, "
        "or submit the job to a cluster",
        request.required_labels(0));
  }
  if (request.task_cpus() > here.slots) {
    return InvalidArgument(
        "--task-cpus {} is more than the {} threads of this process; lower --task-cpus or raise "
        "--threads",
        request.task_cpus(), here.slots);
  }
  if (request.task_memory_bytes() > here.memory_bytes) {
    return InvalidArgument(
        "a task asks for {} of memory, and this machine has {}; lower "
        "--task-memory",
        FormatBytes(request.task_memory_bytes()), FormatBytes(here.memory_bytes));
  }
  if (request.task_gpus() > here.gpus) {
    return InvalidArgument(
        "--task-gpus {} is more than the {} that 'run' was told of; say how many there are with "
        "--gpus",
        request.task_gpus(), here.gpus);
  }
  return absl::OkStatus();
}

}  // namespace gristmill::cli

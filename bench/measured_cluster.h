// A real cluster on this machine that times jobs and says what processor time its parts used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "cluster/local_cluster.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.pb.h"

namespace gristmill::bench {

struct JobTime {
  double seconds = 0;  // from the submission until the client hears of the end
  double coordinator_cpu_s = 0;
  double workers_cpu_s = 0;       // with their runners
  v1::CoordinatorWork work = {};  // of the coordinator's deciding thread

  double deciding_s() const { return work.deciding_seconds() + work.journal_seconds(); }
  // Processor time of the coordinator's other threads.
  double reading_s() const {
    return coordinator_cpu_s - work.deciding_seconds() - work.journal_cpu_seconds();
  }
};

class MeasuredCluster {
 public:
  static absl::StatusOr<std::unique_ptr<MeasuredCluster>> Start(const std::string& directory,
                                                                std::uint32_t workers,
                                                                std::uint32_t slots,
                                                                cluster::ChildSet* children);

  // Internal if the job does not succeed.
  absl::StatusOr<JobTime> Run(const v1::JobRequest& request);
  // Of one question and its answer, which changes nothing and writes nothing.
  absl::StatusOr<double> RoundTripSeconds();

 private:
  explicit MeasuredCluster(std::unique_ptr<cluster::LocalCluster> cluster);
  // All but the seconds, so far.
  absl::StatusOr<JobTime> SoFar();

  std::unique_ptr<cluster::LocalCluster> cluster_;
  Client client_;
};

// Tasks that do nothing, or wait so long each.
v1::JobRequest EmptyTasks(std::uint32_t tasks, std::uint32_t wait_ms);

double Median(std::vector<double> values);  // of at least one

}  // namespace gristmill::bench

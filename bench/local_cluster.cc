#include "bench/local_cluster.h"

#include <filesystem>
#include <system_error>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "client/client.h"

namespace gristmill::bench {
namespace {

constexpr const char* kBinary = "/proc/self/exe";
constexpr DurationMs kStartMs = 20'000;
constexpr std::string_view kReady = "coordinator listens on ";

// "coordinator listens on 127.0.0.1:4711, journal …" -> "127.0.0.1:4711".
std::string AddressIn(const std::string& ready_line) {
  const std::string rest = ready_line.substr(kReady.size());
  return rest.substr(0, rest.find(','));
}

// Asks until the coordinator knows that many workers: it has no call that waits for them.
absl::Status WaitForWorkers(const std::string& address, std::uint32_t workers) {
  Client client(address);
  const absl::Time deadline = absl::Now() + absl::Milliseconds(kStartMs);
  std::size_t registered = 0;
  while (absl::Now() < deadline) {
    const absl::StatusOr<v1::WorkersResponse> known = client.Workers();
    GM_RETURN_IF_ERROR(known.status());
    registered = static_cast<std::size_t>(known->workers_size());
    if (registered == workers) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(10));
  }
  return Unavailable("only {} of {} workers registered with the coordinator at {} within {} s",
                     registered, workers, address, kStartMs / 1000);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Start(const std::string& directory,
                                                                  std::uint32_t workers,
                                                                  std::uint32_t slots_per_worker,
                                                                  ChildSet* children) {
  std::unique_ptr<LocalCluster> cluster(new LocalCluster);
  GM_RETURN_IF_ERROR(cluster->StartProcesses(directory, workers, slots_per_worker, children));
  return cluster;
}

absl::Status LocalCluster::StartProcesses(const std::string& directory, std::uint32_t workers,
                                          std::uint32_t slots_per_worker, ChildSet* children) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return PermissionDenied("can't make {}: {}", directory, error.message());
  GM_ASSIGN_OR_RETURN(
      coordinator_,
      ChildProcess::Start({kBinary, "coordinator", "--listen", "127.0.0.1:0", "--journal",
                           directory + "/journal", "--log-level", "warn"},
                          std::string(kReady), children));
  GM_ASSIGN_OR_RETURN(const std::string ready_line, coordinator_->WaitUntilReady(kStartMs));
  address_ = AddressIn(ready_line);
  for (std::uint32_t i = 0; i < workers; ++i) {
    const std::string spill = fmt::format("{}/worker-{}", directory, i);
    GM_ASSIGN_OR_RETURN(
        auto worker,
        ChildProcess::Start(
            {kBinary, "worker", "--coordinator", address_, "--listen", "127.0.0.1:0", "--slots",
             std::to_string(slots_per_worker), "--dir", spill, "--log-level", "warn"},
            "worker joins", children));
    workers_.push_back(std::move(worker));
  }
  for (const auto& worker : workers_) GM_RETURN_IF_ERROR(worker->WaitUntilReady(kStartMs).status());
  return WaitForWorkers(address_, workers);
}

LocalCluster::~LocalCluster() {
  workers_.clear();
  coordinator_.reset();
}

}  // namespace gristmill::bench

#include "cluster/local_cluster.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "client/client.h"

namespace gristmill::cluster {
namespace {

constexpr const char* kBinary = "/proc/self/exe";
constexpr DurationMs kStartMs = 20'000;
constexpr std::string_view kReady = "coordinator listens on ";

// "coordinator listens on 127.0.0.1:4711, journal …" -> "127.0.0.1:4711".
std::string AddressIn(const std::string& ready_line) {
  const std::string rest = ready_line.substr(kReady.size());
  return rest.substr(0, rest.find(','));
}

void Append(const std::vector<std::string>& flags, std::vector<std::string>* argv) {
  argv->insert(argv->end(), flags.begin(), flags.end());
}

bool IsReady(const v1::WorkerStatus& worker) { return worker.state() == v1::WORKER_STATE_READY; }

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Start(LocalClusterOptions options,
                                                                  ChildSet* children) {
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(std::move(options), children));
  GM_RETURN_IF_ERROR(cluster->StartProcesses());
  return cluster;
}

LocalCluster::LocalCluster(LocalClusterOptions options, ChildSet* children)
    : options_(std::move(options)), children_(children), workers_(options_.workers) {}

absl::Status LocalCluster::StartProcesses() {
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  if (error) return PermissionDenied("can't make {}: {}", options_.directory, error.message());
  GM_RETURN_IF_ERROR(StartCoordinator());
  GM_ASSIGN_OR_RETURN(const std::string ready_line, coordinator_->WaitUntilReady(kStartMs));
  address_ = AddressIn(ready_line);
  for (std::uint32_t i = 0; i < options_.workers; ++i) GM_RETURN_IF_ERROR(StartWorker(i));
  for (const auto& worker : workers_) GM_RETURN_IF_ERROR(worker->WaitUntilReady(kStartMs).status());
  return WaitForWorkers(kStartMs);
}

LocalCluster::~LocalCluster() {
  workers_.clear();
  coordinator_.reset();
}

absl::Status LocalCluster::StartCoordinator() {
  const Place& place = options_.coordinator_place;
  const std::string listen = address_.empty() ? place.host + ":0" : address_;
  std::vector<std::string> argv = {kBinary, "coordinator", "--listen",
                                   listen,  "--journal",   options_.directory + "/journal"};
  Append(options_.coordinator_flags, &argv);
  GM_ASSIGN_OR_RETURN(coordinator_, ChildProcess::Start({.argv = std::move(argv),
                                                         .ready = std::string(kReady),
                                                         .log = LogOf("coordinator"),
                                                         .network = place.network},
                                                        children_));
  return absl::OkStatus();
}

absl::Status LocalCluster::StartWorker(std::uint32_t index) {
  const Place place = options_.worker_places.empty() ? Place{} : options_.worker_places[index];
  const std::string name = fmt::format("worker-{}", index + 1);
  std::vector<std::string> argv = {kBinary,         "worker",
                                   "--coordinator", address_,
                                   "--listen",      place.host + ":0",
                                   "--slots",       std::to_string(options_.slots),
                                   "--dir",         options_.directory + "/" + name};
  Append(options_.worker_flags, &argv);
  GM_ASSIGN_OR_RETURN(workers_[index], ChildProcess::Start({.argv = std::move(argv),
                                                            .ready = "worker joins",
                                                            .log = LogOf(name),
                                                            .network = place.network},
                                                           children_));
  return absl::OkStatus();
}

void LocalCluster::KillCoordinator() {
  coordinator_->Kill();
  coordinator_.reset();
}

void LocalCluster::KillWorker(std::uint32_t index) {
  workers_[index]->Kill();
  workers_[index].reset();
}

// Asks again and again: the coordinator has no call that waits for workers.
absl::Status LocalCluster::WaitForWorkers(DurationMs deadline_ms) const {
  Client client(address_);
  const absl::Time deadline = absl::Now() + absl::Milliseconds(deadline_ms);
  std::ptrdiff_t ready = 0;
  absl::Status last;
  while (absl::Now() < deadline) {
    const absl::StatusOr<v1::WorkersResponse> known = client.Workers();
    last = known.status();
    if (known.ok()) {
      ready = std::count_if(known->workers().begin(), known->workers().end(), IsReady);
      if (ready == options_.workers && known->workers_size() == ready) return last;
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  GM_RETURN_IF_ERROR(last);
  return Unavailable("{} of {} workers are ready at the coordinator at {} after {} s", ready,
                     options_.workers, address_, deadline_ms / 1000);
}

std::string LocalCluster::LogOf(const std::string& name) const {
  return options_.keep_logs ? fmt::format("{}/{}.log", options_.directory, name) : "";
}

}  // namespace gristmill::cluster

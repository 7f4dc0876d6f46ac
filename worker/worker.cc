#include "worker/worker.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <optional>
#include <random>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/process.h"
#include "base/status.h"
#include "storage/blob_store.h"
#include "storage/file.h"
#include "worker/core/worker_core.h"
#include "worker/disk_watch.h"
#include "worker/event_loop.h"
#include "worker/job_files.h"
#include "worker/job_logs.h"
#include "worker/local_address.h"
#include "worker/message_translation.h"
#include "worker/pipeline/task_executor.h"
#include "worker/rpc/blob_client.h"
#include "worker/rpc/runner_service.h"
#include "worker/rpc/session_client.h"
#include "worker/rpc/shuffle_server.h"
#include "worker/runner/runner_memory.h"
#include "worker/runner/runner_processes.h"
#include "worker/runner_gate.h"
#include "worker/spill_directory.h"

namespace gristmill::worker {
namespace {

constexpr absl::Duration kFarewellMax = absl::Seconds(2);
// A unix socket's path has at most 107 bytes.
constexpr std::size_t kSocketPathBytesMax = 107;
// What is kept of the files that jobs bring along, besides what running jobs hold.
constexpr std::uint64_t kFilesBytesMax = std::uint64_t{8} << 30;

// 128 random bits in hex.
std::string RandomHex() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// Below the spill directory, which nobody else may enter; where its path is too long, in the
// abstract namespace, where the runners' tokens keep strangers out.
std::string RunnerSocket(const std::string& spill_directory, const std::string& instance) {
  const std::string path = spill_directory + "/runner.sock";
  if (path.size() <= kSocketPathBytesMax) return "unix:" + path;
  return "unix-abstract:gristmill-" + instance;
}

// The resolver may not know the coordinator yet; this host's name is the next best then.
absl::StatusOr<std::string> AdvertisedHost(const WorkerOptions& options) {
  if (!options.advertise.empty()) return options.advertise;
  auto host = AddressTowards(options.coordinator);
  if (absl::IsUnavailable(host.status())) return HostName();
  return host;
}

// The core's shell: events come in on the loop's thread, outputs are performed there.
class WorkerProcess : public Worker {
 public:
  WorkerProcess(WorkerOptions options, std::uint32_t slots)
      : options_(std::move(options)),
        slots_(slots),
        instance_(RandomHex()),
        blob_client_(options_.coordinator),
        core_(WorkerLimits{.slots = slots,
                           .gpus = options_.gpus,
                           .drain_deadline_ms = options_.drain_deadline_ms,
                           .keeps_spare_runner = true}),
        loop_([this] { return core_.next_deadline(); },
              [this] {
                LookAtDisk();
                Handle(Tick{});
              }) {}

  // The loop ends first, so that nothing starts any more; what posts to it ends before it goes.
  ~WorkerProcess() override {
    loop_.Stop();
    blob_client_.Stop();
    job_files_.reset();
    session_.reset();
    processes_.reset();
    runner_service_.reset();
    shuffle_server_.reset();
  }

  absl::Status Begin() {
    const int fetches_max = FetchesMaxFor(RaiseOpenFilesLimit());  // runners inherit the limit
    GM_ASSIGN_OR_RETURN(const std::string host, AdvertisedHost(options_));
    GM_ASSIGN_OR_RETURN(spill_, SpillDirectory::Create(options_.directory, instance_));
    logs_.emplace(spill_->path() + "/logs");
    GM_ASSIGN_OR_RETURN(shuffle_server_,
                        ShuffleServer::Start(options_.listen, spill_->path(), fetches_max,
                                             options_.shuffle_compression));
    GM_ASSIGN_OR_RETURN(blobs_,
                        BlobStore::Open(spill_->path() + "/blobs", {.bytes_max = kFilesBytesMax}));
    job_files_.emplace(
        blobs_.get(), kFilesBytesMax,
        [this](const v1::ShippedFile& file, BlobStore* store) {
          return blob_client_.Fetch(file, store);
        },
        [this](JobId job, const absl::Status& status) {
          loop_.Post([this, job, status] { gate_.OnPrepared(job, status); });
        });
    disk_.emplace(spill_->path(), options_.spill_reserve_bytes);
    shuffle_address_ = JoinHostPort(host, shuffle_server_->port());
    setup_ = {{slots_, memory_bytes_, options_.gpus}, spill_->path()};
    runner_socket_ = RunnerSocket(spill_->path(), instance_);
    GM_ASSIGN_OR_RETURN(runner_service_, RunnerService::Start(runner_socket_, RunnerEvents()));
    GM_ASSIGN_OR_RETURN(processes_, StartProcesses());
    loop_.Post([this] { session_ = StartSession(); });
    return absl::OkStatus();
  }

  absl::Status Wait() override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&ended_));
    return result_;
  }

  void Drain() override { Post(DrainRequested{}); }

 private:
  // --- What comes in ---------------------------------------------------------------------------
  void Post(Input input) {
    loop_.Post([this, input = std::move(input)] { Handle(input); });
  }

  RunnerService::Events RunnerEvents() {
    return {.connected = [this](RunnerId id) { Post(RunnerConnected{id}); },
            .message =
                [this](RunnerId id, v1::RunnerMessage message) {
                  loop_.Post([this, id, message = std::move(message)]() mutable {
                    if (const auto input = InputOf(id, std::move(message))) Handle(*input);
                    runner_service_->ReadNext(id);
                  });
                },
            .detached = [this](RunnerId id) { Post(RunnerDetached{id}); }};
  }

  absl::StatusOr<std::unique_ptr<RunnerProcesses>> StartProcesses() {
    return RunnerProcesses::Create(
        options_.runner_binary.empty() ? "/proc/self/exe" : options_.runner_binary,
        [this](RunnerDied died) {
          loop_.Post([this, died = std::move(died)] {
            runner_service_->Forget(died.runner);
            logs_->Unbind(died.runner);
            Handle(died);
          });
        },
        [this](RunnerId runner, const LogOrigin& origin, std::string_view line) {
          logs_->Append(runner, origin, line, absl::ToUnixMillis(absl::Now()));
        });
  }

  std::unique_ptr<SessionClient> StartSession() {
    return SessionClient::Start(
        {.coordinator = options_.coordinator, .reconnect_for_ms = options_.reconnect_for_ms},
        {.opened =
             [this] {
               loop_.Post([this] {
                 LookAtDisk();
                 Handle(SessionOpened{});
               });
             },
         .message =
             [this](v1::CoordinatorMessage message) {
               loop_.Post([this, message = std::move(message)]() mutable {
                 HandleMessage(std::move(message));
               });
             },
         .broken =
             [this](const absl::Status& status) {
               spdlog::warn("no session with the coordinator at {} ({}); trying again",
                            options_.coordinator, Message(status));
               Post(SessionBroken{});
             },
         .lost =
             [this](const absl::Status& status) {
               loop_.Post([this, status] {
                 lost_ = status;
                 Handle(SessionLost{Message(status)});
               });
             }});
  }

  void HandleMessage(v1::CoordinatorMessage message) {
    if (message.has_registered()) {
      spdlog::info("registered at {} as worker {} with {} slots, shuffle service at {}",
                   options_.coordinator, message.registered().worker(), slots_, shuffle_address_);
    }
    if (message.has_job_start()) {
      gate_.Learn(JobId(message.job_start().job()), message.job_start().plan().request());
    }
    if (message.has_read_log()) Answer(message.read_log());
    for (const Input& input : InputsOf(std::move(message), setup_)) Handle(input);
    session_->ReadNext();
  }

  void Answer(const v1::ReadLog& asked) {
    v1::WorkerMessage message;
    v1::LogRead& answer = *message.mutable_log_read();
    answer.set_query(asked.query());
    *answer.mutable_page() = logs_->Read(asked);
    session_->Send(std::move(message));
  }

  RunnerGate::Ports GatePorts() {
    return {.prepare =
                [this](JobId job, const v1::JobRequest& request) {
                  job_files_->Prepare(job, request, FilesDirectory(job));
                },
            .spawn =
                [this](const StartRunner& start, bool brings_files) {
                  Spawn(start);
                  if (brings_files) Post(RunnerSpawned{start.runner});
                },
            .refuse =
                [this](RunnerId runner, const std::string& why) {
                  Post(RunnerDied{runner, RunnerDied::How::kNotStarted, 0, why, {}});
                },
            .discard = [this](JobId job) { spill_->DeleteJob(job); }};
  }

  // At every heartbeat at least.
  void LookAtDisk() {
    if (disk_->Look()) Handle(DiskSpaceChanged{disk_->is_short()});
  }

  void Handle(const Input& input) {
    for (const Output& output : core_.Step(input, EventLoop::Now())) {
      std::visit([this](const auto& typed) { Perform(typed); }, output);
    }
  }

  // --- What goes out ---------------------------------------------------------------------------
  void Perform(const SendRegister& registration) {
    v1::WorkerMessage message;
    v1::Register& wire = *message.mutable_register_();
    wire.set_instance(instance_);
    wire.set_name(ProcessName());
    wire.set_slots(slots_);
    wire.set_memory_bytes(memory_bytes_);
    wire.set_gpus(options_.gpus);
    for (const std::string& label : options_.labels) wire.add_labels(label);
    wire.set_shuffle_address(shuffle_address_);
    if (options_.share_spill_directory) wire.set_spill_directory(spill_->path());
    wire.set_version(GRISTMILL_VERSION);
    for (const AttemptId id : registration.running) wire.add_running_attempts(id.value());
    for (const JobId id : registration.jobs) wire.add_jobs(id.value());
    session_->Send(std::move(message));
  }
  void Perform(const SendHeartbeat& heartbeat) { session_->Send(MessageOf(heartbeat)); }
  void Perform(const SendReports& reports) {
    for (v1::WorkerMessage& message : MessagesOf(reports)) session_->Send(std::move(message));
  }
  void Perform(const SendDrain&) {
    spdlog::info("draining: no new tasks, at most {} s", options_.drain_deadline_ms / 1000);
    v1::WorkerMessage message;
    message.mutable_drain();
    session_->Send(std::move(message));
  }
  void Perform(const SendGoodbye&) {
    v1::WorkerMessage message;
    message.mutable_goodbye();
    session_->Send(std::move(message));
  }
  void Perform(const ResetSession& reset) {
    spdlog::warn("{}; connecting again", reset.reason);
    session_->Reset();
  }

  std::string FilesDirectory(JobId job) const {
    return JobFilesDirectory(spill_->path(), job.value());
  }

  void Perform(const StartRunner& start) { gate_.Start(start); }
  void Spawn(const StartRunner& start) {
    const std::string token = RandomHex();
    runner_service_->Expect(start.runner, token);
    if (start.job) logs_->Bind(start.runner, start.job);
    std::vector<std::string> variables = {
        fmt::format("{}={}", kRunnerSocketVariable, runner_socket_),
        fmt::format("{}={}", kRunnerTokenVariable, token),
        fmt::format("{}={}", kRunnerParentVariable, getpid())};
    if (const auto& bytes = options_.runner_memory_bytes) {
      variables.push_back(fmt::format("{}={}", kRunnerMemoryVariable,
                                      *bytes == 0 ? "none" : std::to_string(*bytes)));
    }
    const absl::Status started = processes_->Start(
        start.runner,
        {.job = start.job, .threads = start.alone ? 1 : slots_, .variables = std::move(variables)});
    if (started.ok()) return;
    spdlog::error("{}", Message(started));
    runner_service_->Forget(start.runner);
    logs_->Unbind(start.runner);
    Post(RunnerDied{start.runner, RunnerDied::How::kNotStarted, 0, Message(started), {}});
  }
  void Perform(const GiveRunner& give) {
    processes_->Give(give.runner, give.job);
    logs_->Bind(give.runner, give.job);
  }
  void Perform(const ForwardToRunner& forward) {
    runner_service_->Send(forward.runner, CommandOf(forward));
  }
  void Perform(const CancelOnRunner& cancel) {
    runner_service_->Send(cancel.runner, CommandOf(cancel));
  }
  void Perform(const CutOnRunner& cut) { runner_service_->Send(cut.runner, CommandOf(cut)); }
  void Perform(const StopRunner& stop) {
    v1::RunnerCommand command;
    command.mutable_stop();
    runner_service_->Send(stop.runner, std::move(command));
  }
  void Perform(const KillRunner& kill) {
    if (!gate_.Stop(kill.runner)) processes_->Kill(kill.runner);
  }

  void Perform(const DeleteAttemptFiles& files) {
    spill_->DeleteAttempts(files.job, files.attempts);
  }
  void Perform(const DeleteJobFiles& files) {
    gate_.Forget(files.job);
    spill_->DeleteJob(files.job);
    logs_->EndJob(files.job);
  }
  void Perform(const DeleteAllFiles&) {
    gate_.ForgetAll();
    spill_->DeleteAllJobs();
    logs_->DeleteAll();
  }

  void Perform(const Exit& exit) {
    if (session_ != nullptr) session_->Finish(kFarewellMax);
    absl::MutexLock lock(&mutex_);
    result_ = exit.reason.empty() ? absl::OkStatus() : lost_;
    ended_ = true;
  }

  // Constant once begun.
  const WorkerOptions options_;
  const std::uint32_t slots_;
  // Read once: a worker that registers again is to be the same.
  const std::uint64_t memory_bytes_ = options_.memory_bytes > 0 ? options_.memory_bytes
                                                                : AvailableMemory();
  const std::string instance_;
  std::unique_ptr<SpillDirectory> spill_;
  std::optional<JobLogs> logs_;  // thread-safe
  std::string shuffle_address_;
  std::string runner_socket_;
  RunnerSetup setup_;

  BlobClient blob_client_;
  std::unique_ptr<BlobStore> blobs_;
  std::optional<JobFiles> job_files_;

  // The loop's thread only.
  RunnerGate gate_{GatePorts()};
  WorkerCore core_;
  std::optional<DiskWatch> disk_;  // once begun
  absl::Status lost_;

  absl::Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status result_ ABSL_GUARDED_BY(mutex_);

  EventLoop loop_;
  std::unique_ptr<ShuffleServer> shuffle_server_;
  std::unique_ptr<RunnerService> runner_service_;
  std::unique_ptr<RunnerProcesses> processes_;
  std::unique_ptr<SessionClient> session_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Start(const WorkerOptions& options) {
  const std::uint32_t slots = options.slots == 0 ? AvailableCpus() : options.slots;
  auto worker = std::make_unique<WorkerProcess>(options, slots);
  GM_RETURN_IF_ERROR(worker->Begin());
  return worker;
}

}  // namespace gristmill::worker

#include "coordinator/server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/process.h"
#include "base/status.h"
#include "coordinator/journal/journal.h"
#include "coordinator/object_description.h"
#include "coordinator/rpc/background_thread.h"
#include "coordinator/rpc/blob_service.h"
#include "coordinator/rpc/committer.h"
#include "coordinator/rpc/driver.h"
#include "coordinator/rpc/job_service.h"
#include "coordinator/rpc/listen_address.h"
#include "coordinator/rpc/session_service.h"
#include "coordinator/rpc/shell.h"
#include "coordinator/rpc/submissions.h"
#include "storage/blob_store.h"
#include "storage/disk_space.h"
#include "storage/file.h"

namespace gristmill::coordinator {
namespace {

// Plans name input files, shuffle sources name map tasks: admission keeps both below this.
constexpr int kMessageBytesMax = 64 << 20;
constexpr std::size_t kAdmissionsMax = 100;
// Two for each stream of BlobService, which bounds these.
constexpr std::size_t kFileWorksMax = 10'000;
// A file is often submitted again with the next try of a job.
constexpr DurationMs kKeepUnusedFilesMs = 3'600'000;
constexpr auto kShutdownTime = std::chrono::seconds(3);
// A peer that does not answer a ping for this long is gone.
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
// Clients and workers ping too; gRPC would hang up on more than one in 5 minutes.
constexpr int kPingIntervalMinMs = 1'000;

// What gRPC has to say is for debugging: errors reach people as sentences.
void LogFromGrpc(gpr_log_func_args* args) { spdlog::debug("grpc: {}", args->message); }

void SetChannelArguments(grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(kMessageBytesMax);
  builder->SetMaxSendMessageSize(kMessageBytesMax);
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kPingIntervalMinMs);
}

class GrpcServer final : public Server {
 public:
  GrpcServer() : committer_([this](OutputCommitted done) { PostCommitted(std::move(done)); }) {}
  ~GrpcServer() override { GrpcServer::Shutdown(); }

  absl::Status Start(const ServerOptions& options);
  int port() const override { return port_; }
  void Shutdown() override;

 private:
  absl::Status Recover(const ServerOptions& options);
  absl::Status OpenFiles(const ServerOptions& options);
  absl::Status Listen(const std::string& address);
  void PostCommitted(OutputCommitted done) {
    shell_->Post([done = std::move(done)](Driver& driver) { driver.Step(done); });
  }

  // The order of destruction is the reverse: streams, then the shell, then the threads it feeds.
  std::unique_ptr<BlobStore> files_;
  Committer committer_;
  BackgroundThread admissions_{kAdmissionsMax};
  BackgroundThread file_thread_{kFileWorksMax};
  std::unique_ptr<Shell> shell_;
  std::unique_ptr<Submissions> submissions_;
  std::unique_ptr<JobService> job_service_;
  std::unique_ptr<SessionService> session_service_;
  std::unique_ptr<BlobService> blob_service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

absl::Status GrpcServer::Start(const ServerOptions& options) {
  gpr_set_log_function(LogFromGrpc);
  RaiseOpenFilesLimit();  // each unfinished job holds one, by which it owns its output directory
  const std::string describing = options.journal_path + ".describing";
  RemoveDescribing(describing);  // before the journal may need the room
  GM_RETURN_IF_ERROR(Recover(options));
  submissions_ = std::make_unique<Submissions>(
      shell_.get(), &admissions_, &committer_, files_.get(), describing,
      Submissions::Limits{.running_jobs_max = options.running_jobs,
                          .queued_jobs_max = options.queued_jobs,
                          .tasks_max = options.unfinished_tasks});
  job_service_ = std::make_unique<JobService>(shell_.get(), submissions_.get());
  session_service_ = std::make_unique<SessionService>(shell_.get(), GRISTMILL_VERSION);
  blob_service_ = std::make_unique<BlobService>(files_.get(), &file_thread_);
  GM_RETURN_IF_ERROR(Listen(options.listen));
  shell_->Start();
  return absl::OkStatus();
}

absl::Status GrpcServer::Recover(const ServerOptions& options) {
  GM_ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal,
                      Journal::Open(options.journal_path, {options.compact_bytes_min}));
  GM_RETURN_IF_ERROR(OpenFiles(options));
  Driver::Options driver_options;
  driver_options.files = files_.get();
  driver_options.on_files_released = [this] {
    file_thread_.Run([this] { files_->RemoveUnused(kKeepUnusedFilesMs); });
  };
  driver_options.limits = {.lease_ms = options.lease_ms,
                           .speculation = options.speculation,
                           .quarantine_ms = options.quarantine_ms,
                           .ended_jobs_max = std::max<std::size_t>(options.keep_jobs, 1),
                           .ended_tasks_max = options.keep_tasks,
                           .running_jobs_max = std::max<std::size_t>(options.running_jobs, 1)};
  driver_options.heartbeat_ms = options.heartbeat_ms;
  GM_ASSIGN_OR_RETURN(shell_, Shell::Recover(std::move(journal), std::make_unique<Driver>(
                                                                     driver_options, &committer_)));
  return absl::OkStatus();
}

absl::Status GrpcServer::OpenFiles(const ServerOptions& options) {
  const std::string directory = options.journal_path + ".files";
  GM_RETURN_IF_ERROR(MakeDirectories(directory));
  // Where the journal can't grow the coordinator ends.
  const DiskSpace disk = DiskSpaceOf(directory).value_or(DiskSpace());
  GM_ASSIGN_OR_RETURN(
      files_, BlobStore::Open(directory, {.bytes_max = options.file_bytes,
                                          .reserve_bytes = DefaultDiskReserve(disk.all_bytes),
                                          .sync = true}));
  return absl::OkStatus();
}

absl::Status GrpcServer::Listen(const std::string& address) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetChannelArguments(&builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(job_service_.get());
  builder.RegisterService(session_service_.get());
  builder.RegisterService(blob_service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) return DiagnoseListen(address);
  return absl::OkStatus();
}

void GrpcServer::Shutdown() {
  if (server_ != nullptr) {
    const absl::Status stopping = Unavailable("the coordinator is stopping");
    job_service_->CloseWatches(stopping);
    session_service_->CloseAll(stopping);
    // Returns when every reactor is done; the shell and the admissions still answer them.
    server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
    server_->Wait();
    server_.reset();
  }
  file_thread_.Stop();
  admissions_.Stop();
  committer_.Stop();
  if (shell_ != nullptr) shell_->Stop();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  auto server = std::make_unique<GrpcServer>();
  GM_RETURN_IF_ERROR(server->Start(options));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace gristmill::coordinator

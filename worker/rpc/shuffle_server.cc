#include "worker/rpc/shuffle_server.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/check.h"
#include "base/status.h"
#include "gristmill/v1/shuffle_service.grpc.pb.h"
#include "worker/pipeline/segment_compression.h"
#include "worker/pipeline/segment_transfer.h"
#include "worker/pipeline/task_executor.h"
#include "worker/rpc/grpc_status.h"
#include "worker/runner/thread_pool.h"

namespace gristmill::worker {
namespace {

constexpr std::uint32_t kReadingThreads = 4;
// Sockets, logs, runners' pipes, and what libraries need.
constexpr std::uint64_t kOtherFilesMax = 256;
constexpr std::uint64_t kFetchesMin = 16;
constexpr int kOutputsPerFetchMax = 1000;
// Pieces get smaller where many fetches are served: a thousand readers that stall must not hold
// gigabytes, of which gRPC has a copy.
constexpr std::size_t kPiecesBytes = 64 << 20;
constexpr std::size_t kPieceBytesMin = 64 << 10;
constexpr std::chrono::milliseconds kShutdownGrace(500);
constexpr std::size_t kPeersMax = 4'096;

absl::Status Check(const v1::FetchRequest& request) {
  if (request.tasks_size() == 0 || request.tasks_size() > kOutputsPerFetchMax) {
    return InvalidArgument("a fetch asks for 1 to {} outputs, not {}", kOutputsPerFetchMax,
                           request.tasks_size());
  }
  if (request.tasks_size() != request.attempts_size()) {
    return InvalidArgument("a fetch names an attempt for every task, not {} for {}",
                           request.attempts_size(), request.tasks_size());
  }
  return absl::OkStatus();
}

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// "ipv4:10.0.0.7:1234" without the port.
std::string HostOf(const std::string& peer) { return peer.substr(0, peer.rfind(':')); }

// What is known of the links to readers' hosts. Thread-safe.
class Links {
 public:
  explicit Links(ShuffleCompression compression) : compression_(compression) {}

  bool ShouldCompressFor(const std::string& host) {
    if (compression_ != ShuffleCompression::kWherePays) {
      return compression_ == ShuffleCompression::kAlways;
    }
    absl::MutexLock lock(&mutex_);
    return GainOf(host).ShouldTry();
  }
  void OnCompressed(const std::string& host, std::size_t piece_bytes, std::size_t compressed_bytes,
                    double seconds) {
    absl::MutexLock lock(&mutex_);
    GainOf(host).OnCompressed(piece_bytes, compressed_bytes, seconds);
  }
  void OnSent(const std::string& host, std::size_t bytes, double seconds) {
    absl::MutexLock lock(&mutex_);
    GainOf(host).OnSent(bytes, seconds);
  }

 private:
  CompressionGain& GainOf(const std::string& host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (gains_.size() >= kPeersMax && !gains_.contains(host)) gains_.clear();
    return gains_[host];
  }

  const ShuffleCompression compression_;
  absl::Mutex mutex_;
  std::map<std::string, CompressionGain> gains_ ABSL_GUARDED_BY(mutex_);
};

// What fetches share; outlives them.
struct Serving {
  const std::string spill_directory;
  const int fetches_max;
  std::atomic<int> fetches{0};
  Links links;

  // Read of a run file at once, for one of the fetches.
  std::size_t PieceBytes() const {
    const auto fetches_now = static_cast<std::size_t>(std::max(fetches.load(), 1));
    return std::clamp(kPiecesBytes / fetches_now, kPieceBytesMin, kSegmentPieceBytesMax);
  }
  // Each fetch has at most one piece of work waiting, so the queue can't overflow.
  ThreadPool readers{kReadingThreads, static_cast<std::size_t>(fetches_max)};
};

// One call: a piece is read by the pool, written by gRPC, and only then is the next one read. So a
// slow reader costs one message and no thread. Deletes itself when it is done.
class Fetch : public grpc::ServerWriteReactor<v1::SegmentChunk> {
 public:
  Fetch(Serving& serving, const v1::FetchRequest& request, std::string host)
      : serving_(serving), request_(request), host_(std::move(host)) {
    const absl::Status valid = Check(request);
    if (serving_.fetches.fetch_add(1) >= serving_.fetches_max) {
      Finish(
          {grpc::StatusCode::RESOURCE_EXHAUSTED, "the worker serves too many fetches; try again"});
    } else if (!valid.ok()) {
      Finish(ToGrpc(valid));
    } else {
      ReadSoon();
    }
  }

 private:
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    serving_.links.OnSent(host_, chunk_.data().size(), SecondsSince(write_began_));
    if (chunk_.last()) {
      exporter_.reset();
      if (++index_ == request_.tasks_size()) return Finish(grpc::Status::OK);
    }
    ReadSoon();
  }

  void OnDone() override {
    serving_.fetches.fetch_sub(1);
    delete this;
  }

  void ReadSoon() {
    GM_CHECK(serving_.readers.Submit([this] { ReadNow(); }));
  }

  void ReadNow() {
    const absl::Status status = Read();
    if (!status.ok()) return Finish(ToGrpc(status));
    write_began_ = Clock::now();
    StartWrite(&chunk_);
  }

  absl::Status Read() {
    const TaskRef task{JobId(request_.job()), request_.stage(), request_.tasks(index_)};
    const AttemptId attempt(request_.attempts(index_));
    if (!exporter_.has_value()) {
      const std::string path = RunFilePath(serving_.spill_directory, task.job.value(), task.stage,
                                           task.task, attempt.value());
      GM_ASSIGN_OR_RETURN(
          exporter_, SegmentExporter::Open(path, RunFileId{task, attempt}, request_.partition()));
    }
    GM_ASSIGN_OR_RETURN(const SegmentPiece piece,
                        exporter_->Next(chunk_.mutable_data(), serving_.PieceBytes()));
    chunk_.set_index(static_cast<std::uint32_t>(index_));
    chunk_.set_run(piece.run);
    chunk_.set_last(piece.last);
    chunk_.set_piece_bytes(0);
    if (request_.takes_lz4() && serving_.links.ShouldCompressFor(host_)) Compress();
    return absl::OkStatus();
  }

  void Compress() {
    const std::size_t piece_bytes = chunk_.data().size();
    const Clock::time_point begin = Clock::now();
    const bool is_smaller = CompressPiece(chunk_.data(), &compressed_);
    serving_.links.OnCompressed(host_, piece_bytes, is_smaller ? compressed_.size() : piece_bytes,
                                SecondsSince(begin));
    if (!is_smaller) return;
    chunk_.set_piece_bytes(static_cast<std::uint32_t>(piece_bytes));
    chunk_.mutable_data()->swap(compressed_);
  }

  Serving& serving_;
  const v1::FetchRequest request_;
  const std::string host_;  // of the reader
  int index_ = 0;           // of the output being sent
  std::optional<SegmentExporter> exporter_;
  v1::SegmentChunk chunk_;  // being written
  Clock::time_point write_began_;
  std::string compressed_;
};

class Service : public v1::ShuffleService::CallbackService {
 public:
  explicit Service(Serving& serving) : serving_(serving) {}
  grpc::ServerWriteReactor<v1::SegmentChunk>* Fetch(grpc::CallbackServerContext* context,
                                                    const v1::FetchRequest* request) override {
    return new worker::Fetch(serving_, *request, HostOf(context->peer()));
  }

 private:
  Serving& serving_;
};

class GrpcShuffleServer : public ShuffleServer {
 public:
  GrpcShuffleServer(const std::string& spill_directory, int fetches_max,
                    ShuffleCompression compression)
      : serving_{.spill_directory = spill_directory,
                 .fetches_max = fetches_max,
                 .links = Links(compression)},
        service_(serving_) {}
  ~GrpcShuffleServer() override {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    server_->Wait();
  }

  absl::Status Listen(const std::string& listen) {
    grpc::ServerBuilder builder;
    // Two workers on one port would each get a part of the fetches.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ != nullptr && port_ != 0) return absl::OkStatus();
    return Unavailable(
        "can't listen on {} for the shuffle service: the port is in use or the address is not of "
        "this host; choose another with --listen HOST:PORT",
        listen);
  }
  int port() const override { return port_; }

 private:
  Serving serving_;
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

int FetchesMaxFor(std::uint64_t open_files_max) {
  const std::uint64_t left = open_files_max - std::min(open_files_max, kOtherFilesMax);
  return static_cast<int>(std::clamp<std::uint64_t>(left, kFetchesMin, kFetchesMax));
}

absl::StatusOr<std::unique_ptr<ShuffleServer>> ShuffleServer::Start(
    const std::string& listen, const std::string& spill_directory, int fetches_max,
    ShuffleCompression compression) {
  auto server = std::make_unique<GrpcShuffleServer>(spill_directory, fetches_max, compression);
  GM_RETURN_IF_ERROR(server->Listen(listen));
  return server;
}

}  // namespace gristmill::worker

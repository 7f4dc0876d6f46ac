#include "coordinator/rpc/blob_service.h"

#include <grpcpp/alarm.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/shipping_limits.h"
#include "base/status.h"
#include "base/units.h"
#include "coordinator/rpc/grpc_status.h"
#include "storage/file.h"
#include "storage/sha256.h"

namespace gristmill::coordinator {
namespace {

constexpr int kUploadsMax = 100;
constexpr int kDownloadsMax = 1'000;

}  // namespace

grpc::ServerUnaryReactor* BlobService::FindMissing(Context* context,
                                                   const v1::FindMissingRequest* request,
                                                   v1::FindMissingResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (request->sha256_size() > static_cast<int>(kShippedFilesMax)) {
    reactor->Finish(ToGrpc(InvalidArgument("{} files are more than the {} that may come with a job",
                                           request->sha256_size(), kShippedFilesMax)));
    return reactor;
  }
  const bool taken = files_->TryRun([this, reactor, request, response] {
    for (const std::string& sha256 : request->sha256()) {
      if (!store_->Has(sha256)) response->add_sha256(sha256);
    }
    reactor->Finish(grpc::Status::OK);
  });
  if (!taken) {
    reactor->Finish(ToGrpc(Unavailable("the coordinator is busy with other files; try again")));
  }
  return reactor;
}

// Owns itself until it is done.
class BlobService::Uploading final : public grpc::ServerReadReactor<v1::UploadPiece>,
                                     public std::enable_shared_from_this<Uploading> {
 public:
  static Uploading* Start(BlobService* service) {
    const std::shared_ptr<Uploading> uploading(new Uploading(service));
    uploading->self_ = uploading;
    if (service->uploads_.fetch_add(1) < kUploadsMax) {
      uploading->ReadNext();
    } else {  // the client tries again, as it does not where there is no room
      uploading->End(Aborted("the coordinator takes {} files already; try again", kUploadsMax));
    }
    return uploading.get();
  }

 private:
  explicit Uploading(BlobService* service) : service_(service) {}

  void ReadNext() {
    absl::MutexLock lock(&mutex_);
    if (ended_) return;
    // Not set twice: an alarm that was cancelled may still be on its way.
    piece_deadline_.emplace();
    piece_deadline_->Set(
        std::chrono::system_clock::now() + std::chrono::milliseconds(service_->piece_time_ms_),
        [weak = weak_from_this(), ms = service_->piece_time_ms_](bool expired) {
          if (!expired) return;
          if (const auto uploading = weak.lock()) {
            uploading->End(
                Aborted("nothing of the file came for {}; send it again", FormatDuration(ms)));
          }
        });
    StartRead(&piece_);
  }

  void End(const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (!std::exchange(ended_, true)) Finish(ToGrpc(status));
  }

  void OnReadDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      piece_deadline_.reset();
    }
    service_->files_->Run([this, ok] {
      const absl::Status taken = ok ? Take() : TakeEnd();
      if (!ok || !taken.ok()) return End(taken);
      ReadNext();
    });
  }

  void OnDone() override {
    service_->uploads_.fetch_sub(1);
    service_->files_->Run([self = std::move(self_)] {});  // its file is removed unless it is whole
  }

  absl::Status Take() {
    if (writer_ == nullptr) {
      GM_ASSIGN_OR_RETURN(writer_, service_->store_->Begin(piece_.sha256(), piece_.bytes()));
    }
    if (piece_.data().size() > kBlobPieceBytesMax) {
      return InvalidArgument("a piece of a file has {} bytes, and {} is the most",
                             piece_.data().size(), kBlobPieceBytesMax);
    }
    return writer_->Append(piece_.data());
  }

  absl::Status TakeEnd() {
    return writer_ == nullptr ? InvalidArgument("no file came") : writer_->Finish();
  }

  BlobService* const service_;
  std::shared_ptr<Uploading> self_;  // until OnDone
  v1::UploadPiece piece_;            // being read
  std::unique_ptr<BlobWriter> writer_;
  absl::Mutex mutex_;
  std::optional<grpc::Alarm> piece_deadline_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

grpc::ServerReadReactor<v1::UploadPiece>* BlobService::Upload(Context*, v1::UploadResponse*) {
  return Uploading::Start(this);
}

// Deletes itself when it is done.
class BlobService::Downloading final : public grpc::ServerWriteReactor<v1::DownloadPiece> {
 public:
  Downloading(BlobService* service, std::string sha256)
      : service_(service), sha256_(std::move(sha256)) {
    if (service_->downloads_.fetch_add(1) >= kDownloadsMax) {
      Finish(
          ToGrpc(Unavailable("the coordinator serves {} files already; try again", kDownloadsMax)));
    } else {
      ReadSoon();
    }
  }

 private:
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    ReadSoon();
  }

  void OnDone() override {
    service_->downloads_.fetch_sub(1);
    delete this;
  }

  void ReadSoon() {
    service_->files_->Run([this] {
      const absl::StatusOr<bool> more = ReadNext();
      if (!more.ok() || !*more) return Finish(ToGrpc(more.status()));
      StartWrite(&piece_);
    });
  }

  // False at the end.
  absl::StatusOr<bool> ReadNext() {
    if (!file_.is_open()) {
      if (!service_->store_->Has(sha256_)) {
        return NotFound("the coordinator does not have the file; submit the job again");
      }
      GM_ASSIGN_OR_RETURN(file_, File::OpenForReading(service_->store_->PathOf(sha256_)));
    }
    std::string& data = *piece_.mutable_data();
    data.resize(kBlobPieceBytesMax);
    const absl::StatusOr<std::size_t> bytes = file_.ReadAt(offset_, data.data(), data.size());
    if (!bytes.ok()) return Damaged(bytes.status());
    data.resize(*bytes);
    hash_.Update(data);
    offset_ += *bytes;
    if (*bytes > 0) return true;
    if (hash_.Finish() != sha256_) return Damaged(DataLoss("its contents changed"));
    return false;
  }

  // So that the next one who asks hears that it is missing, and sends it again.
  absl::Status Damaged(const absl::Status& why) {
    spdlog::error("removing '{}', which is damaged: {}", file_.path(), Message(why));
    service_->store_->Discard(sha256_);
    return DataLoss("the coordinator's copy of the file was damaged; submit the job again");
  }

  BlobService* const service_;
  const std::string sha256_;
  Sha256 hash_;  // of what was read
  File file_;
  std::uint64_t offset_ = 0;
  v1::DownloadPiece piece_;  // being written
};

grpc::ServerWriteReactor<v1::DownloadPiece>* BlobService::Download(
    Context*, const v1::DownloadRequest* request) {
  return new Downloading(this, request->sha256());
}

}  // namespace gristmill::coordinator

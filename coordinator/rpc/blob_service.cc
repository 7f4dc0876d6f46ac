#include "coordinator/rpc/blob_service.h"

#include <memory>
#include <utility>

#include "base/shipping_limits.h"
#include "base/status.h"
#include "coordinator/rpc/grpc_status.h"
#include "storage/file.h"

namespace gristmill::coordinator {
namespace {

constexpr int kUploadsMax = 100;
constexpr int kDownloadsMax = 1'000;

}  // namespace

grpc::ServerUnaryReactor* BlobService::FindMissing(Context* context,
                                                   const v1::FindMissingRequest* request,
                                                   v1::FindMissingResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Status status;
  if (request->sha256_size() > static_cast<int>(kShippedFilesMax)) {
    status = InvalidArgument("{} files are more than the {} that may come with a job",
                             request->sha256_size(), kShippedFilesMax);
  } else {
    for (const std::string& sha256 : request->sha256()) {
      if (!store_->Has(sha256)) response->add_sha256(sha256);
    }
  }
  reactor->Finish(ToGrpc(status));
  return reactor;
}

// Deletes itself when it is done.
class BlobService::Uploading final : public grpc::ServerReadReactor<v1::UploadPiece> {
 public:
  explicit Uploading(BlobService* service) : service_(service) {
    if (service_->uploads_.fetch_add(1) >= kUploadsMax) {
      Finish(ToGrpc(
          ResourceExhausted("the coordinator takes {} files already; try again", kUploadsMax)));
    } else {
      StartRead(&piece_);
    }
  }

 private:
  void OnReadDone(bool ok) override {
    service_->files_->Run([this, ok] {
      const absl::Status taken = ok ? Take() : TakeEnd();
      if (!ok || !taken.ok()) return Finish(ToGrpc(taken));
      StartRead(&piece_);
    });
  }

  void OnDone() override {
    service_->files_->Run([this] {  // its file is removed unless it is whole
      service_->uploads_.fetch_sub(1);
      delete this;
    });
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
  v1::UploadPiece piece_;  // being read
  std::unique_ptr<BlobWriter> writer_;
};

grpc::ServerReadReactor<v1::UploadPiece>* BlobService::Upload(Context*, v1::UploadResponse*) {
  return new Uploading(this);
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
    GM_ASSIGN_OR_RETURN(const std::size_t bytes, file_.ReadAt(offset_, data.data(), data.size()));
    data.resize(bytes);
    offset_ += bytes;
    return bytes > 0;
  }

  BlobService* const service_;
  const std::string sha256_;
  File file_;
  std::uint64_t offset_ = 0;
  v1::DownloadPiece piece_;  // being written
};

grpc::ServerWriteReactor<v1::DownloadPiece>* BlobService::Download(
    Context*, const v1::DownloadRequest* request) {
  return new Downloading(this, request->sha256());
}

}  // namespace gristmill::coordinator

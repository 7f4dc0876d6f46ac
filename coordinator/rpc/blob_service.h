// BlobService: takes in the files that come with jobs, and hands them out to workers.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>

#include "base/instant.h"
#include "coordinator/rpc/background_thread.h"
#include "gristmill/v1/blob_service.grpc.pb.h"
#include "storage/blob_store.h"

namespace gristmill::coordinator {

// A stream has one piece under way: it is read or written by a thread for files, not by gRPC's few,
// and the next one follows when that is done.
class BlobService final : public v1::BlobService::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;

  // A client that sends nothing of a file for so long has its upload ended.
  static constexpr DurationMs kPieceTimeMs = 60'000;

  // Both outlive the service and its calls.
  BlobService(BlobStore* store, BackgroundThread* files, DurationMs piece_time_ms = kPieceTimeMs)
      : store_(store), files_(files), piece_time_ms_(piece_time_ms) {}

  grpc::ServerUnaryReactor* FindMissing(Context* context, const v1::FindMissingRequest* request,
                                        v1::FindMissingResponse* response) override;
  grpc::ServerReadReactor<v1::UploadPiece>* Upload(Context* context,
                                                   v1::UploadResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadPiece>* Download(
      Context* context, const v1::DownloadRequest* request) override;

 private:
  class Uploading;
  class Downloading;

  BlobStore* const store_;
  BackgroundThread* const files_;
  const DurationMs piece_time_ms_;
  std::atomic<int> uploads_{0};
  std::atomic<int> downloads_{0};
};

}  // namespace gristmill::coordinator

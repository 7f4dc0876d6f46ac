#include "worker/rpc/blob_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/shipping_limits.h"
#include "base/stall_watch.h"
#include "base/status.h"
#include "base/units.h"
#include "gristmill/v1/blob_service.grpc.pb.h"
#include "worker/rpc/grpc_status.h"

namespace gristmill::worker {
namespace {

// As long as a coordinator may take to be started again. Since the last that came: a large file may
// have taken longer before.
constexpr absl::Duration kRetryFor = absl::Minutes(1);
constexpr absl::Duration kBackoffFirst = absl::Milliseconds(100);
constexpr absl::Duration kBackoffMost = absl::Seconds(2);

std::shared_ptr<grpc::Channel> Dial(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

absl::Status BlobClient::Fetch(const v1::ShippedFile& file, BlobStore* store) {
  absl::Time give_up = absl::Now() + kRetryFor;
  absl::Duration backoff = kBackoffFirst;
  for (;;) {
    bool moved = false;
    const absl::Status status = FetchOnce(file, store, &moved);
    if (status.ok()) return status;
    if (moved) {
      give_up = absl::Now() + kRetryFor;
      backoff = kBackoffFirst;
    }
    const bool again = absl::IsUnavailable(status) && absl::Now() + backoff < give_up;
    absl::MutexLock lock(&mutex_);
    if (!again || mutex_.AwaitWithTimeout(absl::Condition(&stopping_), backoff)) {
      return absl::Status(status.code(), fmt::format("can't fetch '{}' from the coordinator: {}",
                                                     file.name(), Message(status)));
    }
    backoff = std::min(backoff * 2, kBackoffMost);
  }
}

absl::Status BlobClient::FetchOnce(const v1::ShippedFile& file, BlobStore* store, bool* moved) {
  GM_ASSIGN_OR_RETURN(const auto writer, store->Begin(file.sha256(), file.bytes()));
  grpc::ClientContext context;  // without a deadline: large files and slow links take their time
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return Cancelled("the worker is leaving");
    calls_.insert(&context);
  }
  const auto stub = v1::BlobService::NewStub(Dial(coordinator_));
  v1::DownloadRequest request;
  request.set_sha256(file.sha256());
  StallWatch watch(kShippingStallMs, [&context] { context.TryCancel(); });
  const auto reader = stub->Download(&context, request);
  v1::DownloadPiece piece;
  absl::Status written;
  while (written.ok() && reader->Read(&piece)) {
    watch.Progress();
    *moved = true;
    written = writer->Append(piece.data());
  }
  if (!written.ok()) context.TryCancel();
  const absl::Status status = FromGrpc(reader->Finish());
  {
    absl::MutexLock lock(&mutex_);
    calls_.erase(&context);
  }
  if (!written.ok()) return written;
  if (absl::IsCancelled(status) && watch.stalled()) {
    return Unavailable("nothing of it came for {}", FormatDuration(kShippingStallMs));
  }
  return status.ok() ? writer->Finish() : status;
}

void BlobClient::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  for (grpc::ClientContext* call : calls_) call->TryCancel();
}

}  // namespace gristmill::worker

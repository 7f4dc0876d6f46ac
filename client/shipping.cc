#include "client/shipping.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/shipping_limits.h"
#include "base/stall_watch.h"
#include "base/status.h"
#include "base/units.h"
#include "client/grpc_status.h"
#include "storage/file.h"

namespace gristmill {
namespace {

constexpr absl::Duration kBackoffFirst = absl::Milliseconds(100);
constexpr absl::Duration kBackoffMost = absl::Seconds(2);

absl::StatusOr<std::set<std::string>> FindMissing(v1::BlobService::Stub& stub,
                                                  const std::vector<LocalFile>& files,
                                                  DurationMs within_ms) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(within_ms));
  v1::FindMissingRequest request;
  for (const LocalFile& file : files) request.add_sha256(file.file.sha256());
  v1::FindMissingResponse response;
  const grpc::Status status = stub.FindMissing(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return std::set<std::string>(response.sha256().begin(), response.sha256().end());
}

// False if the coordinator takes no more, or the file can't be read (then a status).
absl::StatusOr<bool> SendPieces(const LocalFile& local, grpc::ClientWriter<v1::UploadPiece>& writer,
                                StallWatch& watch) {
  GM_ASSIGN_OR_RETURN(const File file, File::OpenForReading(local.path));
  v1::UploadPiece piece;
  piece.set_sha256(local.file.sha256());
  piece.set_bytes(local.file.bytes());
  for (std::uint64_t offset = 0;;) {
    std::string& data = *piece.mutable_data();
    data.resize(kBlobPieceBytesMax);
    GM_ASSIGN_OR_RETURN(const std::size_t bytes, file.ReadAt(offset, data.data(), data.size()));
    data.resize(bytes);
    if (bytes == 0 && offset > 0) return true;
    if (!writer.Write(piece)) return false;
    watch.Progress();
    if (bytes == 0) return true;
    offset += bytes;
    piece.Clear();
  }
}

absl::Status UploadOnce(v1::BlobService::Stub& stub, const LocalFile& local, DurationMs stall_ms) {
  grpc::ClientContext context;  // without a deadline: large files and slow links take their time
  StallWatch watch(stall_ms, [&context] { context.TryCancel(); });
  v1::UploadResponse response;
  const auto writer = stub.Upload(&context, &response);
  const absl::StatusOr<bool> sent = SendPieces(local, *writer, watch);
  if (!sent.ok()) context.TryCancel();
  if (sent.ok() && *sent) writer->WritesDone();
  const absl::Status status = FromGrpc(writer->Finish());
  if (!sent.ok()) return sent.status();
  if (absl::IsCancelled(status) && watch.stalled()) {
    return FailedPrecondition(
        "the coordinator took nothing of it for {}; see whether it and the network are well, or "
        "put the file where all workers see it and pass its path as a parameter",
        FormatDuration(stall_ms));
  }
  return status;
}

// Again while the coordinator asks for that: it takes many other files.
absl::Status Upload(v1::BlobService::Stub& stub, const LocalFile& local,
                    const ShippingPatience& patience) {
  const absl::Time give_up = absl::Now() + absl::Milliseconds(patience.busy_ms);
  absl::Duration backoff = kBackoffFirst;
  absl::Status status = UploadOnce(stub, local, patience.stall_ms);
  while (absl::IsAborted(status) && absl::Now() + backoff < give_up) {
    absl::SleepFor(backoff);
    backoff = std::min(backoff * 2, kBackoffMost);
    status = UploadOnce(stub, local, patience.stall_ms);
  }
  if (status.ok() || absl::IsUnavailable(status)) return status;
  const auto code = absl::IsAborted(status) ? absl::StatusCode::kResourceExhausted : status.code();
  return absl::Status(code, fmt::format("can't ship '{}': {}", local.path, Message(status)));
}

}  // namespace

absl::Status ShipFiles(v1::BlobService::Stub& stub, const std::vector<LocalFile>& files,
                       const ShippingPatience& patience) {
  if (files.empty()) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(std::set<std::string> missing, FindMissing(stub, files, patience.ask_ms));
  for (const LocalFile& file : files) {
    if (missing.erase(file.file.sha256()) > 0) GM_RETURN_IF_ERROR(Upload(stub, file, patience));
  }
  return absl::OkStatus();
}

}  // namespace gristmill

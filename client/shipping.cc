#include "client/shipping.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "base/shipping_limits.h"
#include "base/status.h"
#include "client/grpc_status.h"
#include "storage/file.h"

namespace gristmill {
namespace {

constexpr std::chrono::seconds kAskDeadline(10);
// For a file, besides a second for each MiB.
constexpr std::chrono::seconds kUploadDeadline(60);

absl::StatusOr<std::set<std::string>> FindMissing(v1::BlobService::Stub& stub,
                                                  const std::vector<LocalFile>& files) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kAskDeadline);
  v1::FindMissingRequest request;
  for (const LocalFile& file : files) request.add_sha256(file.file.sha256());
  v1::FindMissingResponse response;
  const grpc::Status status = stub.FindMissing(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return std::set<std::string>(response.sha256().begin(), response.sha256().end());
}

// False if the coordinator takes no more, or the file can't be read (then a status).
absl::StatusOr<bool> SendPieces(const LocalFile& local,
                                grpc::ClientWriter<v1::UploadPiece>& writer) {
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
    if (bytes == 0) return true;
    offset += bytes;
    piece.Clear();
  }
}

absl::Status Upload(v1::BlobService::Stub& stub, const LocalFile& local) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kUploadDeadline +
                       std::chrono::seconds(local.file.bytes() >> 20));
  v1::UploadResponse response;
  const auto writer = stub.Upload(&context, &response);
  const absl::StatusOr<bool> sent = SendPieces(local, *writer);
  if (!sent.ok()) context.TryCancel();
  if (sent.ok() && *sent) writer->WritesDone();
  const absl::Status status = FromGrpc(writer->Finish());
  if (!sent.ok()) return sent.status();
  if (status.ok() || absl::IsUnavailable(status)) return status;
  return absl::Status(status.code(),
                      fmt::format("can't ship '{}': {}", local.path, Message(status)));
}

}  // namespace

absl::Status ShipFiles(v1::BlobService::Stub& stub, const std::vector<LocalFile>& files) {
  if (files.empty()) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(std::set<std::string> missing, FindMissing(stub, files));
  for (const LocalFile& file : files) {
    if (missing.erase(file.file.sha256()) > 0) GM_RETURN_IF_ERROR(Upload(stub, file));
  }
  return absl::OkStatus();
}

}  // namespace gristmill

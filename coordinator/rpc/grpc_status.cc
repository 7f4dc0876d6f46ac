#include "coordinator/rpc/grpc_status.h"

#include <string>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {
// gRPC's default header limit is 8 KiB, in which each byte beyond ASCII takes three.
constexpr std::size_t kSentenceBytesMax = 2 << 10;
}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  std::string sentence = Message(status);
  if (sentence.size() > kSentenceBytesMax) sentence = sentence.substr(0, kSentenceBytesMax) + "...";
  return {static_cast<grpc::StatusCode>(status.code()), sentence};
}

}  // namespace gristmill::coordinator

#include "cli/stream_flags.h"

#include <string_view>

#include "base/status.h"

namespace gristmill::cli {
namespace {

constexpr char kStream[] = "stream";

class ParamAdder {
 public:
  explicit ParamAdder(v1::JobRequest* request) : request_(request) {}

  absl::Status Add(std::string_view flag, const std::string& param, const std::string& value) {
    if (request_->job() != kStream) {
      return InvalidArgument("{} is for the job 'stream', not for '{}'; leave it out", flag,
                             request_->job());
    }
    if (request_->mutable_params()->insert({param, value}).second) return absl::OkStatus();
    return InvalidArgument("{} says what --param {} says already; keep one of them", flag, param);
  }

 private:
  v1::JobRequest* const request_;
};

absl::Status AddEnvironment(const std::string& text, ParamAdder* adder) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return InvalidArgument("--cmdenv '{}' is not of the form NAME=VALUE", text);
  }
  return adder->Add("--cmdenv", "env." + text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace

absl::Status AddStreamParams(const StreamFlags& flags, v1::JobRequest* request) {
  ParamAdder adder(request);
  struct Text {
    const char* flag;
    const char* param;
    const std::optional<std::string>& value;
  };
  const Text texts[] = {{"--mapper", "mapper", flags.mapper},
                        {"--combiner", "combiner", flags.combiner},
                        {"--reducer", "reducer", flags.reducer},
                        {"--separator", "separator", flags.separator},
                        {"--sort", "sort", flags.sort}};
  for (const auto& [flag, param, value] : texts) {
    if (value) GM_RETURN_IF_ERROR(adder.Add(flag, param, *value));
  }
  if (flags.key_fields) {
    GM_RETURN_IF_ERROR(adder.Add("--key-fields", "key_fields", std::to_string(*flags.key_fields)));
  }
  if (flags.partition_fields) {
    GM_RETURN_IF_ERROR(adder.Add("--partition-fields", "partition",
                                 fmt::format("-k1,{}", *flags.partition_fields)));
  }
  for (const std::string& text : flags.environment) {
    GM_RETURN_IF_ERROR(AddEnvironment(text, &adder));
  }
  return absl::OkStatus();
}

}  // namespace gristmill::cli

#include "cli/stream_flags.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

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

// The first word of `command` that names a file here, by a relative path, which `request` lacks.
std::string ForgottenFile(std::string_view command, const v1::JobRequest& request) {
  constexpr std::string_view kBetweenWords = " \t\n'\";&|()<>";
  while (!command.empty()) {
    const std::size_t begin = std::min(command.find_first_not_of(kBetweenWords), command.size());
    command.remove_prefix(begin);
    const std::string word(command.substr(0, command.find_first_of(kBetweenWords)));
    command.remove_prefix(word.size());
    std::error_code error;
    const std::filesystem::path path(word);
    if (path.is_absolute() || !std::filesystem::is_regular_file(path, error)) continue;
    const auto& files = request.files();
    const bool comes = std::any_of(files.begin(), files.end(), [&path](const auto& file) {
      return file.name() == path.lexically_normal().string();
    });
    if (!comes) return word;
  }
  return "";
}

}  // namespace

std::string HintAtForgottenFile(const v1::JobRequest& request) {
  if (request.job() != kStream) return "";
  for (const char* param : {"mapper", "combiner", "reducer"}) {
    const auto command = request.params().find(param);
    if (command == request.params().end()) continue;
    const std::string file = ForgottenFile(command->second, request);
    if (file.empty()) continue;
    return fmt::format(
        "note: the {} names '{}', a file in this directory that does not come with the job; to let "
        "its tasks find it add --file {}",
        param, file, file);
  }
  return "";
}

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

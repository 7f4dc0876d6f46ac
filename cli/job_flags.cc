#include "cli/job_flags.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "base/readable_text.h"
#include "base/status.h"
#include "base/units.h"
#include "plugin/job_object.h"
#include "storage/file.h"

namespace gristmill::cli {
namespace {

// `..` is left alone: behind a symbolic link it does not mean what the text suggests.
absl::StatusOr<std::string> Absolute(const std::string& path, std::string_view flag) {
  if (path.empty()) return InvalidArgument("{} names no path; give it a file or directory", flag);
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return InvalidArgument("can't make '{}' absolute: {}", path, error.message());
  std::filesystem::path clean;
  for (const std::filesystem::path& part : absolute) {
    if (part != "." && !part.empty()) clean /= part;
  }
  return clean.string();
}

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::Status AddParam(const std::string& text, v1::JobRequest* request) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return InvalidArgument(
        "--param '{}' is not of the form name=value; write for example --param {}=true", text,
        equals == 0 ? "lower" : text);
  }
  const std::string name = text.substr(0, equals);
  if (!request->mutable_params()->insert({name, text.substr(equals + 1)}).second) {
    return InvalidArgument("parameter '{}' is given twice; keep one of them", name);
  }
  return absl::OkStatus();
}

bool IsInputName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

// PATH or NAME=PATH; the job knows which (NamedInput).
absl::Status AddInput(const std::string& text, v1::JobRequest* request) {
  GM_ASSIGN_OR_RETURN(const std::string whole, Absolute(text, "--input"));
  request->add_inputs(whole);
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || !IsInputName(text.substr(0, equals))) return absl::OkStatus();
  if (equals + 1 == text.size()) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(const std::string path, Absolute(text.substr(equals + 1), "--input"));
  v1::NamedInput* const named = request->add_named_inputs();
  named->set_name(text.substr(0, equals));
  named->set_path(path);
  named->set_whole(whole);
  return absl::OkStatus();
}

absl::StatusOr<v1::OutputFormat> ParseOutputFormat(std::string_view text) {
  if (text.empty()) return v1::OUTPUT_FORMAT_UNSPECIFIED;
  if (text == "text") return v1::OUTPUT_FORMAT_TEXT;
  if (text == "records") return v1::OUTPUT_FORMAT_RECORD_FILE;
  if (text == "fixed") return v1::OUTPUT_FORMAT_FIXED_RECORDS;
  return InvalidArgument("--output-format '{}' is not known; it is text, records or fixed", text);
}

// Zero if the flag was not given.
absl::StatusOr<std::uint64_t> ParseSizeFlag(std::string_view flag, const std::string& text) {
  if (text.empty()) return 0;
  absl::StatusOr<std::uint64_t> bytes = ParseBytes(text);
  if (!bytes.ok()) return InvalidArgument("{}: {}", flag, Message(bytes.status()));
  if (*bytes == 0) return InvalidArgument("{} is zero; give it a size such as 64MiB", flag);
  return bytes;
}

absl::Status NotUtf8(std::string_view what, const std::string& text) {
  constexpr std::size_t kShownBytes = 100;
  return InvalidArgument(
      "{} is not UTF-8: {}; write it in UTF-8, or bring such bytes in a file, as with --file", what,
      Quoted(text.substr(0, kShownBytes), text.size() > kShownBytes));
}

// A message with other text would be refused without a word about what is wrong.
absl::Status CheckUtf8(const v1::JobRequest& request) {
  for (const std::string& name : {request.job(), request.object()}) {
    if (!IsUtf8(name)) {
      return InvalidArgument("the job's name is not UTF-8: {}; rename it", Quoted(name, false));
    }
  }
  for (const std::string& input : request.inputs()) {
    if (!IsUtf8(input)) {
      return InvalidArgument("--input is not UTF-8: {}; rename it", Quoted(input, false));
    }
  }
  if (!IsUtf8(request.output())) {
    return InvalidArgument("--output is not UTF-8: {}; choose another name",
                           Quoted(request.output(), false));
  }
  for (const auto& [name, value] : request.params()) {
    if (!IsUtf8(name)) return NotUtf8("the name of a parameter", name);
    if (!IsUtf8(value)) return NotUtf8(fmt::format("parameter '{}'", name), value);
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<ObjectName> ParseObjectName(const std::string& text) {
  const std::string name = FileName(text);
  const std::size_t colon = name.rfind(':');
  const std::string file = name.substr(0, colon);
  const bool is_object = text.find('/') != std::string::npos || file.ends_with(".so") ||
                         file.find(".so.") != file.npos;
  if (!is_object) return std::nullopt;
  return ObjectName{text.substr(0, text.size() - name.size()) + file,
                    colon == std::string::npos ? std::string() : name.substr(colon + 1)};
}

absl::StatusOr<v1::JobRequest> BuildRequest(const JobFlags& flags) {
  v1::JobRequest request;
  if (const std::optional<ObjectName> object = ParseObjectName(flags.job)) {
    request.set_job(object->job);
    request.set_object(FileName(object->path));
  } else {
    request.set_job(flags.job);
  }
  for (const std::string& input : flags.inputs) {
    GM_RETURN_IF_ERROR(AddInput(input, &request));
  }
  if (!flags.output.empty()) {
    GM_ASSIGN_OR_RETURN(*request.mutable_output(), Absolute(flags.output, "--output"));
  }
  for (const std::string& param : flags.params) GM_RETURN_IF_ERROR(AddParam(param, &request));
  GM_RETURN_IF_ERROR(AddStreamParams(flags.stream, &request));
  if (flags.partitions) request.set_partitions(*flags.partitions);
  request.set_splits(flags.splits);
  request.set_max_attempts(flags.max_attempts);
  request.set_skip_bad_records(flags.skip_bad_records);
  GM_ASSIGN_OR_RETURN(const std::uint64_t split_bytes,
                      ParseSizeFlag("--split-size", flags.split_size));
  request.set_split_bytes(split_bytes);
  GM_ASSIGN_OR_RETURN(const std::uint64_t memory_bytes, ParseSizeFlag("--memory", flags.memory));
  request.set_memory_bytes(memory_bytes);
  GM_RETURN_IF_ERROR(AddControl(flags.control, &request));
  GM_ASSIGN_OR_RETURN(const v1::OutputFormat format, ParseOutputFormat(flags.output_format));
  request.set_output_format(format);
  request.set_overwrite(flags.overwrite);
  GM_RETURN_IF_ERROR(CheckUtf8(request));
  return request;
}

namespace {

// PATH or PATH#NAME.
absl::StatusOr<LocalFile> BringFile(const std::string& text) {
  std::error_code error;
  // A file whose own name has the sign is there under all of the text.
  const std::size_t sign =
      std::filesystem::exists(text, error) ? std::string::npos : text.rfind('#');
  if (sign != std::string::npos && sign + 1 == text.size()) {
    return InvalidArgument("--file '{}' gives no name after '#'; write PATH#NAME, or only PATH",
                           text);
  }
  GM_ASSIGN_OR_RETURN(const std::string path, Absolute(text.substr(0, sign), "--file"));
  if (sign == std::string::npos) return DescribeLocalFile(path, "");
  absl::StatusOr<LocalFile> file = DescribeLocalFile(path, text.substr(sign + 1));
  if (!absl::IsNotFound(file.status())) return file;
  return NotFound("{}; '#' in --file '{}' begins the file's name in the job: write PATH#NAME",
                  Message(file.status()), text);
}

}  // namespace

absl::StatusOr<std::vector<LocalFile>> BringFiles(const JobFlags& flags, v1::JobRequest* request) {
  std::vector<LocalFile> files;
  if (const std::optional<ObjectName> object = ParseObjectName(flags.job)) {
    GM_ASSIGN_OR_RETURN(const std::string path, Absolute(object->path, "the job"));
    GM_RETURN_IF_ERROR(plugin::CheckJobObject(path, request->object()));
    GM_ASSIGN_OR_RETURN(LocalFile file, DescribeLocalFile(path, request->object()));
    *request->add_files() = file.file;
    files.push_back(std::move(file));
  }
  for (const std::string& text : flags.files) {
    GM_ASSIGN_OR_RETURN(LocalFile file, BringFile(text));
    *request->add_files() = file.file;
    files.push_back(std::move(file));
  }
  GM_RETURN_IF_ERROR(CheckShippedFiles(*request));
  return files;
}

}  // namespace gristmill::cli

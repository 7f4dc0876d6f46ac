#include "storage/shipped_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/readable_text.h"
#include "base/shipping_limits.h"
#include "base/status.h"
#include "base/units.h"
#include "storage/file_copy.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 1 << 20;

bool IsPlainName(std::string_view name) {
  const bool control =
      std::any_of(name.begin(), name.end(), [](char c) { return c >= 0 && c < ' '; });
  return !name.empty() && name.size() <= kFileNameBytesMax && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && !control && IsUtf8(name);
}

absl::Status CheckName(const std::string& name) {
  if (IsPlainName(name)) return absl::OkStatus();
  return InvalidArgument(
      "a file that comes with a job can't be named '{}'; give it a plain name without '/', as in "
      "--file PATH#NAME",
      ReadableText(name));
}

// Hands the whole file to `take`, piece by piece.
template <class Take>
absl::Status ReadAll(const File& file, Take take) {
  std::string buffer(kReadBytes, '\0');
  for (std::uint64_t offset = 0;;) {
    GM_ASSIGN_OR_RETURN(const std::size_t bytes, file.ReadAt(offset, buffer.data(), kReadBytes));
    if (bytes == 0) return absl::OkStatus();
    GM_RETURN_IF_ERROR(take(std::string_view(buffer.data(), bytes)));
    offset += bytes;
  }
}

bool IsExecutable(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IXUSR) != 0;
}

}  // namespace

absl::StatusOr<LocalFile> DescribeLocalFile(const std::string& path, std::string name) {
  if (name.empty()) name = path.substr(path.rfind('/') + 1);
  GM_RETURN_IF_ERROR(CheckName(name));
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return InvalidArgument(
        "'{}' is a directory, and only files come with a job; name each of them, or an archive",
        path);
  }
  GM_ASSIGN_OR_RETURN(const File file, File::OpenForReading(path));
  LocalFile local{path, {}};
  Sha256 hash;
  std::uint64_t bytes = 0;
  GM_RETURN_IF_ERROR(ReadAll(file, [&](std::string_view piece) {
    hash.Update(piece);
    bytes += piece.size();
    if (bytes <= kShippedFileBytesMax) return absl::OkStatus();
    return InvalidArgument(
        "'{}' is larger than the {} that may come with a job; put it where all workers see it and "
        "pass its path as a parameter",
        path, FormatBytes(kShippedFileBytesMax));
  }));
  local.file.set_name(std::move(name));
  local.file.set_sha256(hash.Finish());
  local.file.set_bytes(bytes);
  local.file.set_executable(IsExecutable(path));
  return local;
}

absl::Status CheckShippedFiles(const v1::JobRequest& request) {
  if (request.files_size() > static_cast<int>(kShippedFilesMax)) {
    return InvalidArgument(
        "{} files are more than the {} that may come with a job; make an archive",
        request.files_size(), kShippedFilesMax);
  }
  std::set<std::string_view> names;
  std::uint64_t bytes = 0;
  for (const v1::ShippedFile& file : request.files()) {
    GM_RETURN_IF_ERROR(CheckName(file.name()));
    if (!names.insert(file.name()).second) {
      return InvalidArgument(
          "two files that come with the job are named '{}'; rename one, as in --file PATH#NAME",
          file.name());
    }
    if (file.sha256().size() != kSha256Bytes) {
      return InvalidArgument("the SHA-256 of '{}' has {} bytes instead of {}", file.name(),
                             file.sha256().size(), kSha256Bytes);
    }
    bytes += std::min(file.bytes(), kShippedBytesMax + 1);
    if (file.bytes() > kShippedFileBytesMax || bytes > kShippedBytesMax) {
      return InvalidArgument(
          "'{}' is too large: {} may come with a job, {} in each file; put what is larger where "
          "all "
          "workers see it and pass its path as a parameter",
          file.name(), FormatBytes(kShippedBytesMax), FormatBytes(kShippedFileBytesMax));
    }
  }
  if (!request.object().empty() && !names.contains(request.object())) {
    return InvalidArgument("the job is said to be in '{}', which does not come with it",
                           ReadableText(request.object()));
  }
  return absl::OkStatus();
}

std::vector<std::string> BlobsOf(const v1::JobRequest& request) {
  std::vector<std::string> blobs;
  for (const v1::ShippedFile& file : request.files()) blobs.push_back(file.sha256());
  return blobs;
}

absl::Status AddToStore(const LocalFile& local, BlobStore* store) {
  if (store->Has(local.file.sha256())) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(const File file, File::OpenForReading(local.path));
  GM_ASSIGN_OR_RETURN(const auto writer, store->Begin(local.file.sha256(), local.file.bytes()));
  GM_RETURN_IF_ERROR(ReadAll(file, [&](std::string_view piece) { return writer->Append(piece); }));
  return writer->Finish();
}

absl::Status MakeFilesDirectory(const v1::JobRequest& request, BlobStore* store,
                                const std::string& directory) {
  GM_RETURN_IF_ERROR(CheckShippedFiles(request));
  std::error_code error;
  fs::remove_all(directory, error);
  GM_RETURN_IF_ERROR(MakeDirectories(directory));
  for (const v1::ShippedFile& file : request.files()) {
    if (!store->Has(file.sha256())) {
      return NotFound("the contents of '{}', which comes with the job, are not there", file.name());
    }
    GM_RETURN_IF_ERROR(CopyFile(store->PathOf(file.sha256()), directory + "/" + file.name(),
                                file.executable() ? 0555 : 0444));
  }
  return absl::OkStatus();
}

}  // namespace gristmill

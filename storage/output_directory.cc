#include "storage/output_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <random>
#include <set>
#include <string_view>
#include <system_error>

#include "base/check.h"
#include "base/status.h"
#include "storage/file.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporary = "_temporary";
constexpr std::string_view kSuccess = "_SUCCESS";
// In the staging directory once renaming has begun: a winner that is missing there was renamed.
constexpr std::string_view kCommitting = "_COMMITTING";

std::string Join(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

// Takes five or more digits off the front of `name`.
bool SkipNumber(std::string_view* name) {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(name->begin(), name->end(),
                                                [](unsigned char c) { return std::isdigit(c); }) -
                               name->begin());
  name->remove_prefix(digits);
  return digits >= 5;
}

bool SkipWord(std::string_view* name, std::string_view word) {
  if (!name->starts_with(word)) return false;
  name->remove_prefix(word.size());
  return true;
}

// "part-00003-of-00016"
bool IsPartitionFileName(std::string_view name) {
  return SkipWord(&name, "part-") && SkipNumber(&name) && SkipWord(&name, "-of-") &&
         SkipNumber(&name) && name.empty();
}

bool Exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

absl::StatusOr<std::vector<std::string>> ListNames(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator it(directory, error), end;
  for (; !error && it != end; it.increment(error)) names.push_back(it->path().filename().string());
  if (error) return ErrnoStatus(error.value(), fmt::format("can't list '{}'", directory));
  return names;
}

absl::Status RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return ErrnoStatus(error.value(), fmt::format("can't remove '{}'", path));
  return absl::OkStatus();
}

// Whether what `output` holds may be replaced.
absl::Status CheckContents(const std::string& output, bool overwrite) {
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(output));
  if (names.empty()) return absl::OkStatus();
  if (!overwrite) {
    return AlreadyExists(
        "the output directory '{}' is not empty; choose another one or pass --overwrite", output);
  }
  for (const std::string& name : names) {
    if (name != kTemporary && name != kSuccess && !IsPartitionFileName(name)) {
      return AlreadyExists(
          "the output directory '{}' holds '{}', which no job wrote; choose another "
          "directory, since --overwrite replaces only the output of a job",
          output, name);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTarget(const std::string& output, bool overwrite) {
  if (!IsPlainAbsolutePath(output) || output == "/") {
    return InvalidArgument("the output '{}' must be an absolute path without '..'", output);
  }
  if (!IsUtf8(output)) return InvalidArgument("the name of the output '{}' is not UTF-8", output);
  struct stat info;
  if (::stat(output.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return ErrnoStatus(errno, fmt::format("can't use the output directory '{}'", output));
  }
  if (!S_ISDIR(info.st_mode)) {
    return AlreadyExists("the output '{}' is a file; name a directory", output);
  }
  return CheckContents(output, overwrite);
}

std::string NewToken() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

absl::Status ProveWritable(const std::string& directory) {
  const std::string path = Join(directory, ".probe");
  GM_ASSIGN_OR_RETURN(File probe, File::Create(path));
  GM_RETURN_IF_ERROR(probe.Write("probe"));
  GM_RETURN_IF_ERROR(probe.Close());
  return RemoveFile(path);
}

// Renames the attempt's file unless an earlier, interrupted call did.
absl::Status RenameWinner(const std::string& from, const std::string& to, bool resumed) {
  const absl::Status renamed = RenameFile(from, to);
  if (absl::IsNotFound(renamed) && resumed && Exists(to)) return absl::OkStatus();
  return renamed;
}

absl::Status CheckWinnersExist(const std::string& staging, const std::vector<AttemptId>& winners) {
  const auto partitions = static_cast<std::uint32_t>(winners.size());
  for (std::uint32_t p = 0; p < partitions; ++p) {
    const std::string path = AttemptFilePath(staging, p, partitions, winners[p]);
    if (!Exists(path)) {
      return DataLoss("the finished partition file '{}' is gone; run the job again", path);
    }
  }
  return absl::OkStatus();
}

// The state after a commit that ran to its end.
bool IsCommitted(const std::string& output, std::uint32_t partitions) {
  for (std::uint32_t p = 0; p < partitions; ++p) {
    if (!Exists(Join(output, PartitionFileName(p, partitions)))) return false;
  }
  return Exists(Join(output, kSuccess));
}

// Removes the partition files of an earlier job that this one did not replace by name.
absl::Status RemoveOldFiles(const std::string& output, std::uint32_t partitions) {
  std::set<std::string> ours;
  for (std::uint32_t p = 0; p < partitions; ++p) ours.insert(PartitionFileName(p, partitions));
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(output));
  for (const std::string& name : names) {
    if (IsPartitionFileName(name) && !ours.contains(name)) {
      GM_RETURN_IF_ERROR(RemoveFile(Join(output, name)));
    }
  }
  return absl::OkStatus();
}

absl::Status Touch(const std::string& path) {
  GM_ASSIGN_OR_RETURN(File file, File::Create(path));
  return file.Close();
}

void RemoveStaging(const std::string& output, const std::string& staging) {
  // Guards remove_all against a staging path that is not ours.
  GM_CHECK(staging.starts_with(Join(output, kTemporary) + "/") && IsPlainAbsolutePath(staging));
  // The mark of a commit goes last: without it a repeated commit would miss the winners. Errors
  // are passed over, since what stays is hidden and does no harm.
  if (const auto names = ListNames(staging); names.ok()) {
    for (const std::string& name : *names) {
      if (name != kCommitting) RemoveTree(Join(staging, name)).IgnoreError();
    }
  }
  RemoveTree(staging).IgnoreError();
  ::rmdir(Join(output, kTemporary).c_str());
}

}  // namespace

std::string PartitionFileName(std::uint32_t partition, std::uint32_t partitions) {
  return fmt::format("part-{:05}-of-{:05}", partition, partitions);
}

std::string AttemptFilePath(const std::string& staging, std::uint32_t partition,
                            std::uint32_t partitions, AttemptId attempt) {
  return fmt::format("{}/{}.attempt-{}", staging, PartitionFileName(partition, partitions),
                     attempt.value());
}

absl::StatusOr<std::string> PrepareOutput(const std::string& output, bool overwrite) {
  GM_RETURN_IF_ERROR(CheckTarget(output, overwrite));
  const std::string temporary = Join(output, kTemporary);
  // What an interrupted job staged here: asked to replace it, nobody needs it any more.
  if (overwrite) GM_RETURN_IF_ERROR(RemoveTree(temporary));
  const std::string staging = Join(temporary, NewToken());
  GM_RETURN_IF_ERROR(MakeDirectories(staging));
  if (absl::Status writable = ProveWritable(staging); !writable.ok()) {
    AbandonOutput(output, staging);
    return writable;
  }
  return staging;
}

absl::Status CommitOutput(const std::string& output, const std::string& staging,
                          const std::vector<AttemptId>& winners) {
  const auto partitions = static_cast<std::uint32_t>(winners.size());
  if (!Exists(staging) && IsCommitted(output, partitions)) return absl::OkStatus();
  const bool resumed = Exists(Join(staging, kCommitting));
  if (!resumed) {
    GM_RETURN_IF_ERROR(CheckWinnersExist(staging, winners));
    GM_RETURN_IF_ERROR(Touch(Join(staging, kCommitting)));
  }
  GM_RETURN_IF_ERROR(RemoveFile(Join(output, kSuccess)));
  for (std::uint32_t p = 0; p < partitions; ++p) {
    GM_RETURN_IF_ERROR(RenameWinner(AttemptFilePath(staging, p, partitions, winners[p]),
                                    Join(output, PartitionFileName(p, partitions)), resumed));
  }
  GM_RETURN_IF_ERROR(RemoveOldFiles(output, partitions));
  GM_RETURN_IF_ERROR(Touch(Join(output, kSuccess)));
  RemoveStaging(output, staging);
  return absl::OkStatus();
}

void AbandonOutput(const std::string& output, const std::string& staging) {
  RemoveStaging(output, staging);
  ::rmdir(output.c_str());  // fails if it holds anything
}

}  // namespace gristmill

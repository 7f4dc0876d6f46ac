#include "storage/output_directory.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

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
// The staging directory's new last name when it is done with: what is below only waits for removal.
constexpr std::string_view kDone = ".done";
constexpr std::string_view kProbe = ".probe";

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

// An error if that can't be told: a file system in trouble must not pass for lost data.
absl::StatusOr<bool> Exists(const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoStatus(errno, fmt::format("can't look at '{}'", path));
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

// Whether `directory` is absent, or holds nothing or only `name`.
bool HoldsAtMost(const std::string& directory, std::string_view name) {
  const auto names = ListNames(directory);
  if (!names.ok()) return absl::IsNotFound(names.status());
  return std::all_of(names->begin(), names->end(), [&](const auto& held) { return held == name; });
}

// Whether `output` holds no more than what an unfinished PrepareOutput of the same token left.
bool IsOwnFirstTry(const std::string& output, const std::string& token) {
  const std::string temporary = Join(output, kTemporary);
  return HoldsAtMost(output, kTemporary) && HoldsAtMost(temporary, token) &&
         HoldsAtMost(Join(temporary, token), kProbe);
}

// Whether what `output` holds may be replaced.
absl::Status CheckContents(const std::string& output, bool overwrite, const std::string& token) {
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(output));
  if (names.empty() || IsOwnFirstTry(output, token)) return absl::OkStatus();
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

absl::Status CheckTarget(const std::string& output, bool overwrite, const std::string& token) {
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
  return CheckContents(output, overwrite, token);
}

// The same for the same request, so that a repeated one knows its own first try.
std::string TokenOf(const std::string& request_id) {
  if (!request_id.empty()) {
    const XXH128_hash_t hash = ::XXH3_128bits(request_id.data(), request_id.size());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

absl::Status ProveWritable(const std::string& directory) {
  const std::string path = Join(directory, kProbe);
  GM_ASSIGN_OR_RETURN(File probe, File::Create(path));
  GM_RETURN_IF_ERROR(probe.Write("probe"));
  GM_RETURN_IF_ERROR(probe.Close());
  return RemoveFile(path);
}

// Renames the attempt's file unless an earlier, interrupted call did.
absl::Status RenameWinner(const std::string& from, const std::string& to, bool resumed) {
  const absl::Status renamed = RenameFile(from, to);
  if (!absl::IsNotFound(renamed) || !resumed) return renamed;
  GM_ASSIGN_OR_RETURN(const bool done, Exists(to));
  return done ? absl::OkStatus() : renamed;
}

absl::Status CheckWinnersExist(const std::string& staging, const std::vector<AttemptId>& winners) {
  const auto partitions = static_cast<std::uint32_t>(winners.size());
  for (std::uint32_t p = 0; p < partitions; ++p) {
    const std::string path = AttemptFilePath(staging, p, partitions, winners[p]);
    GM_ASSIGN_OR_RETURN(const bool exists, Exists(path));
    if (!exists) {
      return DataLoss("the finished partition file '{}' is gone; run the job again", path);
    }
  }
  return absl::OkStatus();
}

// The state after a commit that ran to its end.
absl::StatusOr<bool> IsCommitted(const std::string& output, std::uint32_t partitions) {
  for (std::uint32_t p = 0; p < partitions; ++p) {
    GM_ASSIGN_OR_RETURN(const bool exists, Exists(Join(output, PartitionFileName(p, partitions))));
    if (!exists) return false;
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

std::string DoneName(const std::string& staging) { return fmt::format("{}{}", staging, kDone); }

void RemoveStaging(const std::string& output, const std::string& staging) {
  // Guards remove_all against a staging path that is not ours.
  GM_CHECK(staging.starts_with(Join(output, kTemporary) + "/") && IsPlainAbsolutePath(staging));
  // It goes at once, and so that a crash leaves no half of it: a repeated commit would miss the
  // winners. Errors are passed over, since what stays is hidden and does no harm.
  RenameFile(staging, DoneName(staging)).IgnoreError();
  const std::string temporary = Join(output, kTemporary);
  if (const auto names = ListNames(temporary); names.ok()) {
    for (const std::string& name : *names) {
      if (name.ends_with(kDone)) RemoveTree(Join(temporary, name)).IgnoreError();
    }
  }
  ::rmdir(temporary.c_str());
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

absl::StatusOr<std::string> PrepareOutput(const std::string& output, bool overwrite,
                                          const std::string& request_id) {
  const std::string token = TokenOf(request_id);
  GM_RETURN_IF_ERROR(CheckTarget(output, overwrite, token));
  const std::string temporary = Join(output, kTemporary);
  // What an interrupted job staged here: asked to replace it, nobody needs it any more.
  if (overwrite) GM_RETURN_IF_ERROR(RemoveTree(temporary));
  const std::string staging = Join(temporary, token);
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
  GM_ASSIGN_OR_RETURN(const bool staged, Exists(staging));
  if (!staged) {
    GM_ASSIGN_OR_RETURN(const bool committed, IsCommitted(output, partitions));
    if (committed) {
      RemoveStaging(output, staging);  // what an interrupted call left of it
      return absl::OkStatus();
    }
  }
  GM_ASSIGN_OR_RETURN(const bool resumed, Exists(Join(staging, kCommitting)));
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
  // Neither: it was abandoned before, and the directory may be another's by now.
  if (!Exists(staging).value_or(true) && !Exists(DoneName(staging)).value_or(true)) return;
  RemoveStaging(output, staging);
  ::rmdir(output.c_str());  // fails if it holds anything
}

}  // namespace gristmill

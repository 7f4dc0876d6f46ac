#include "storage/output_directory.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <initializer_list>
#include <random>
#include <set>
#include <string_view>
#include <system_error>

#include "base/check.h"
#include "base/status.h"
#include "storage/file.h"
#include "storage/side_files.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuccess = "_SUCCESS";
constexpr std::string_view kFailedTasks = "_failed_tasks";
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

absl::Status RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return ErrnoStatus(error.value(), fmt::format("can't remove '{}'", path));
  return absl::OkStatus();
}

// Whether `directory` is absent, or holds nothing or only files of these names.
bool HoldsAtMost(const std::string& directory, std::initializer_list<std::string_view> allowed) {
  const auto names = ListNames(directory);
  if (!names.ok()) return absl::IsNotFound(names.status());
  return std::all_of(names->begin(), names->end(), [&](const std::string& name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  });
}

// Whether `output` holds no more than what an unfinished Prepare of the same token left.
bool IsOwnFirstTry(const std::string& output, const std::string& token) {
  const std::string temporary = Join(output, kTemporaryName);
  return HoldsAtMost(output, {kTemporaryName}) && HoldsAtMost(temporary, {token, kLockName}) &&
         HoldsAtMost(Join(temporary, token), {kProbe});
}

// Whether what `output` holds may be replaced.
absl::Status CheckContents(const std::string& output, bool overwrite, const std::string& token) {
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(output));
  if (names.empty() || IsOwnFirstTry(output, token)) return absl::OkStatus();
  if (!overwrite) {
    GM_RETURN_IF_ERROR(OutputLock::CheckFree(output));
    return AlreadyExists(
        "the output directory '{}' is not empty; choose another one or pass --overwrite", output);
  }
  const std::string list = Join(output, kFileListName);
  const absl::StatusOr<std::vector<std::string>> files = ReadFileList(list);
  for (const std::string& name : names) {
    const bool is_listed = files.ok() && (name == kFileListName ||
                                          std::binary_search(files->begin(), files->end(), name));
    if (is_listed) continue;
    const bool is_set_aside = name == kSetAsideName && IsSetAside(Join(output, name));
    const bool is_mark = name == kTemporaryName || name == kSuccess || name == kFailedTasks;
    if (!is_mark && !is_set_aside && !IsPartitionFileName(name)) {
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
    if (!winners[p]) continue;
    const std::string path = AttemptFilePath(staging, p, partitions, winners[p]);
    GM_ASSIGN_OR_RETURN(const bool exists, Exists(path));
    if (!exists) {
      return DataLoss("the finished partition file '{}' is gone; run the job again", path);
    }
  }
  return absl::OkStatus();
}

// The state after a commit that ran to its end.
absl::StatusOr<bool> IsCommitted(const std::string& output, const std::vector<AttemptId>& winners) {
  const auto partitions = static_cast<std::uint32_t>(winners.size());
  for (std::uint32_t p = 0; p < partitions; ++p) {
    if (!winners[p]) continue;
    GM_ASSIGN_OR_RETURN(const bool exists, Exists(Join(output, PartitionFileName(p, partitions))));
    if (!exists) return false;
  }
  return Exists(Join(output, kSuccess));
}

// Removes the partition files of an earlier job that this one did not replace by name.
absl::Status RemoveOldFiles(const std::string& output, const std::vector<AttemptId>& winners) {
  const auto partitions = static_cast<std::uint32_t>(winners.size());
  std::set<std::string> ours;
  for (std::uint32_t p = 0; p < partitions; ++p) {
    if (winners[p]) ours.insert(PartitionFileName(p, partitions));
  }
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(output));
  for (const std::string& name : names) {
    if (IsPartitionFileName(name) && !ours.contains(name)) {
      GM_RETURN_IF_ERROR(RemoveFile(Join(output, name)));
    }
  }
  return absl::OkStatus();
}

// In the place of what an earlier job, or an interrupted call, left there.
absl::Status RenameSetAside(const std::string& staging, const std::string& output) {
  const std::string from = Join(staging, kSetAsideName), to = Join(output, kSetAsideName);
  GM_RETURN_IF_ERROR(RemoveSetAside(to));
  GM_ASSIGN_OR_RETURN(const bool exists, Exists(from));
  return exists ? RenameFile(from, to) : absl::OkStatus();
}

// Likewise.
absl::Status RenameFailedTasks(const std::string& staging, const std::string& output) {
  const std::string from = Join(staging, kFailedTasks), to = Join(output, kFailedTasks);
  GM_RETURN_IF_ERROR(RemoveFile(to));
  GM_ASSIGN_OR_RETURN(const bool exists, Exists(from));
  return exists ? RenameFile(from, to) : absl::OkStatus();
}

absl::Status Touch(const std::string& path) {
  GM_ASSIGN_OR_RETURN(File file, File::Create(path));
  return file.Close();
}

std::string DoneName(const std::string& staging) { return fmt::format("{}{}", staging, kDone); }

// What earlier jobs staged here: asked to replace it, nobody needs it any more.
absl::Status RemoveOldStaging(const std::string& temporary) {
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListNames(temporary));
  for (const std::string& name : names) {
    if (name != kLockName) GM_RETURN_IF_ERROR(RemoveTree(Join(temporary, name)));
  }
  return absl::OkStatus();
}

}  // namespace

std::string PartitionFileName(std::uint32_t partition, std::uint32_t partitions) {
  return fmt::format("part-{:05}-of-{:05}", partition, partitions);
}

bool IsPartitionFileName(std::string_view name) {
  return SkipWord(&name, "part-") && SkipNumber(&name) && SkipWord(&name, "-of-") &&
         SkipNumber(&name) && name.empty();
}

std::string AttemptFilePath(const std::string& staging, std::uint32_t partition,
                            std::uint32_t partitions, AttemptId attempt) {
  return fmt::format("{}/{}.attempt-{}", staging, PartitionFileName(partition, partitions),
                     attempt.value());
}

absl::StatusOr<StagedOutput> StagedOutput::Prepare(const std::string& output, bool overwrite,
                                                   std::string_view owner,
                                                   const std::string& request_id) {
  const std::string token = TokenOf(request_id);
  // First without the lock: a request that is refused leaves no trace.
  GM_RETURN_IF_ERROR(CheckTarget(output, overwrite, token));
  GM_ASSIGN_OR_RETURN(OutputLock lock, OutputLock::Take(output, owner));
  const std::string temporary = Join(output, kTemporaryName);
  StagedOutput staged(output, Join(temporary, token), std::move(lock));
  absl::Status status = CheckTarget(output, overwrite, token);
  if (status.ok() && overwrite) status = RemoveOldStaging(temporary);
  if (status.ok()) status = MakeDirectories(staged.staging_);
  if (status.ok()) status = ProveWritable(staged.staging_);
  if (!status.ok()) {
    staged.RemoveStaging();
    ::rmdir(output.c_str());  // fails if it holds anything
    return status;
  }
  return staged;
}

absl::Status StagedOutput::Check(const std::string& output, bool overwrite) {
  GM_RETURN_IF_ERROR(CheckTarget(output, overwrite, TokenOf("")));
  GM_RETURN_IF_ERROR(OutputLock::CheckFree(output));
  fs::path nearest(output);  // that exists
  std::error_code ignored;
  while (!fs::exists(nearest, ignored) && nearest.has_relative_path()) {
    nearest = nearest.parent_path();
  }
  if (::access(nearest.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("can't write below '{}'", nearest.string()));
}

absl::StatusOr<StagedOutput> StagedOutput::Reopen(const std::string& output,
                                                  const std::string& staging,
                                                  std::string_view owner) {
  // Guards the removal of trees against a path that is not ours.
  GM_CHECK(staging.starts_with(Join(output, kTemporaryName) + "/") && IsPlainAbsolutePath(staging));
  GM_ASSIGN_OR_RETURN(const bool staged, Exists(Join(output, kTemporaryName)));
  if (!staged) return StagedOutput(output, staging, std::nullopt);
  GM_ASSIGN_OR_RETURN(OutputLock lock, OutputLock::Take(output, owner));
  return StagedOutput(output, staging, std::move(lock));
}

void StagedOutput::SetOwner(std::string_view owner) {
  if (lock_) lock_->SetOwner(owner);
}

absl::Status StagedOutput::Commit(const std::vector<AttemptId>& winners) {
  const auto partitions = static_cast<std::uint32_t>(winners.size());
  GM_ASSIGN_OR_RETURN(const bool staged, Exists(staging_));
  if (!staged) {
    GM_ASSIGN_OR_RETURN(const bool committed, IsCommitted(output_, winners));
    if (committed) {
      RemoveStaging();  // what an interrupted call left of it
      return absl::OkStatus();
    }
  }
  GM_ASSIGN_OR_RETURN(const bool resumed, Exists(Join(staging_, kCommitting)));
  if (!resumed) {
    GM_RETURN_IF_ERROR(CheckWinnersExist(staging_, winners));
    GM_RETURN_IF_ERROR(StageFileList(staging_, output_, winners));
    GM_RETURN_IF_ERROR(Touch(Join(staging_, kCommitting)));
  }
  GM_RETURN_IF_ERROR(RemoveFile(Join(output_, kSuccess)));
  GM_RETURN_IF_ERROR(ReplaceFileList(staging_, output_));
  GM_RETURN_IF_ERROR(RenameSideFiles(staging_, output_, winners));
  for (std::uint32_t p = 0; p < partitions; ++p) {
    if (!winners[p]) continue;
    GM_RETURN_IF_ERROR(RenameWinner(AttemptFilePath(staging_, p, partitions, winners[p]),
                                    Join(output_, PartitionFileName(p, partitions)), resumed));
  }
  GM_RETURN_IF_ERROR(RemoveOldFiles(output_, winners));
  GM_RETURN_IF_ERROR(RenameSetAside(staging_, output_));
  GM_RETURN_IF_ERROR(RenameFailedTasks(staging_, output_));
  GM_RETURN_IF_ERROR(Touch(Join(output_, kSuccess)));
  RemoveStaging();
  return absl::OkStatus();
}

absl::Status StagedOutput::SetAside(const std::vector<SetAsideRecord>& records,
                                    const v1::JobPlan& plan) {
  GM_ASSIGN_OR_RETURN(const bool staged, Exists(staging_));
  if (!staged) return absl::OkStatus();
  return WriteSetAside(Join(staging_, kSetAsideName), records, plan);
}

absl::Status StagedOutput::NameFailedTasks(const std::string& text) {
  GM_ASSIGN_OR_RETURN(const bool staged, Exists(staging_));
  if (text.empty() || !staged) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(File file, File::Create(Join(staging_, kFailedTasks)));
  GM_RETURN_IF_ERROR(file.Write(text));
  return file.Close();
}

void StagedOutput::Abandon() {
  // Neither: it was abandoned before, and the directory may be another's by now.
  const bool is_ours = Exists(staging_).value_or(true) || Exists(DoneName(staging_)).value_or(true);
  RemoveStaging();
  if (is_ours) ::rmdir(output_.c_str());  // fails if it holds anything
}

void StagedOutput::RemoveStaging() {
  // It goes at once, and so that a crash leaves no half of it: a repeated commit would miss the
  // winners. Errors are passed over, since what stays is hidden and does no harm.
  RenameFile(staging_, DoneName(staging_)).IgnoreError();
  const std::string temporary = Join(output_, kTemporaryName);
  if (const auto names = ListNames(temporary); names.ok()) {
    for (const std::string& name : *names) {
      if (name.ends_with(kDone)) RemoveTree(Join(temporary, name)).IgnoreError();
    }
  }
  if (lock_) lock_->Remove();
  lock_.reset();
  ::rmdir(temporary.c_str());
}

}  // namespace gristmill

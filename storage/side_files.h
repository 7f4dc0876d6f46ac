// Files that tasks write beside their part of the output, by names of the job's own.
//
//   OUTPUT/_temporary/<token>/part-00000-of-00004.attempt-17.files/cat.jpg   what attempts write
//   OUTPUT/cat.jpg                                                           after the commit
//   OUTPUT/_files                                                            the list of them
//
// The list says to a later job which files it may replace: docs/formats/file-list.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"

namespace gristmill {

inline constexpr std::string_view kFileListName = "_files";

// Empty if a job may write a file of that name beside its output, else why not: "it begins with
// '_'".
std::string_view WhyNoSideFile(std::string_view name);

// "rejected-00003-of-00008": the side output `name` of one task.
std::string SideOutputFileName(std::string_view name, std::uint32_t task, std::uint32_t tasks);

// The directory in which an attempt writes such files; it makes it if there are any.
std::string AttemptFilesDirectory(const std::string& staging, std::uint32_t partition,
                                  std::uint32_t partitions, AttemptId attempt);

// The steps of a commit, in this order. Each is idempotent from the second on.

// Lists the winners' files in STAGING/_files, if there are any or OUTPUT has such a list. DataLoss
// if two tasks wrote one name: one of the files would be lost.
absl::Status StageFileList(const std::string& staging, const std::string& output,
                           const std::vector<AttemptId>& winners);
// Puts the list in the place of an earlier job's, whose files it removes.
absl::Status ReplaceFileList(const std::string& staging, const std::string& output);
// Renames the winners' files into place.
absl::Status RenameSideFiles(const std::string& staging, const std::string& output,
                             const std::vector<AttemptId>& winners);

// The names in OUTPUT/_files; none if there is no such file. InvalidArgument if no job wrote it.
absl::StatusOr<std::vector<std::string>> ReadFileList(const std::string& path);

}  // namespace gristmill

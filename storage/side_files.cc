#include "storage/side_files.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/status.h"
#include "storage/buffered_writer.h"
#include "storage/file.h"
#include "storage/output_directory.h"

namespace gristmill {
namespace {

constexpr std::string_view kHeader = "gristmill files 1";
constexpr std::size_t kNameBytesMax = 255;

std::string ListPath(const std::string& directory) {
  return fmt::format("{}/{}", directory, kFileListName);
}

// None if there is no such directory.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory) {
  absl::StatusOr<std::vector<std::string>> names = ListNames(directory);
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  return names;
}

struct SideFile {
  std::string name;
  std::uint32_t task;
  friend auto operator<=>(const SideFile&, const SideFile&) = default;
};

absl::StatusOr<std::vector<SideFile>> FilesOf(const std::string& staging,
                                              const std::vector<AttemptId>& winners) {
  std::vector<SideFile> files;
  const auto tasks = static_cast<std::uint32_t>(winners.size());
  for (std::uint32_t task = 0; task < tasks; ++task) {
    GM_ASSIGN_OR_RETURN(std::vector<std::string> names,
                        NamesIn(AttemptFilesDirectory(staging, task, tasks, winners[task])));
    for (std::string& name : names) files.push_back({std::move(name), task});
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status CheckNames(const std::vector<SideFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i > 0 && files[i].name == files[i - 1].name) {
      return DataLoss(
          "tasks {} and {} both wrote a file '{}', and one of the two would be lost; let the job "
          "give every file a name of its own",
          files[i - 1].task, files[i].task, files[i].name);
    }
    // Whoever writes into the staging directory could put anything there.
    const std::string_view wrong = WhyNoSideFile(files[i].name);
    if (!wrong.empty()) {
      return DataLoss("task {} left a file '{}' that can't be part of the output: {}",
                      files[i].task, files[i].name, wrong);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view WhyNoSideFile(std::string_view name) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (name.empty()) return "it is empty";
  if (name.size() > kNameBytesMax) return "it is longer than 255 bytes";
  if (name.find('/') != name.npos) return "it holds a '/'; files lie in the output itself";
  if (name[0] == '.' || name[0] == '_')
    return "it begins with '.' or '_', which marks hidden files";
  if (IsPartitionFileName(name)) return "so the job's own output is called";
  if (std::any_of(name.begin(), name.end(), is_control)) return "it holds a control character";
  if (!IsUtf8(name)) return "it is not UTF-8";
  return "";
}

std::string SideOutputFileName(std::string_view name, std::uint32_t task, std::uint32_t tasks) {
  return fmt::format("{}-{:05}-of-{:05}", name, task, tasks);
}

std::string AttemptFilesDirectory(const std::string& staging, std::uint32_t partition,
                                  std::uint32_t partitions, AttemptId attempt) {
  return AttemptFilePath(staging, partition, partitions, attempt) + ".files";
}

absl::StatusOr<std::vector<std::string>> ReadFileList(const std::string& path) {
  GM_ASSIGN_OR_RETURN(const bool exists, Exists(path));
  if (!exists) return std::vector<std::string>();
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!std::getline(file, line) || line != kHeader) {
    return InvalidArgument("'{}' is no list of a job's files", path);
  }
  std::vector<std::string> names;
  while (std::getline(file, line)) {
    if (!WhyNoSideFile(line).empty()) {
      return InvalidArgument("'{}' is no list of a job's files: it names '{}'", path, line);
    }
    names.push_back(line);
  }
  if (file.bad()) return DataLoss("can't read '{}'", path);
  return names;
}

absl::Status StageFileList(const std::string& staging, const std::string& output,
                           const std::vector<AttemptId>& winners) {
  GM_ASSIGN_OR_RETURN(const std::vector<SideFile> files, FilesOf(staging, winners));
  GM_RETURN_IF_ERROR(CheckNames(files));
  GM_ASSIGN_OR_RETURN(const bool replaces, Exists(ListPath(output)));
  if (files.empty() && !replaces) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(BufferedWriter list, BufferedWriter::Create(ListPath(staging)));
  GM_RETURN_IF_ERROR(list.Append(fmt::format("{}\n", kHeader)));
  for (const SideFile& file : files) {
    GM_RETURN_IF_ERROR(list.Append(fmt::format("{}\n", file.name)));
  }
  return list.Close();
}

absl::Status ReplaceFileList(const std::string& staging, const std::string& output) {
  GM_ASSIGN_OR_RETURN(const bool staged, Exists(ListPath(staging)));
  if (!staged) return absl::OkStatus();  // there is nothing to do, or it is done
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> old, ReadFileList(ListPath(output)));
  for (const std::string& name : old) {
    GM_RETURN_IF_ERROR(RemoveFile(fmt::format("{}/{}", output, name)));
  }
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> ours, ReadFileList(ListPath(staging)));
  if (!ours.empty()) return RenameFile(ListPath(staging), ListPath(output));
  GM_RETURN_IF_ERROR(RemoveFile(ListPath(output)));
  return RemoveFile(ListPath(staging));
}

absl::Status RenameSideFiles(const std::string& staging, const std::string& output,
                             const std::vector<AttemptId>& winners) {
  const auto tasks = static_cast<std::uint32_t>(winners.size());
  for (std::uint32_t task = 0; task < tasks; ++task) {
    const std::string from = AttemptFilesDirectory(staging, task, tasks, winners[task]);
    // What an interrupted call renamed is not there any more.
    GM_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(from));
    for (const std::string& name : names) {
      GM_RETURN_IF_ERROR(
          RenameFile(fmt::format("{}/{}", from, name), fmt::format("{}/{}", output, name)));
    }
  }
  return absl::OkStatus();
}

}  // namespace gristmill

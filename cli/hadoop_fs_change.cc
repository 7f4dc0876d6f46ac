// -mkdir, -rm, -rmdir, -touch, -touchz, -chmod: what changes the tree.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/file_descriptor.h"
#include "cli/hadoop_fs_command.h"

namespace gristmill::cli {
namespace {

namespace fs = std::filesystem;

void MakeDirectory(FsCall& call) {
  for (const std::string& operand : call.operands()) {
    FsPath path;
    if (!call.Locate(operand, &path)) continue;
    std::error_code error;
    const fs::file_status status = fs::status(path.local, error);
    if (fs::exists(status)) {
      if (!fs::is_directory(status)) {
        call.ComplainErrno(operand, ENOTDIR);
      } else if (!call.Has("p")) {
        call.ComplainErrno(operand, EEXIST);
      }
      continue;
    }
    error.clear();
    call.Has("p") ? fs::create_directories(path.local, error)
                  : fs::create_directory(path.local, error);
    if (error) call.ComplainErrno(operand, error.value());
  }
}

// Nobody means these: the root, a directory above the working directory or that itself.
bool IsTooMuch(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path, error);
  if (error || whole == whole.root_path()) return true;
  const fs::path here = fs::current_path(error);
  return !error && fs::relative(here, whole, error).string().rfind("..", 0) != 0;
}

void Remove(FsCall& call) {
  const bool deep = call.Has("r") || call.Has("R");
  for (const std::string& operand : call.operands()) {
    for (const FsPath& path : call.Expand(operand, /*quietly=*/call.Has("f"))) {
      std::error_code error;
      const bool is_directory = fs::is_directory(fs::symlink_status(path.local, error));
      if (is_directory && !deep) {
        call.ComplainErrno(path.shown, EISDIR);
        continue;
      }
      if (is_directory && IsTooMuch(path.local)) {
        call.Complain(path.shown,
                      "is the root, or the working directory lies in it: that is not "
                      "removed; name what is in it");
        continue;
      }
      error.clear();
      fs::remove_all(path.local, error);
      if (error) {
        call.ComplainErrno(path.shown, error.value());
      } else {
        fmt::print("Deleted {}\n", path.shown);
      }
    }
  }
}

void RemoveOldStyle(FsCall& call) {
  fmt::print(stderr, "rmr: DEPRECATED: Please use '-rm -r' instead.\n");
  FsCall deep("rmr", {"r"}, call.operands());
  Remove(deep);
  if (deep.exit_code() != 0) call.Fail();
}

void RemoveDirectory(FsCall& call) {
  for (const FsPath& path : call.ExpandAll(0, call.operands().size())) {
    if (rmdir(path.local.c_str()) == 0) continue;
    if (errno == ENOTEMPTY && call.Has("ignore-fail-on-non-empty")) continue;
    if (errno == ENOTEMPTY) {
      call.Complain(path.shown, "Directory is not empty");
    } else {
      call.ComplainErrno(path.shown, errno);
    }
  }
}

// 0, or an errno.
int Make(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  return file.valid() ? 0 : errno;
}

void TouchEmpty(FsCall& call) {
  for (const std::string& operand : call.operands()) {
    FsPath path;
    if (!call.Locate(operand, &path)) continue;
    struct stat status {};
    if (stat(path.local.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) {
        call.ComplainErrno(operand, EISDIR);
        continue;
      }
      if (status.st_size > 0) {
        call.Complain(operand, "Not a zero-length file");
        continue;
      }
    }
    int error = Make(path.local);
    if (error == 0 && utimensat(AT_FDCWD, path.local.c_str(), nullptr, 0) != 0) error = errno;
    if (error != 0) call.ComplainErrno(operand, error);
  }
}

void Touch(FsCall& call) {
  for (const std::string& operand : call.operands()) {
    FsPath path;
    if (!call.Locate(operand, &path)) continue;
    std::error_code unknown;
    const bool exists = fs::exists(path.local, unknown);
    if (!exists && call.Has("c")) continue;
    int error = exists ? 0 : Make(path.local);
    if (error == 0 && utimensat(AT_FDCWD, path.local.c_str(), nullptr, 0) != 0) error = errno;
    if (error != 0) call.ComplainErrno(operand, error);
  }
}

void ChangeModeOf(FsCall& call, const FsPath& path, mode_t mode) {
  if (chmod(path.local.c_str(), mode) != 0) return call.ComplainErrno(path.shown, errno);
  std::error_code error;
  if (!call.Has("R") || !fs::is_directory(fs::symlink_status(path.local, error))) return;
  for (const std::string& name : call.NamesIn(path)) {
    const FsPath child = path.Child(name);
    if (!fs::is_symlink(child.local, error)) ChangeModeOf(call, child, mode);
  }
}

void ChangeMode(FsCall& call) {
  const std::string& text = call.operands().front();
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 07777) {
    return call.Complain(fmt::format("'{}' is no octal mode; write one such as 755", text));
  }
  for (const FsPath& path : call.ExpandAll(1, call.operands().size())) {
    ChangeModeOf(call, path, static_cast<mode_t>(mode));
  }
}

constexpr FsCommand kCommands[] = {
    {"mkdir", "p", 1, kAnyNumber, "[-p] PATH …", MakeDirectory},
    {"rm", "f r R skipTrash safely", 1, kAnyNumber, "[-f] [-r|-R] [-skipTrash] PATH …", Remove},
    {"rmr", "skipTrash", 1, kAnyNumber, "PATH …", RemoveOldStyle},
    {"rmdir", "ignore-fail-on-non-empty", 1, kAnyNumber, "[--ignore-fail-on-non-empty] PATH …",
     RemoveDirectory},
    {"touchz", "", 1, kAnyNumber, "PATH …", TouchEmpty},
    {"touch", "c", 1, kAnyNumber, "[-c] PATH …", Touch},
    {"chmod", "R", 2, kAnyNumber, "[-R] OCTALMODE PATH …", ChangeMode},
};

}  // namespace

std::span<const FsCommand> FsChangeCommands() { return kCommands; }

}  // namespace gristmill::cli

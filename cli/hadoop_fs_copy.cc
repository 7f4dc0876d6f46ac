// -put, -get, -cp, -mv, -getmerge, -appendToFile: files that become others. A file appears under
// its name when it is whole.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "cli/hadoop_fs_command.h"

namespace gristmill::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1 << 20;
constexpr char kUnfinished[] = "._COPYING_";

// 0, or an errno.
int CopyBytes(int from, int to) {
  const auto buffer = std::make_unique<char[]>(kPieceBytes);
  while (true) {
    ssize_t bytes = read(from, buffer.get(), kPieceBytes);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return bytes < 0 ? errno : 0;
    for (const char* next = buffer.get(); bytes > 0;) {
      const ssize_t written = write(to, next, static_cast<std::size_t>(bytes));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      next += written;
      bytes -= written;
    }
  }
}

// Writes a file anew, which takes the place of `path` at the end. 0, or an errno.
int WriteWhole(const std::string& path, const std::function<int(int)>& write_to) {
  const std::string unfinished = path + kUnfinished;
  const int file = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int error = write_to(file);
  if (close(file) != 0 && error == 0) error = errno;
  if (error == 0 && rename(unfinished.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) unlink(unfinished.c_str());
  return error;
}

void KeepAttributes(const std::string& from, const std::string& to) {
  struct stat status {};
  if (stat(from.c_str(), &status) != 0) return;
  const timespec times[] = {status.st_atim, status.st_mtim};
  utimensat(AT_FDCWD, to.c_str(), times, 0);
  (void)!chown(to.c_str(), status.st_uid, status.st_gid);
  chmod(to.c_str(), status.st_mode & 07777);
}

bool Overwrites(const FsCall& call) { return call.Has("f"); }

// False after a complaint: nothing was copied.
bool CopyFile(FsCall& call, const FsPath& from, const FsPath& to) {
  const auto fail = [&call](const FsPath& path, int why) {
    call.ComplainErrno(path.shown, why);
    return false;
  };
  std::error_code error;
  if (fs::exists(to.local, error)) {
    if (fs::equivalent(from.local, to.local, error)) {
      call.Complain(from.shown, fmt::format("is the same file as `{}'", to.shown));
      return false;
    }
    if (fs::is_directory(to.local)) return fail(to, EISDIR);
    if (!Overwrites(call)) return fail(to, EEXIST);
  }
  const FileDescriptor file(open(from.local.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(from, errno);
  const int failed = WriteWhole(to.local, [&file](int out) { return CopyBytes(file.get(), out); });
  if (failed != 0) return fail(to, failed);
  if (call.Has("p")) KeepAttributes(from.local, to.local);
  return true;
}

bool IsInside(const std::string& path, const std::string& directory) {
  std::error_code error;
  const std::string outer = fs::weakly_canonical(directory, error).string();
  const std::string inner = fs::weakly_canonical(path, error).string();
  return inner == outer || inner.starts_with(outer + (outer.ends_with('/') ? "" : "/"));
}

enum class Sources { kStay, kGo };

// Copies what a source is, with all below it.
class TreeCopy {
 public:
  // kGo: each file is removed when its copy is whole, each directory when it is empty then.
  TreeCopy(FsCall& call, Sources sources) : call_(call), sources_(sources) {}

  void Copy(const FsPath& from, const FsPath& to) {
    std::error_code error;
    if (fs::is_directory(from.local, error)) return CopyDirectory(from, to);
    if (!CopyFile(call_, from, to) || sources_ == Sources::kStay) return;
    if (unlink(from.local.c_str()) != 0) call_.ComplainErrno(from.shown, errno);
  }

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
    friend bool operator==(const Identity&, const Identity&) = default;
  };

  void CopyDirectory(const FsPath& from, const FsPath& to) {
    std::error_code error;
    if (sources_ == Sources::kGo && fs::is_symlink(from.local, error)) {
      return call_.Complain(from.shown, "is a link to a directory; name the directory itself");
    }
    if (std::ranges::find(around_, IdentityOf(from)) != around_.end()) {
      return call_.Complain(from.shown, "is a link to a directory around it or its copy");
    }
    if (!fs::is_directory(to.local, error) && !fs::create_directory(to.local, error)) {
      return call_.ComplainErrno(to.shown, error ? error.value() : EEXIST);
    }
    around_.push_back(IdentityOf(from));
    around_.push_back(IdentityOf(to));
    for (const std::string& name : call_.NamesIn(from)) Copy(from.Child(name), to.Child(name));
    around_.resize(around_.size() - 2);
    if (call_.Has("p")) KeepAttributes(from.local, to.local);
    if (sources_ == Sources::kGo && rmdir(from.local.c_str()) != 0) {
      call_.ComplainErrno(from.shown, errno);
    }
  }

  static Identity IdentityOf(const FsPath& path) {
    struct stat status {};
    if (stat(path.local.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino};
  }

  FsCall& call_;
  const Sources sources_;
  std::vector<Identity> around_;  // the directories at hand and their copies
};

// Several sources need a directory to go into.
bool HasPlace(FsCall& call, std::size_t sources, const FsPath& target) {
  std::error_code error;
  const bool is_directory = fs::is_directory(target.local, error);
  if (sources > 1 && !is_directory) {
    call.Complain(target.shown, fs::exists(target.local, error) ? "Is not a directory"
                                                                : "No such file or directory");
    return false;
  }
  return true;
}

FsPath PlaceFor(const FsPath& source, const FsPath& target) {
  std::error_code error;
  return fs::is_directory(target.local, error) ? target.Child(source.name()) : target;
}

void CopyAll(FsCall& call, const std::vector<FsPath>& sources, const FsPath& target, Sources fate) {
  if (!HasPlace(call, sources.size(), target)) return;
  for (const FsPath& source : sources) {
    const FsPath place = PlaceFor(source, target);
    std::error_code error;
    if (fs::is_directory(source.local, error) && IsInside(place.local, source.local)) {
      call.Complain(source.shown, fmt::format("can't be copied into itself, `{}'", place.shown));
      continue;
    }
    TreeCopy(call, fate).Copy(source, place);
  }
}

void CopyStdin(FsCall& call, const FsPath& target) {
  std::error_code error;
  if (fs::is_directory(target.local, error)) return call.ComplainErrno(target.shown, EISDIR);
  if (fs::exists(target.local, error) && !Overwrites(call)) {
    return call.ComplainErrno(target.shown, EEXIST);
  }
  const int failed = WriteWhole(target.local, [](int out) { return CopyBytes(STDIN_FILENO, out); });
  if (failed != 0) call.ComplainErrno(target.shown, failed);
}

// Without a target it is the working directory.
void Copy(FsCall& call) {
  const std::size_t given = call.operands().size();
  FsPath target{".", "."};
  if (given > 1 && !call.Locate(call.operands().back(), &target)) return;
  const std::size_t sources = std::max<std::size_t>(given, 2) - 1;
  if (sources == 1 && call.operands().front() == "-") return CopyStdin(call, target);
  CopyAll(call, call.ExpandAll(0, sources), target, Sources::kStay);
}

void Move(FsCall& call) {
  FsPath target;
  if (!call.Locate(call.operands().back(), &target)) return;
  const std::vector<FsPath> sources = call.ExpandAll(0, call.operands().size() - 1);
  if (!HasPlace(call, sources.size(), target)) return;
  for (const FsPath& source : sources) {
    const FsPath place = PlaceFor(source, target);
    std::error_code error;
    if (fs::exists(fs::symlink_status(place.local, error))) {
      call.ComplainErrno(place.shown, EEXIST);
    } else if (rename(source.local.c_str(), place.local.c_str()) != 0) {
      call.Complain(source.shown, errno == EXDEV
                                      ? "lies on another file system than its new place; "
                                        "use -cp and -rm"
                                      : std::system_category().message(errno));
    }
  }
}

void MoveByCopy(FsCall& call) {
  FsPath target;
  if (!call.Locate(call.operands().back(), &target)) return;
  CopyAll(call, call.ExpandAll(0, call.operands().size() - 1), target, Sources::kGo);
}

// The files of directories, by name, and files as they are.
std::vector<FsPath> FilesToMerge(FsCall& call, const std::vector<FsPath>& sources) {
  std::vector<FsPath> files;
  for (const FsPath& source : sources) {
    std::error_code error;
    if (!fs::is_directory(source.local, error)) {
      files.push_back(source);
      continue;
    }
    for (const std::string& name : call.NamesIn(source)) {
      FsPath file = source.Child(name);
      if (fs::is_regular_file(file.local, error)) files.push_back(std::move(file));
    }
  }
  return files;
}

void GetMerge(FsCall& call) {
  FsPath target;
  if (!call.Locate(call.operands().back(), &target)) return;
  const std::vector<FsPath> files =
      FilesToMerge(call, call.ExpandAll(0, call.operands().size() - 1));
  if (call.exit_code() != 0) return;
  const int failed = WriteWhole(target.local, [&](int out) {
    for (const FsPath& path : files) {
      std::error_code error;
      if (call.Has("skip-empty-file") && fs::file_size(path.local, error) == 0) continue;
      const FileDescriptor file(open(path.local.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file.valid()) {
        call.ComplainErrno(path.shown, errno);
        return ECANCELED;
      }
      if (const int error_of_copy = CopyBytes(file.get(), out)) return error_of_copy;
      if (call.Has("nl") && write(out, "\n", 1) != 1) return errno;
    }
    return 0;
  });
  if (failed != 0 && failed != ECANCELED) call.ComplainErrno(target.shown, failed);
}

void Append(FsCall& call) {
  FsPath target;
  if (!call.Locate(call.operands().back(), &target)) return;
  const FileDescriptor out(
      open(target.local.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!out.valid()) return call.ComplainErrno(target.shown, errno);
  for (std::size_t i = 0; i + 1 < call.operands().size(); ++i) {
    const std::string& source = call.operands()[i];
    int failed = 0;
    if (source == "-") {
      failed = CopyBytes(STDIN_FILENO, out.get());
    } else {
      FsPath path;
      if (!call.Locate(source, &path)) continue;
      std::error_code error;
      if (fs::equivalent(path.local, target.local, error)) {
        call.Complain(source, "is the file to append to");
        continue;
      }
      const FileDescriptor file(open(path.local.c_str(), O_RDONLY | O_CLOEXEC));
      failed = file.valid() ? CopyBytes(file.get(), out.get()) : errno;
    }
    if (failed != 0) call.ComplainErrno(source, failed);
  }
}

constexpr std::string_view kPutOptions = "f p l d";
constexpr std::string_view kPutUsage = "[-f] [-p] SOURCE … TARGET";

constexpr FsCommand kCommands[] = {
    {"put", kPutOptions, 1, kAnyNumber, kPutUsage, Copy},
    {"copyFromLocal", kPutOptions, 1, kAnyNumber, kPutUsage, Copy},
    {"get", "f p ignoreCrc crc", 1, kAnyNumber, kPutUsage, Copy},
    {"copyToLocal", "f p ignoreCrc crc", 1, kAnyNumber, kPutUsage, Copy},
    {"cp", "f p d", 2, kAnyNumber, kPutUsage, Copy},
    {"mv", "", 2, kAnyNumber, "SOURCE … TARGET", Move},
    {"moveFromLocal", "f", 2, kAnyNumber, "SOURCE … TARGET", MoveByCopy},
    {"getmerge", "nl skip-empty-file", 2, kAnyNumber, "[-nl] [-skip-empty-file] SOURCE … TARGET",
     GetMerge},
    {"appendToFile", "", 2, kAnyNumber, "SOURCE|- … TARGET", Append},
};

}  // namespace

std::span<const FsCommand> FsCopyCommands() { return kCommands; }

}  // namespace gristmill::cli

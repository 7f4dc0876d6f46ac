// -ls, -du, -count, -stat, -test, -df: what is there.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "cli/hadoop_fs_command.h"

namespace gristmill::cli {
namespace {

namespace fs = std::filesystem;

struct Entry {
  FsPath path;
  struct stat status {};
  bool is_directory() const { return S_ISDIR(status.st_mode); }
};

// Follows links, unless they lead nowhere.
bool Look(const std::string& path, struct stat* status) {
  return stat(path.c_str(), status) == 0 || lstat(path.c_str(), status) == 0;
}

std::string OwnerOf(const struct stat& status) {
  const passwd* const user = getpwuid(status.st_uid);
  return user != nullptr ? user->pw_name : std::to_string(status.st_uid);
}

std::string GroupOf(const struct stat& status) {
  const group* const group = getgrgid(status.st_gid);
  return group != nullptr ? group->gr_name : std::to_string(status.st_gid);
}

std::string PermissionsOf(const struct stat& status) {
  std::string text;
  for (int bit = 8; bit >= 0; --bit) {
    text += (status.st_mode >> bit & 1) != 0 ? "xwr"[bit % 3] : '-';
  }
  if ((status.st_mode & S_ISVTX) != 0) text.back() = text.back() == 'x' ? 't' : 'T';
  return text;
}

std::string TimeOf(time_t time, const char* format, bool utc) {
  struct tm parts {};
  utc ? gmtime_r(&time, &parts) : localtime_r(&time, &parts);
  char text[64];
  text[strftime(text, sizeof text, format, &parts)] = '\0';
  return text;
}

// "1.4 K", or the plain number.
std::string SizeOf(std::uint64_t bytes, bool for_people) {
  if (!for_people || bytes < 1024) return std::to_string(bytes);
  auto size = static_cast<double>(bytes);
  const char* unit = "KMGTPE";
  for (size /= 1024; size >= 1024 && unit[1] != '\0'; size /= 1024) ++unit;
  return fmt::format("{:.1f} {}", size, *unit);
}

// The entries of a directory, by name.
std::vector<Entry> EntriesOf(FsCall& call, const FsPath& directory) {
  std::vector<Entry> entries;
  for (const std::string& name : call.NamesIn(directory)) {
    Entry entry{directory.Child(name)};
    if (Look(entry.path.local, &entry.status)) entries.push_back(std::move(entry));
  }
  return entries;
}

// --- ls ----------------------------------------------------------------------------------------
void Order(const FsCall& call, std::vector<Entry>* entries) {
  const bool by_access = call.Has("u");
  const auto time_of = [by_access](const Entry& entry) {
    return by_access ? entry.status.st_atime : entry.status.st_mtime;
  };
  if (call.Has("t")) {
    std::ranges::stable_sort(*entries, std::greater<>(), time_of);
  } else if (call.Has("S")) {
    std::ranges::stable_sort(*entries, std::greater<>(),
                             [](const Entry& entry) { return entry.status.st_size; });
  }
  if (call.Has("r")) std::ranges::reverse(*entries);
}

void PrintEntries(const FsCall& call, const std::vector<Entry>& entries) {
  if (call.Has("C")) {
    for (const Entry& entry : entries) fmt::print("{}\n", entry.path.shown);
    return;
  }
  std::size_t owner = 0, group = 0, size = 10;
  const auto bytes_of = [&](const Entry& entry) {
    const auto bytes = static_cast<std::uint64_t>(entry.status.st_size);
    return SizeOf(entry.is_directory() ? 0 : bytes, call.Has("h"));
  };
  for (const Entry& entry : entries) {
    owner = std::max(owner, OwnerOf(entry.status).size());
    group = std::max(group, GroupOf(entry.status).size());
    size = std::max(size, bytes_of(entry).size());
  }
  for (const Entry& entry : entries) {
    const time_t time = call.Has("u") ? entry.status.st_atime : entry.status.st_mtime;
    fmt::print("{}{} {:>3} {:<{}} {:<{}} {:>{}} {} {}\n", entry.is_directory() ? 'd' : '-',
               PermissionsOf(entry.status), entry.is_directory() ? "-" : "1", OwnerOf(entry.status),
               owner, GroupOf(entry.status), group, bytes_of(entry), size,
               TimeOf(time, "%Y-%m-%d %H:%M", /*utc=*/false), entry.path.shown);
  }
}

void ListDirectory(FsCall& call, const FsPath& directory) {
  std::vector<Entry> entries = EntriesOf(call, directory);
  Order(call, &entries);
  if (!call.Has("R") && !call.Has("C") && !entries.empty()) {
    fmt::print("Found {} items\n", entries.size());
  }
  if (!call.Has("R")) return PrintEntries(call, entries);
  for (const Entry& entry : entries) {
    PrintEntries(call, {entry});
    const bool is_link = fs::is_symlink(fs::symlink_status(entry.path.local));
    if (entry.is_directory() && !is_link) ListDirectory(call, entry.path);
  }
}

void Ls(FsCall& call) {
  std::vector<std::string> operands = call.operands();
  if (operands.empty()) operands.emplace_back("");
  std::vector<Entry> files;
  std::vector<FsPath> directories;
  for (const std::string& operand : operands) {
    for (const FsPath& path :
         operand.empty() ? std::vector<FsPath>{{".", "."}} : call.Expand(operand)) {
      Entry entry{path};
      if (!Look(path.local, &entry.status)) {
        call.ComplainErrno(path.shown, errno);
      } else if (entry.is_directory() && !call.Has("d")) {
        directories.push_back(path);
      } else {
        files.push_back(std::move(entry));
      }
    }
  }
  Order(call, &files);
  PrintEntries(call, files);
  for (const FsPath& directory : directories) ListDirectory(call, directory);
}

// --- du, count ---------------------------------------------------------------------------------
struct Totals {
  std::uint64_t directories = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

Totals TotalsOf(FsCall& call, const FsPath& path) {
  struct stat status {};
  if (!Look(path.local, &status)) {
    call.ComplainErrno(path.shown, errno);
    return {};
  }
  if (!S_ISDIR(status.st_mode)) return {0, 1, static_cast<std::uint64_t>(status.st_size)};
  Totals totals{1, 0, 0};
  for (const Entry& entry : EntriesOf(call, path)) {
    const bool is_link = fs::is_symlink(fs::symlink_status(entry.path.local));
    const Totals below =
        entry.is_directory() && is_link ? Totals{0, 1, 0} : TotalsOf(call, entry.path);
    totals.directories += below.directories;
    totals.files += below.files;
    totals.bytes += below.bytes;
  }
  return totals;
}

void Du(FsCall& call) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (call.Has("v")) rows.emplace_back("SIZE", "FULL_PATH_NAME");
  const auto add = [&](const FsPath& path) {
    rows.emplace_back(SizeOf(TotalsOf(call, path).bytes, call.Has("h")), path.shown);
  };
  std::vector<FsPath> paths = call.operands().empty() ? std::vector<FsPath>{{".", "."}}
                                                      : call.ExpandAll(0, call.operands().size());
  for (const FsPath& path : paths) {
    if (call.Has("s") || !fs::is_directory(path.local)) {
      add(path);
    } else {
      for (const Entry& entry : EntriesOf(call, path)) add(entry.path);
    }
  }
  std::size_t width = 0;
  for (const auto& [size, path] : rows) width = std::max(width, size.size());
  const std::string all_copies = "DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS";
  const std::size_t second = call.Has("v") ? all_copies.size() : width;
  for (const auto& [size, path] : rows) {
    fmt::print("{:<{}}  {:<{}}  {}\n", size, width, size == "SIZE" ? all_copies : size, second,
               path);
  }
}

void Count(FsCall& call) {
  if (call.Has("v")) {
    fmt::print("{}{:>12} {:>12} {:>18} PATHNAME\n",
               call.Has("q") ? fmt::format("{:>12} {:>15} {:>15} {:>15} ", "QUOTA", "REM_QUOTA",
                                           "SPACE_QUOTA", "REM_SPACE_QUOTA")
                             : "",
               "DIR_COUNT", "FILE_COUNT", "CONTENT_SIZE");
  }
  for (const FsPath& path : call.ExpandAll(0, call.operands().size())) {
    const Totals totals = TotalsOf(call, path);
    const bool for_people = call.Has("h");
    if (call.Has("q")) fmt::print("{:>12} {:>15} {:>15} {:>15} ", "none", "inf", "none", "inf");
    fmt::print("{:>12} {:>12} {:>18} {}\n", SizeOf(totals.directories, for_people),
               SizeOf(totals.files, for_people), SizeOf(totals.bytes, for_people), path.shown);
  }
}

// --- stat, test, df ----------------------------------------------------------------------------
std::string Formatted(const std::string& format, const Entry& entry) {
  const struct stat& status = entry.status;
  constexpr const char* kTime = "%Y-%m-%d %H:%M:%S";
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      text += format[i];
      continue;
    }
    switch (format[++i]) {
      case 'a':
        text += fmt::format("{:o}", status.st_mode & 07777);
        break;
      case 'A':
        text += PermissionsOf(status);
        break;
      case 'b':
        text += std::to_string(entry.is_directory() ? 0 : status.st_size);
        break;
      case 'F':
        text += entry.is_directory() ? "directory" : "regular file";
        break;
      case 'g':
        text += GroupOf(status);
        break;
      case 'n':
        text += entry.path.name();
        break;
      case 'o':
        text += std::to_string(entry.is_directory() ? 0 : status.st_blksize);
        break;
      case 'r':
        text += entry.is_directory() ? "0" : "1";
        break;
      case 'u':
        text += OwnerOf(status);
        break;
      case 'x':
        text += TimeOf(status.st_atime, kTime, /*utc=*/true);
        break;
      case 'X':
        text += std::to_string(status.st_atime * 1'000);
        break;
      case 'y':
        text += TimeOf(status.st_mtime, kTime, /*utc=*/true);
        break;
      case 'Y':
        text += std::to_string(status.st_mtime * 1'000);
        break;
      default:
        text += format[i];
        break;
    }
  }
  return text;
}

void Stat(FsCall& call) {
  const bool has_format = call.operands().front().find('%') != std::string::npos;
  const std::string format = has_format ? call.operands().front() : "%y";
  if (has_format && call.operands().size() == 1) return call.Complain("no path is given");
  for (const FsPath& path : call.ExpandAll(has_format ? 1 : 0, call.operands().size())) {
    Entry entry{path};
    if (!Look(path.local, &entry.status)) {
      call.ComplainErrno(path.shown, errno);
      continue;
    }
    fmt::print("{}\n", Formatted(format, entry));
  }
}

// Exits with 1, and says nothing, if it is not so.
void Test(FsCall& call) {
  FsPath path;
  if (!call.Locate(call.operands().front(), &path)) return;
  struct stat status {};
  bool holds = stat(path.local.c_str(), &status) == 0;
  if (call.Has("d")) holds = holds && S_ISDIR(status.st_mode);
  if (call.Has("f")) holds = holds && S_ISREG(status.st_mode);
  if (call.Has("s")) holds = holds && status.st_size > 0;
  if (call.Has("z")) holds = holds && status.st_size == 0;
  if (call.Has("r")) holds = holds && access(path.local.c_str(), R_OK) == 0;
  if (call.Has("w")) holds = holds && access(path.local.c_str(), W_OK) == 0;
  if (!holds) call.Fail();
}

void Df(FsCall& call) {
  fmt::print("{:<24} {:>16} {:>16} {:>16}  Use%\n", "Filesystem", "Size", "Used", "Available");
  const std::vector<FsPath> paths = call.operands().empty()
                                        ? std::vector<FsPath>{{"/", "/"}}
                                        : call.ExpandAll(0, call.operands().size());
  for (const FsPath& path : paths) {
    struct statvfs system {};
    if (statvfs(path.local.c_str(), &system) != 0) {
      call.ComplainErrno(path.shown, errno);
      continue;
    }
    const std::uint64_t size = system.f_blocks * system.f_frsize;
    const std::uint64_t available = system.f_bavail * system.f_frsize;
    const std::uint64_t used = size - system.f_bfree * system.f_frsize;
    const bool for_people = call.Has("h");
    fmt::print("{:<24} {:>16} {:>16} {:>16}  {:>3}%\n", path.shown, SizeOf(size, for_people),
               SizeOf(used, for_people), SizeOf(available, for_people),
               size == 0 ? 0 : used * 100 / size);
  }
}

constexpr FsCommand kCommands[] = {
    {"ls", "C d h q R t S r u", 0, kAnyNumber, "[-C] [-d] [-h] [-R] [-t] [-S] [-r] [-u] [PATH …]",
     Ls},
    {"du", "s h v x", 0, kAnyNumber, "[-s] [-h] [-v] PATH …", Du},
    {"count", "q h v", 1, kAnyNumber, "[-q] [-h] [-v] PATH …", Count},
    {"stat", "", 1, kAnyNumber, "[FORMAT] PATH …", Stat},
    {"test", "d e f s r w z", 1, 1, "-[defsrwz] PATH", Test},
    {"df", "h", 0, kAnyNumber, "[-h] [PATH …]", Df},
};

}  // namespace

std::span<const FsCommand> FsListCommands() { return kCommands; }

}  // namespace gristmill::cli

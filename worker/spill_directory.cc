#include "worker/spill_directory.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/process.h"
#include "base/status.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::worker {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "worker-";
constexpr char kLockName[] = "/lock";
constexpr std::size_t kRemovalsMax = 100'000;

absl::Status Refusal(const std::string& directory, const std::error_code& error) {
  return ErrnoStatus(error.value(),
                     fmt::format("can't use the worker directory '{}' (choose one that can be "
                                 "written with --dir)",
                                 directory));
}

// Only on one host does a lock tell whether its holder lives: a shared file system may or may not
// carry it.
bool WasMadeOnThisHost(int lock) {
  char name[256] = {};
  return pread(lock, name, sizeof name - 1, 0) >= 0 && HostName() == name;
}

void RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) spdlog::warn("can't remove '{}': {}", path, error.message());
}

// Nobody holds its lock, so nobody uses it.
void SweepIfDead(const std::string& directory) {
  const FileDescriptor lock(open((directory + kLockName).c_str(), O_RDWR | O_CLOEXEC));
  if (!lock.valid() || flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (!WasMadeOnThisHost(lock.get())) return;
  spdlog::info("removing '{}', left by a worker that died", directory);
  RemoveTree(directory);
}

void SweepDead(const std::string& parent) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, error)) {
    if (entry.path().filename().string().rfind(kPrefix, 0) == 0) SweepIfDead(entry.path().string());
  }
}

absl::StatusOr<FileDescriptor> MakeLocked(const std::string& directory) {
  std::error_code error;
  fs::create_directory(directory, error);
  if (!error) fs::permissions(directory, fs::perms::owner_all, error);
  if (error) return Refusal(directory, error);
  FileDescriptor lock(open((directory + kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const std::string host = HostName();
  if (!lock.valid() || flock(lock.get(), LOCK_EX | LOCK_NB) != 0 ||
      pwrite(lock.get(), host.data(), host.size(), 0) != static_cast<ssize_t>(host.size())) {
    return Refusal(directory, std::error_code(errno, std::generic_category()));
  }
  return lock;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SpillDirectory>> SpillDirectory::Create(
    const std::string& parent, const std::string& instance) {
  if (parent.empty()) {
    return InvalidArgument("a worker needs a directory for its map output; pass --dir DIR");
  }
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) return Refusal(parent, error);
  const fs::path absolute = fs::canonical(parent, error);
  if (error) return Refusal(parent, error);
  SweepDead(absolute.string());
  // It gets its final name with its lock already held: no sweep of another worker comes between.
  const std::string unlocked = (absolute / (".new-" + instance)).string();
  const std::string path = (absolute / (kPrefix + instance)).string();
  auto lock = MakeLocked(unlocked);
  if (lock.ok()) {
    fs::rename(unlocked, path, error);
    if (error) lock = Refusal(path, error);
  }
  if (!lock.ok()) {
    fs::remove_all(unlocked, error);
    return lock.status();
  }
  return std::unique_ptr<SpillDirectory>(new SpillDirectory(path, *std::move(lock)));
}

SpillDirectory::SpillDirectory(std::string path, FileDescriptor lock)
    : path_(std::move(path)), lock_(std::move(lock)), remover_(1, kRemovalsMax) {}

SpillDirectory::~SpillDirectory() { RemoveTree(path_); }

void SpillDirectory::DeleteAttempts(JobId job, const std::vector<AttemptId>& attempts) {
  std::error_code error;
  const std::string directory = JobSpillDirectory(path_, job.value());
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    for (const AttemptId attempt : attempts) {
      const std::string mark = fmt::format("-attempt-{}", attempt.value());
      const std::size_t at = name.find(mark);
      if (at == std::string::npos) continue;
      const std::size_t end = at + mark.size();
      if (end == name.size() || !std::isdigit(static_cast<unsigned char>(name[end]))) {
        Discard(entry.path().string());
      }
    }
  }
}

void SpillDirectory::DeleteJob(JobId job) { Discard(JobSpillDirectory(path_, job.value())); }

void SpillDirectory::DeleteAllJobs() {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    if (entry.path().filename().string().rfind("job-", 0) == 0) Discard(entry.path().string());
  }
}

void SpillDirectory::Discard(const std::string& entry) {
  const std::string discarded = fmt::format("{}/discarded-{}", path_, ++discarded_);
  std::error_code error;
  fs::rename(entry, discarded, error);
  if (error == std::errc::no_such_file_or_directory) return;
  const std::string doomed = error ? entry : discarded;
  if (!remover_.Submit([doomed] { RemoveTree(doomed); })) RemoveTree(doomed);
}

}  // namespace gristmill::worker

#include "worker/job_files.h"

#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "storage/shipped_files.h"

namespace gristmill::worker {
namespace {

constexpr std::uint32_t kThreads = 4;
constexpr std::size_t kJobsMax = 100'000;  // as a worker may have

}  // namespace

JobFiles::JobFiles(BlobStore* store, std::uint64_t bytes_max, Fetch fetch, Prepared prepared)
    : store_(store),
      bytes_max_(bytes_max),
      fetch_(std::move(fetch)),
      prepared_(std::move(prepared)),
      pool_(kThreads, kJobsMax) {}

void JobFiles::Prepare(JobId job, const v1::JobRequest& request, const std::string& directory) {
  const bool taken = pool_.Submit(
      [this, job, request, directory] { prepared_(job, MakeDirectory(request, directory)); });
  if (!taken) {
    prepared_(job, ResourceExhausted("the worker fetches files of too many jobs; try again"));
  }
}

absl::Status JobFiles::MakeDirectory(const v1::JobRequest& request, const std::string& directory) {
  GM_RETURN_IF_ERROR(CheckShippedFiles(request));
  std::uint64_t bytes = 0;
  for (const v1::ShippedFile& file : request.files()) bytes += file.bytes();
  TakeRoom(bytes);
  std::uint64_t owner = 0;
  {
    absl::MutexLock lock(&mutex_);
    owner = ++next_owner_;
  }
  store_->Keep(owner, BlobsOf(request));  // until the directory has them
  absl::Status status;
  for (int i = 0; i < request.files_size() && status.ok(); ++i)
    status = FetchOnce(request.files(i));
  if (status.ok()) status = MakeFilesDirectory(request, store_, directory);
  store_->Release(owner);
  absl::MutexLock lock(&mutex_);
  preparing_bytes_ -= bytes;
  return status;
}

// For all files of a job at once: jobs that each had a part of theirs would wait for each other.
void JobFiles::TakeRoom(std::uint64_t bytes) {
  const auto has_room = [this, bytes]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return preparing_bytes_ == 0 || preparing_bytes_ + bytes <= bytes_max_;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&has_room));
  preparing_bytes_ += bytes;
}

absl::Status JobFiles::FetchOnce(const v1::ShippedFile& file) {
  const std::string& sha256 = file.sha256();
  {
    const auto others = [this, &sha256]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return !fetching_.contains(sha256);
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&others));
    if (store_->Has(sha256)) return absl::OkStatus();
    fetching_.insert(sha256);
  }
  const absl::Status status = fetch_(file, store_);
  absl::MutexLock lock(&mutex_);
  fetching_.erase(sha256);
  return status;
}

}  // namespace gristmill::worker

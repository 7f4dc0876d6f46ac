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

JobFiles::JobFiles(BlobStore* store, Fetch fetch, Prepared prepared)
    : store_(store),
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
  return status;
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

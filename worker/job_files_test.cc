#include "worker/job_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>

#include "base/status.h"
#include "storage/shipped_files.h"
#include "storage/test_directory.h"

namespace gristmill::worker {
namespace {

using testing::HasSubstr;

class JobFilesTest : public testing::Test {
 protected:
  JobFiles::Prepared Remember() {
    return [this](JobId job, absl::Status status) {
      absl::MutexLock lock(&mutex_);
      prepared_[job] = std::move(status);
    };
  }
  absl::Status Await(JobId job) {
    const auto there = [&] { return prepared_.contains(job); };
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30)));
    return prepared_[job];
  }
  v1::JobRequest Request(const std::string& contents) {
    local_ = DescribeLocalFile(directory_.Write("local", contents), "words.txt").value();
    v1::JobRequest request;
    *request.add_files() = local_.file;
    return request;
  }
  std::string Contents(const std::string& name) {
    std::ifstream file(directory_.path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TestDirectory directory_;
  LocalFile local_;
  std::unique_ptr<BlobStore> store_ = BlobStore::Open(directory_.path("blobs"), {}).value();
  absl::Mutex mutex_;
  std::map<JobId, absl::Status> prepared_;
};

TEST_F(JobFilesTest, OneFetchServesJobsThatBringTheSameFile) {
  const v1::JobRequest request = Request("the\na\n");
  std::atomic<int> fetches = 0;
  JobFiles files(
      store_.get(), 1 << 20,
      [&](const v1::ShippedFile&, BlobStore* store) {
        ++fetches;
        return AddToStore(local_, store);
      },
      Remember());
  for (std::uint64_t job = 1; job <= 8; ++job) {
    files.Prepare(JobId(job), request, directory_.path("job-" + std::to_string(job)));
  }
  for (std::uint64_t job = 1; job <= 8; ++job) {
    EXPECT_TRUE(Await(JobId(job)).ok());
    EXPECT_EQ(Contents("job-" + std::to_string(job) + "/words.txt"), "the\na\n");
  }
  EXPECT_EQ(fetches, 1);
}

TEST_F(JobFilesTest, WhatCantBeFetchedIsSaidAndTriedAgainWithTheNextJob) {
  const v1::JobRequest request = Request("the\na\n");
  std::atomic<bool> there = false;
  JobFiles files(
      store_.get(), 1 << 20,
      [&](const v1::ShippedFile&, BlobStore* store) {
        return there ? AddToStore(local_, store) : Unavailable("nobody answers");
      },
      Remember());
  files.Prepare(JobId(1), request, directory_.path("job-1"));
  EXPECT_THAT(Message(Await(JobId(1))), HasSubstr("nobody answers"));
  there = true;
  files.Prepare(JobId(2), request, directory_.path("job-2"));
  EXPECT_TRUE(Await(JobId(2)).ok());
}

TEST_F(JobFilesTest, JobsWhoseFilesHaveNoRoomBesideOthersWaitForThese) {
  store_ = BlobStore::Open(directory_.path("small"), {.bytes_max = 10}).value();
  std::vector<LocalFile> locals;
  std::vector<v1::JobRequest> requests;
  for (const char* text : {"wheat1", "wheat2", "wheat3"}) {
    requests.push_back(Request(text));
    locals.push_back(
        DescribeLocalFile(directory_.Write(std::string("local-") + text, text), "").value());
  }
  std::atomic<int> fetching = 0;
  JobFiles files(
      store_.get(), 10,
      [&](const v1::ShippedFile& file, BlobStore* store) {
        EXPECT_EQ(++fetching, 1);
        const auto is_it = [&](const LocalFile& local) {
          return local.file.sha256() == file.sha256();
        };
        absl::Status status = AddToStore(*std::find_if(locals.begin(), locals.end(), is_it), store);
        --fetching;
        return status;
      },
      Remember());
  for (std::uint64_t job = 1; job <= 3; ++job) {
    files.Prepare(JobId(job), requests[job - 1], directory_.path("job-" + std::to_string(job)));
  }
  for (std::uint64_t job = 1; job <= 3; ++job) EXPECT_TRUE(Await(JobId(job)).ok());
  EXPECT_EQ(Contents("job-3/words.txt"), "wheat3");
}

TEST_F(JobFilesTest, NamesFromOutsideAreChecked) {
  v1::JobRequest request = Request("the\na\n");
  request.mutable_files(0)->set_name("../escaped");
  JobFiles files(
      store_.get(), 1 << 20,
      [&](const v1::ShippedFile&, BlobStore* store) { return AddToStore(local_, store); },
      Remember());
  files.Prepare(JobId(1), request, directory_.path("job-1"));
  EXPECT_TRUE(absl::IsInvalidArgument(Await(JobId(1))));
}

}  // namespace
}  // namespace gristmill::worker

// The life of a job's output directory: nothing visible until the job is done.
//
//   OUTPUT/_temporary/<token>/part-00000-of-00004.attempt-17    what attempts write
//   OUTPUT/_temporary/<token>/part-….attempt-17.files/cat.jpg   and files beside it: side_files.h
//   OUTPUT/_temporary/_LOCK                                     held by who is to commit them
//   OUTPUT/part-00000-of-00004                                  after the commit
//   OUTPUT/cat.jpg, OUTPUT/_files                               likewise, if there are such files
//   OUTPUT/_bad                                                 likewise, if records were set aside
//   OUTPUT/_failed_tasks                                        likewise, if tasks were left out
//   OUTPUT/_SUCCESS                                             last
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "storage/output_lock.h"
#include "storage/set_aside.h"

namespace gristmill {

// "part-00003-of-00016"; at least five digits each.
std::string PartitionFileName(std::uint32_t partition, std::uint32_t partitions);
bool IsPartitionFileName(std::string_view name);
// The path an attempt writes: STAGING/part-…-of-….attempt-<id>.
std::string AttemptFilePath(const std::string& staging, std::uint32_t partition,
                            std::uint32_t partitions, AttemptId attempt);

// A job's output on its way, held by the one process that will commit or abandon it. Not
// thread-safe. Destroyed before either, what is staged stays and may be taken up by Reopen.
class StagedOutput {
 public:
  // Checks that `output` can take a job's output (absent or an empty directory, or `overwrite` and
  // a directory that holds nothing but an earlier job's files, and in no case one to which another
  // job is writing), makes it and a fresh staging directory below it, and proves that it can be
  // written. AlreadyExists, PermissionDenied, ResourceExhausted … with one sentence.
  // `owner` is how others are told who writes there: "job 7 of the coordinator on host:pid".
  // The staging directory's name is made of `request_id` (at random if that is empty): what an
  // interrupted first try of the same request left is no obstacle.
  static absl::StatusOr<StagedOutput> Prepare(const std::string& output, bool overwrite,
                                              std::string_view owner,
                                              const std::string& request_id = "");
  // Takes up what an owner that is gone prepared, and perhaps committed. AlreadyExists if another
  // job writes there by now.
  static absl::StatusOr<StagedOutput> Reopen(const std::string& output, const std::string& staging,
                                             std::string_view owner);

  // Whether Prepare would succeed, as far as that can be told without making anything.
  static absl::Status Check(const std::string& output, bool overwrite);

  // Where attempts write.
  const std::string& staging() const { return staging_; }
  void SetOwner(std::string_view owner);

  // To be called before Commit if there are any: writes them (set_aside.h) where Commit finds them.
  // Does nothing after its end.
  absl::Status SetAside(const std::vector<SetAsideRecord>& records, const v1::JobPlan& plan);

  // Likewise, if tasks were left out: the text says which. Empty: none was.
  absl::Status NameFailedTasks(const std::string& text);

  // Renames the winners, their files and what was set aside into place, removes an earlier job's
  // files that are not overwritten by name, writes _SUCCESS, removes the staging directory.
  // Idempotent: after a failure or a crash in the middle a second call completes it. `winners[p]`
  // is the attempt that wrote partition p, none if that is left out. DataLoss if something is
  // missing, or two winners wrote a file of one name: then nothing is renamed, and trying again is
  // of no use.
  absl::Status Commit(const std::vector<AttemptId>& winners);
  // Removes the staging directory, and the output directory itself if that leaves it empty.
  // Repeated after its end it does nothing.
  void Abandon();

 private:
  StagedOutput(std::string output, std::string staging, std::optional<OutputLock> lock)
      : output_(std::move(output)), staging_(std::move(staging)), lock_(std::move(lock)) {}
  void RemoveStaging();

  std::string output_;
  std::string staging_;
  std::optional<OutputLock> lock_;  // none if nothing is staged any more
};

}  // namespace gristmill

#include "storage/commit_retries.h"

#include <gtest/gtest.h>

#include "base/status.h"

namespace gristmill {
namespace {

const absl::Status kPassing = Unavailable("the file server is away");

TEST(CommitRetries, WaitsDoubleUpToTheLastUntilTheTimeIsUp) {
  CommitRetries retries({.first_wait_ms = 10, .last_wait_ms = 30, .all_ms = 95});
  EXPECT_EQ(retries.WaitAfter(kPassing), 10);
  EXPECT_EQ(retries.WaitAfter(kPassing), 20);
  EXPECT_EQ(retries.WaitAfter(kPassing), 30);
  EXPECT_EQ(retries.WaitAfter(kPassing), 30);
  EXPECT_EQ(retries.WaitAfter(kPassing), std::nullopt);
}

TEST(CommitRetries, LostFilesDoNotComeBack) {
  CommitRetries retries({});
  EXPECT_EQ(retries.WaitAfter(DataLoss("gone")), std::nullopt);
}

}  // namespace
}  // namespace gristmill

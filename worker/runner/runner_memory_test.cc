#include "worker/runner/runner_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <vector>

namespace gristmill::worker {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1 << 20;

// The allocators of the sanitizers abort instead of throwing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOwnAllocator = false;
#else
constexpr bool kOwnAllocator = true;
#endif

TEST(RunnerMemoryTest, TheJobsMemoryDecidesUnlessTheWorkerDoes) {
  const RunnerMemory of_job = RunnerMemory::From(nullptr, 64 * kMiB);
  EXPECT_EQ(of_job.bytes, 640 * kMiB);
  EXPECT_EQ(of_job.ShareOfFramework(64 * kMiB), 64 * kMiB);
  EXPECT_THAT(
      DescribeOutOfMemory(of_job),
      HasSubstr("the 640 MiB that a runner of this job may use (twice --memory and 512 MiB)"));

  const RunnerMemory of_worker = RunnerMemory::From("268435456", 1'024 * kMiB);
  EXPECT_EQ(of_worker.bytes, 256 * kMiB);
  EXPECT_EQ(of_worker.ShareOfFramework(1'024 * kMiB), 128 * kMiB) << "buffers make way";
  EXPECT_EQ(of_worker.ShareOfFramework(64 * kMiB), 64 * kMiB);
  EXPECT_THAT(DescribeOutOfMemory(of_worker),
              HasSubstr("raise 'gristmill worker --runner-memory'"));

  const RunnerMemory none = RunnerMemory::From("none", 64 * kMiB);
  EXPECT_EQ(none.bytes, 0u);
  EXPECT_EQ(none.ShareOfFramework(64 * kMiB), 64 * kMiB);
}

bool CanAllocate(std::uint64_t bytes) {
  try {
    std::vector<char> memory(bytes);
    return memory.data() != nullptr;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// In a process of its own.
[[noreturn]] void TryToAllocate() {
  const bool limited = LimitMemory(256 * kMiB).ok();
  const bool less = CanAllocate(200 * kMiB);
  const bool told_too_early = RanOutOfMemory();
  const bool more = CanAllocate(300 * kMiB);
  const bool told = RanOutOfMemory();
  const bool from_the_reserve = CanAllocate(300 * kMiB);
  std::_Exit(limited && less && !told_too_early && !more && told && from_the_reserve ? 0 : 1);
}

TEST(RunnerMemoryTest, AnAllocationBeyondTheLimitThrowsAndOpensTheReserve) {
  if (!kOwnAllocator) GTEST_SKIP() << "the sanitizer's allocator aborts";
  EXPECT_EXIT(TryToAllocate(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace gristmill::worker

#include "worker/runner/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"

namespace gristmill::worker {
namespace {

TEST(ThreadPoolTest, AsManyWorksRunAtOnceAsThereAreThreads) {
  absl::Notification go;
  std::atomic<int> running{0};
  absl::Notification all_running;
  ThreadPool pool(3, 8);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.Submit([&] {
      if (++running == 3) all_running.Notify();
      go.WaitForNotification();
    }));
  }
  EXPECT_TRUE(all_running.WaitForNotificationWithTimeout(absl::Seconds(20)));
  go.Notify();
}

TEST(ThreadPoolTest, AFullQueueRefusesWorkAndKeepsWhatItTook) {
  absl::Notification started, go;
  std::atomic<int> done{0};
  {
    ThreadPool pool(1, 2);
    ASSERT_TRUE(pool.Submit([&] {
      started.Notify();
      go.WaitForNotification();
    }));
    started.WaitForNotification();
    EXPECT_TRUE(pool.Submit([&] { ++done; }));
    EXPECT_TRUE(pool.Submit([&] { ++done; }));
    EXPECT_FALSE(pool.Submit([&] { ++done; }));
    go.Notify();
  }
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace gristmill::worker

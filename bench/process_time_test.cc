#include "bench/process_time.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/child_process.h"

namespace gristmill::bench {
namespace {

TEST(ProcessTime, HoldsWhatTheProcessItselfUsed) {
  const double before = *CpuSecondsOf(getpid());
  volatile double sum = 0;
  while (*CpuSecondsOf(getpid()) < before + 0.05) sum = sum + 1;
  EXPECT_GE(*CpuSecondsOfTree(getpid()), 0.04);
}

TEST(ProcessTime, CountsChildrenThatEnded) {
  const double before = *CpuSecondsOfTree(getpid());
  cluster::ChildSet children;
  const std::vector<std::string> busy = {"/bin/sh", "-c",
                                         "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"};
  ASSERT_TRUE(cluster::RunToEnd(busy, 60'000, &children).ok());
  EXPECT_GE(*CpuSecondsOfTree(getpid()), before + 0.02);
}

TEST(ProcessTime, OfAProcessThatIsNotThereIsAnError) {
  constexpr pid_t kNobody = 1 << 23;  // more than the kernel gives
  EXPECT_FALSE(CpuSecondsOf(kNobody).ok());
  EXPECT_FALSE(CpuSecondsOfTree(kNobody).ok());
}

}  // namespace
}  // namespace gristmill::bench

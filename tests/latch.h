// How tasks of the testbed wait until a test lets them go. For the jobs of the testbed only.
#pragma once

#include <string>

namespace gristmill {

// Blocks until the test opens the latch at `path`, a FIFO (class Latch of cluster.py). An open one
// holds nobody, not even tasks that come later. Throws std::runtime_error after 5 minutes.
void WaitForLatch(const std::string& path);

}  // namespace gristmill

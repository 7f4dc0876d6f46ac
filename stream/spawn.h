// Starts a program that does not outlive the thread which started it.
#pragma once

#include <sys/types.h>

namespace gristmill::stream {

struct SpawnPlan {
  const char* file = nullptr;          // no search
  char* const* arguments = nullptr;    // null at the end
  char* const* environment = nullptr;  // null at the end; all there is
  const char* directory = nullptr;     // where it runs; null: where this process does
  int input = 0, output = 1,
      errors = 2;  // its stdin, stdout and stderr; it has no other descriptors
};

// Returns zero and its number, or an errno. It leads a process group of its own, has the usual
// signals, none blocked, and gets SIGKILL when the calling thread ends, however that comes about:
// also if this process is killed. What it starts itself does not get that.
int Spawn(const SpawnPlan& plan, pid_t* pid);

}  // namespace gristmill::stream

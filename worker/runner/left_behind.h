// What user code left running when its runner died.
//
// A fork that stays in the runner's process group is killed with it. One that left the group, as
// daemons do by setsid(2), becomes a child of the worker, its nearest subreaper, and is known by a
// mark in the environment with which the runner was started and which fork and exec hand on.
// Nothing else is killed: an orphan without the mark may have come from elsewhere, as in a
// container whose first process is the worker.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace gristmill::worker {

// Orphans of this process's descendants become its children from now on.
void AdoptOrphans();

// Kills and reaps the children of this process that carry `mark` ("NAME=value") in their
// environment, and what descends from them. Blocks until they are gone, at most about two seconds.
// Returns how many there were.
int KillLeftBehind(const std::string& mark);

// Reaps children that ended by themselves, but for those that `is_kept` names: they are left to
// their owner. Stops at the first of these.
void ReapOrphans(const std::function<bool(pid_t)>& is_kept);

}  // namespace gristmill::worker

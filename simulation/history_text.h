// What happens in a run, as one line for people.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/record.h"
#include "worker/core/input.h"
#include "worker/core/output.h"

namespace gristmill::simulation {

// "assigned attempt 7 of job 1 stage 0 task 3 to worker 2".
std::string Describe(const coordinator::Record& record);
// "assigned 7 -> start-runner 1, forward 1".
std::string Describe(const worker::Input& input, const std::vector<worker::Output>& outputs);

}  // namespace gristmill::simulation

// Records, actions and views as one line of text each, for the golden scenarios.
#pragma once

#include <string>

#include "coordinator/core/action.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/record.h"

namespace gristmill::coordinator {

std::string Text(const Record& record);
std::string Text(const Action& action);
std::string Text(const JobView& job);
std::string Text(const WorkerView& worker);

}  // namespace gristmill::coordinator

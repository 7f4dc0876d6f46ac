// Runs one task of the job "stream".
#pragma once

#include <memory>

#include "gristmill/registry.h"
#include "gristmill/task.h"

namespace gristmill::stream {

std::unique_ptr<TaskRunner> MakeStreamTask(const ParamMap& params, const TaskInfo& info);

}  // namespace gristmill::stream

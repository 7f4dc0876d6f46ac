// What a job's compiled code and the framework share in memory, by size: a second guard beside the
// API version, for changes of which nobody thought that they are one.
#pragma once

#include <array>
#include <cstdint>

#include "gristmill/record_mark.h"
#include "gristmill/registry.h"
#include "gristmill/task.h"
#include "gristmill/task_cache.h"

namespace gristmill {

// An array of this is exported by every shared object with jobs.
inline constexpr char kJobLayoutData[] = "gristmill_job_layout";

using JobLayout = std::array<std::uint32_t, 15>;

inline constexpr JobLayout kJobLayout = {
    15,  // of these
    sizeof(JobInfo),
    sizeof(JobDeclaration),
    sizeof(InputDeclaration),
    sizeof(StageDeclaration),
    sizeof(ParamInfo),
    sizeof(JobMap),
    sizeof(TaskInfo),
    sizeof(InputSpec),
    sizeof(InputBlock),
    sizeof(EncodedPair),
    sizeof(CounterValue),
    sizeof(RecordMark),
    sizeof(TaskRunner),
    sizeof(TaskCache),
};

}  // namespace gristmill

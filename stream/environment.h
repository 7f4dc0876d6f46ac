// What a program that runs in a task is told by its environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/task.h"

namespace gristmill::stream {

enum class Stage { kMap, kReduce };

// "NAME=value": Gristmill's names, and those by which scripts for Hadoop Streaming know the same.
// `reduces` is the number of reduce tasks of the job, which has none if it only maps.
std::vector<std::string> TaskVariables(const TaskInfo& info, Stage stage, std::uint32_t reduces);

// What CUDA_VISIBLE_DEVICES is to be for a task with these GPUs, where it is `visible`, maybe
// empty, for the worker: an index is one into what the worker sees.
std::string VisibleGpus(const std::vector<std::uint32_t>& gpus, std::string_view visible);

// `base` ("NAME=value" each, or null at its end) without what is meant for a runner alone and what
// `variables` say otherwise, then these; of two with one name the last counts. Before the folders
// of PATH comes `directory`, if any.
std::vector<std::string> MakeEnvironment(const char* const* base,
                                         const std::vector<std::string>& variables,
                                         const std::string& directory);

}  // namespace gristmill::stream

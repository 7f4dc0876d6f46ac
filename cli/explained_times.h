// What took the time of a job's tasks: of one, and of all together.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/explanation.h"

namespace gristmill::cli {

// One of the things that tasks spend their time on.
struct TimePart {
  std::string_view counter;                    // of JobFacts.times
  std::uint64_t (v1::TimeSpent::*ms)() const;  // null: attempts don't tell it
  std::string_view what;
  std::string_view remedy;            // where it took most of a job's time
  std::string_view task_remedy = {};  // of a slow task's; empty where its code is to blame
};

// The greatest part of an attempt's time, and how much of all that is; null if too little is known.
std::pair<const TimePart*, double> MainPart(const v1::TimeSpent& spent);

void ExplainTimes(const v1::JobFacts& facts, std::vector<Finding>* findings);

}  // namespace gristmill::cli

// Records of a job's input at which its code dies: they are set aside, as many as the job allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "base/ids.h"
#include "coordinator/core/event.h"

namespace gristmill::coordinator {

// How often the job counts them, beside what its code counts.
inline constexpr std::string_view kSkippedCounter = "records.skipped";

// Why a record is skipped, and at which task of the job it was found out.
struct Skip {
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  std::string reason;
};
using SkippedRecord = std::pair<InputRecord, Skip>;
using SkippedRecords = absl::btree_map<InputRecord, Skip>;

// A task, and the offset of the record at which its code died last.
using BadRecord = std::pair<std::uint32_t, std::uint64_t>;

}  // namespace gristmill::coordinator

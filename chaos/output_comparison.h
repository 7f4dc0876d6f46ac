// Whether two output directories hold the same bytes.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace gristmill::chaos {

// DataLoss with a sentence that names the first file that differs, is missing or should not be
// there, hidden ones included. NotFound if one of the directories can't be read.
absl::Status CompareOutputs(const std::string& expected, const std::string& actual);

}  // namespace gristmill::chaos

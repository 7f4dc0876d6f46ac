// Labels: words that a worker is given and a job's tasks may ask for, such as "ssd".
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace gristmill {

constexpr std::size_t kLabelsMax = 64;
// More than this is a mistake, not a machine. Kept by workers, jobs and the coordinator.
constexpr unsigned kGpusMax = 1'024;

// InvalidArgument with one sentence unless they are ascending, each once, not too many, and each is
// made of at most 63 letters, digits, '.', '_', '-'.
absl::Status CheckLabels(const std::vector<std::string>& labels);

// Ascending, each once.
std::vector<std::string> SortedLabels(std::vector<std::string> labels);

}  // namespace gristmill

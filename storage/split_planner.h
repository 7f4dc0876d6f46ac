// From input files to splits: pure, so that a plan's splits can be derived again anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/v1/job.pb.h"

namespace gristmill {

// Number of splits of the plan's input: the task count of its map stage.
std::uint32_t CountSplits(const v1::JobPlan& plan);

// The splits of one plan, found by index without storing them all: O(log files) each.
// Fixed-length records are never cut; sizes differ by at most one record or byte within a file.
// Thread-compatible (const use from any thread).
class SplitTable {
 public:
  explicit SplitTable(const v1::JobPlan& plan);
  std::uint32_t size() const;
  v1::Split Get(std::uint32_t index) const;

 private:
  v1::JobPlan plan_;                        // input part only
  std::vector<std::uint32_t> first_split_;  // by file, and the total at the end
};

// For sample stages: how many of the splits are sampled (at most 32, evenly spaced), and which.
std::uint32_t CountSampledSplits(std::uint32_t splits);
std::uint32_t SampledSplit(std::uint32_t sample_task, std::uint32_t splits);

// "path:offset+length", "[begin, end)".
std::string DescribeSplit(const v1::Split& split);

}  // namespace gristmill

// From input files to splits: pure, so that a plan's splits can be derived again anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/v1/job.pb.h"

namespace gristmill {

// Number of splits of one of the plan's inputs: the task count of a map stage that reads it.
std::uint32_t CountSplits(const v1::JobPlan& plan, std::uint32_t input = 0);

// The splits of one plan, found by index without storing them all: O(log files) each.
// Fixed-length records are never cut; sizes differ by at most one record or byte within a file.
// Thread-compatible (const use from any thread).
class SplitTable {
 public:
  explicit SplitTable(const v1::JobPlan& plan);
  // Of the plan's input of that index.
  std::uint32_t size(std::uint32_t input = 0) const;
  v1::Split Get(std::uint32_t index, std::uint32_t input = 0) const;

 private:
  v1::JobPlan plan_;  // input part only
  // By input, and by file: the total is at the end.
  std::vector<std::vector<std::uint32_t>> first_splits_;
};

// Of all files, each as often as an input names it.
std::uint64_t InputBytes(const v1::JobPlan& plan);
std::uint64_t InputBytes(const v1::InputPlan& input);

// For sample stages: how many of the splits are sampled (at most 32, evenly spaced), and which.
std::uint32_t CountSampledSplits(std::uint32_t splits);
std::uint32_t SampledSplit(std::uint32_t sample_task, std::uint32_t splits);

// "path:offset+length", "[begin, end)".
std::string DescribeSplit(const v1::Split& split);

}  // namespace gristmill

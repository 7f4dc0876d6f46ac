// Sorted runs that a combiner shortens before they are written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gristmill/context.h"
#include "gristmill/run_writer.h"
#include "gristmill/sort_buffer.h"
#include "gristmill/task.h"
#include "stream/line_cutter.h"
#include "stream/pair_codec.h"
#include "stream/program.h"
#include "stream/stream_params.h"

namespace gristmill::stream {

// One program per run. Its pairs are sorted again, so it may write them in any order and with other
// keys; that makes one run or, where they do not fit into the memory, several.
class CombinedRuns final : public RunSink {
 public:
  // All must outlive it.
  CombinedRuns(const StreamParams& params, const TaskInfo& info, TaskContext& context,
               std::size_t memory_bytes, RunSink& runs);

  void BeginRun() override;
  void Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) override;
  void EndRun() override;

  std::uint64_t pairs_written() const { return writer_.pairs(); }

 private:
  void AddLine(std::string_view line);

  const StreamParams& params_;
  const TaskInfo& info_;
  TaskContext& context_;
  internal::RunWriter writer_;
  internal::SortBuffer buffer_;
  PairEncoder encoder_;
  LineMaker line_maker_;
  LineCutter lines_;
  std::string text_;  // on its way to the combiner
  std::unique_ptr<Program> combiner_;
};

}  // namespace gristmill::stream

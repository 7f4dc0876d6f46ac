#include "stream/combined_runs.h"

namespace gristmill::stream {

CombinedRuns::CombinedRuns(const StreamParams& params, const TaskInfo& info, TaskContext& context,
                           std::size_t memory_bytes, RunSink& runs)
    : params_(params),
      info_(info),
      context_(context),
      writer_(runs, info.mark),
      buffer_(memory_bytes, info.partitions, &writer_),
      encoder_(params, info.partitions),
      line_maker_(LineMaker::ForCombiner(params)) {}

void CombinedRuns::BeginRun() {
  combiner_ = std::make_unique<Program>(
      "combiner", params_.combiner, params_, info_, context_, Stage::kMap,
      [this](std::string_view bytes) {
        lines_.Add(bytes, [this](std::string_view line) { AddLine(line); });
      });
}

void CombinedRuns::Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) {
  text_.clear();
  const char* p = block.data();
  const char* const end = p + block.size();
  for (EncodedPair pair; p != end;) {
    p = GetPair(p, end, &pair);
    line_maker_.Append(pair, &text_);
  }
  combiner_->Write(text_);
}

void CombinedRuns::EndRun() {
  combiner_->Finish();
  combiner_.reset();
  lines_.End([this](std::string_view line) { AddLine(line); });
  buffer_.Spill();
}

void CombinedRuns::AddLine(std::string_view line) {
  encoder_.Encode(line, [this](std::uint32_t partition, std::string_view key,
                               std::string_view value) { buffer_.Add(partition, key, value); });
}

}  // namespace gristmill::stream

#include "worker/pipeline/segment_reader.h"

#include "worker/pipeline/task_error.h"

namespace gristmill::worker {

SegmentReader::SegmentReader(const SegmentRef& segment)
    : origin_(segment.origin),
      path_(segment.path),
      blocks_(segment.path, segment.attempt, segment.entry) {}

void SegmentReader::LoadBlock() {
  const auto header = blocks_.Next(&block_);
  if (!header.ok()) Throw(header.status());
  next_ = block_.data();
  end_ = next_ + block_.size();
}

void SegmentReader::ThrowDamaged() const {
  Throw(DataLoss("the run file '{}' holds a block that is no list of pairs", path_));
}

void SegmentReader::Throw(const absl::Status& status) const {
  if (origin_.has_value() && IsLostOutput(status)) {
    throw LostOutputError({*origin_}, Message(status));
  }
  throw EnvironmentError(Message(status));
}

}  // namespace gristmill::worker

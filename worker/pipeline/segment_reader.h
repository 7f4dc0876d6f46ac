// One sorted run of one partition, pair by pair.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "gristmill/pair_codec.h"
#include "gristmill/task.h"
#include "worker/pipeline/run_reader.h"

namespace gristmill::worker {

// Where a segment's bytes are.
struct SegmentRef {
  std::string path;  // of a run file whose index was checked
  AttemptId attempt;
  IndexEntry entry;
  std::optional<TaskRef> origin;  // the map task to run again if it can't be read; none for scratch
};

// Not thread-safe. Throws LostOutputError if a map task's file is damaged or gone; TaskError if a
// scratch file is, and for any other error of reading.
class SegmentReader {
 public:
  explicit SegmentReader(const SegmentRef& segment);
  SegmentReader(const SegmentReader&) = delete;

  // Moves to the next pair of the loaded block; false at its end. What `pair` pointed to before
  // stays valid.
  bool NextInBlock(EncodedPair* pair) {
    if (next_ == end_) return false;
    next_ = GetPair(next_, end_, pair);
    if (next_ == nullptr) ThrowDamaged();
    return true;
  }
  bool has_more_blocks() const { return blocks_.has_next(); }
  // Loads the next block; all pairs of the one before become invalid.
  void LoadBlock();

 private:
  [[noreturn]] void ThrowDamaged() const;
  [[noreturn]] void Throw(const absl::Status& status) const;

  const std::optional<TaskRef> origin_;
  const std::string path_;
  BlockReader blocks_;
  std::string block_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace gristmill::worker

// Where a combine table keeps its long keys.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "gristmill/scratch_memory.h"

namespace gristmill::internal {

class KeyArena {
 public:
  explicit KeyArena(std::size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {}

  // All chunks together.
  std::size_t bytes() const { return bytes_; }

  // How many bytes Add of such a key would add to bytes().
  std::size_t GrowthFor(std::size_t key_bytes) const {
    for (std::size_t c = current_; c < chunks_.size(); ++c) {
      if (chunks_[c].bytes() - (c == current_ ? used_ : 0) >= key_bytes) return 0;
    }
    return std::max(chunk_bytes_, key_bytes);
  }

  // The copy stays until Clear.
  const char* Add(std::string_view key) {
    while (current_ < chunks_.size() && chunks_[current_].bytes() - used_ < key.size()) {
      ++current_;
      used_ = 0;
    }
    if (current_ == chunks_.size()) {
      chunks_.emplace_back(std::max(chunk_bytes_, key.size()));
      bytes_ += chunks_.back().bytes();
    }
    char* copy = chunks_[current_].data() + used_;
    std::memcpy(copy, key.data(), key.size());
    used_ += key.size();
    return copy;
  }

  // Keeps the chunks.
  void Clear() { current_ = used_ = 0; }

 private:
  const std::size_t chunk_bytes_;
  std::vector<ScratchBuffer> chunks_;
  std::size_t current_ = 0;  // the chunk being filled
  std::size_t used_ = 0;     // of it
  std::size_t bytes_ = 0;
};

}  // namespace gristmill::internal

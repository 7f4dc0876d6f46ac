// Large buffers that a thread uses again from task to task, because the first touch of fresh memory
// costs more than most of what is then done with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace gristmill::internal {

// Raw bytes, aligned to a cache line, with undefined contents. Large ones lie in huge pages where
// the system has them: places in a table are random, and each would miss the TLB.
class RawBuffer {
 public:
  RawBuffer() = default;
  explicit RawBuffer(std::size_t bytes);
  RawBuffer(RawBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  RawBuffer& operator=(RawBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~RawBuffer();

  char* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  char* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// The buffers that one thread keeps for its next task.
class ScratchCache {
 public:
  static ScratchCache& OfThisThread() {
    thread_local ScratchCache cache;
    return cache;
  }

  // The smallest kept buffer of `bytes` to twice as much, else a fresh one.
  RawBuffer Take(std::size_t bytes) {
    auto best = kept_.end();
    for (auto it = kept_.begin(); it != kept_.end(); ++it) {
      const bool fits = it->bytes() >= bytes && it->bytes() / 2 <= bytes;
      if (fits && (best == kept_.end() || it->bytes() < best->bytes())) best = it;
    }
    if (best == kept_.end()) return RawBuffer(bytes);
    RawBuffer buffer = std::move(*best);
    kept_.erase(best);
    return buffer;
  }

  void Keep(RawBuffer buffer) { kept_.push_back(std::move(buffer)); }

  // Gives memory back until at most `bytes_max` are kept.
  void Trim(std::size_t bytes_max) {
    std::size_t bytes = 0;
    for (const RawBuffer& buffer : kept_) bytes += buffer.bytes();
    while (bytes > bytes_max) {
      bytes -= kept_.back().bytes();
      kept_.pop_back();
    }
  }

 private:
  std::vector<RawBuffer> kept_;
};

// A buffer from the thread's cache, which it goes back to.
class ScratchBuffer {
 public:
  ScratchBuffer() = default;
  explicit ScratchBuffer(std::size_t bytes) : raw_(ScratchCache::OfThisThread().Take(bytes)) {}
  ScratchBuffer(ScratchBuffer&&) noexcept = default;
  ScratchBuffer& operator=(ScratchBuffer&&) noexcept = default;
  ~ScratchBuffer() {
    if (raw_.data() != nullptr) ScratchCache::OfThisThread().Keep(std::move(raw_));
  }

  char* data() const { return raw_.data(); }
  std::size_t bytes() const { return raw_.bytes(); }

 private:
  RawBuffer raw_;
};

}  // namespace gristmill::internal

// A growing array of bytes that is neither zeroed nor given back between the tasks of a thread.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace gristmill::worker {

// Not thread-safe. Small buffers are kept for the next owner on the same thread.
class ReadBuffer {
 public:
  ReadBuffer() = default;
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;
  ~ReadBuffer();

  // Makes room for at least `bytes`, keeping what is there. Throws std::bad_alloc.
  void Reserve(std::size_t bytes);
  char* data() { return data_.get(); }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  struct Spare;
  static Spare& ThreadSpare();

  std::unique_ptr<char, Free> data_;
  std::size_t capacity_ = 0;
};

}  // namespace gristmill::worker

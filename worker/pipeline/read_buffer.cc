#include "worker/pipeline/read_buffer.h"

#include <new>
#include <utility>

namespace gristmill::worker {
namespace {
constexpr std::size_t kSpareBytesMax = 4 << 20;
}  // namespace

// The buffer that the last task of this thread left.
struct ReadBuffer::Spare {
  std::unique_ptr<char, Free> data;
  std::size_t capacity = 0;
};

ReadBuffer::Spare& ReadBuffer::ThreadSpare() {
  thread_local Spare spare;
  return spare;
}

ReadBuffer::~ReadBuffer() {
  Spare& spare = ThreadSpare();
  if (capacity_ > spare.capacity && capacity_ <= kSpareBytesMax) {
    spare.data = std::move(data_);
    spare.capacity = capacity_;
  }
}

void ReadBuffer::Reserve(std::size_t bytes) {
  if (capacity_ == 0) {
    Spare& spare = ThreadSpare();
    data_ = std::move(spare.data);
    capacity_ = std::exchange(spare.capacity, 0);
  }
  if (bytes <= capacity_) return;
  void* const grown = std::realloc(data_.get(), bytes);
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(data_.release());  // realloc freed or moved it
  data_.reset(static_cast<char*>(grown));
  capacity_ = bytes;
}

}  // namespace gristmill::worker

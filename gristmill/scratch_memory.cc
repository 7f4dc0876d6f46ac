#include "gristmill/scratch_memory.h"

#include <sys/mman.h>

#include <new>

namespace gristmill::internal {
namespace {

constexpr std::size_t kCacheLineBytes = 64;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Below that, what alignment wastes is too much of the whole.
std::align_val_t AlignmentOf(std::size_t bytes) {
  return std::align_val_t{bytes < 2 * kHugePageBytes ? kCacheLineBytes : kHugePageBytes};
}

}  // namespace

RawBuffer::RawBuffer(std::size_t bytes)
    : data_(static_cast<char*>(::operator new(bytes, AlignmentOf(bytes)))), bytes_(bytes) {
#ifdef MADV_HUGEPAGE
  // It is advice only: where there are no huge pages, all works as well.
  const std::size_t whole_pages_bytes = bytes / kHugePageBytes * kHugePageBytes;
  if (whole_pages_bytes >= 2 * kHugePageBytes) ::madvise(data_, whole_pages_bytes, MADV_HUGEPAGE);
#endif
}

RawBuffer::~RawBuffer() {
  if (data_ != nullptr) ::operator delete(data_, AlignmentOf(bytes_));
}

}  // namespace gristmill::internal

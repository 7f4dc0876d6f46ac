// Reads encoded keys and values without trusting them: never past the end, TaskError instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/task.h"

namespace gristmill::internal {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : p_(bytes.data()), end_(p_ + bytes.size()) {}

  std::uint64_t bytes_left() const { return static_cast<std::uint64_t>(end_ - p_); }

  std::uint8_t TakeByte() {
    if (p_ == end_) Fail();
    return static_cast<std::uint8_t>(*p_++);
  }

  const char* Take(std::uint64_t bytes) {
    if (bytes > bytes_left()) Fail();
    const char* start = p_;
    p_ += bytes;
    return start;
  }

  std::uint64_t TakeVarint() {
    std::uint64_t result = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = TakeByte();
      if (shift == 63 && byte > 1) break;
      result |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    Fail();
  }

  void ExpectEnd() const {
    if (p_ != end_) Fail();
  }

  // The bytes are no encoding of the expected type.
  [[noreturn]] static void Fail() {
    throw TaskError("corrupt data: encoded bytes do not fit their type; run the job again");
  }

 private:
  const char* p_;
  const char* end_;
};

}  // namespace gristmill::internal

// What the handler of a fatal signal leaves for the worker, in memory that outlives the runner.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gristmill::worker {

// Fixed in size and without pointers. The reader must expect anything in it: user code that
// crashes may have written over it.
struct CrashNote {
  static constexpr std::size_t kFramesMax = 64;
  static constexpr std::size_t kModulesMax = 128;
  static constexpr std::size_t kPathBytesMax = 512;

  // A part of the address space that code was loaded to, told before anything went wrong.
  struct Module {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t bias;        // address - bias: as in the file's symbol table
    char path[kPathBytesMax];  // ends with a zero; empty for the program itself
  };

  std::uint32_t module_count;
  Module modules[kModulesMax];

  std::atomic<std::uint32_t> signal;  // zero: no handler ran; set last but for the frames
  std::uint32_t has_address;
  std::uint64_t address;  // that the code must not touch
  std::uint32_t stack_overflow;
  std::uint32_t out_of_memory;  // the runner had come to its limit
  std::uint64_t attempt;        // of the thread that got the signal; zero if it was at none
  std::atomic<std::uint32_t> frame_count;
  std::uint64_t frames[kFramesMax];  // the innermost first: where it was, then return addresses
};

}  // namespace gristmill::worker

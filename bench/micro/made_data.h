// Data for micro-benchmarks: the same at each run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace gristmill::bench {

// xorshift64* (Vigna, 2016).
class MadeNumbers {
 public:
  explicit MadeNumbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }

 private:
  std::uint64_t state_;
};

// Lines of ten words of 2 to 9 letters, now and then with a capital, drawn from
// `vocabulary` different ones, the first of them more often.
std::string MakeText(std::size_t bytes, std::uint64_t vocabulary);

// 100-byte records with keys of 10 printable bytes.
std::string MakeRecords(std::size_t count);

// A directory below the system's temporary one, gone at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  std::string path(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace gristmill::bench
